import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reachable } from '../../address.ts';
import { freePort } from '../../ports.ts';
import { memberRole, namespaceOf } from '../identity/permissions.ts';
import type { BlobStore } from '../store/blobs.ts';
import { type Database, put } from '../store/database.ts';
import type { SpaceRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';
import { oauthScopes, readCard } from './card.ts';
import { buildSpace, entryFile } from './checkout.ts';
import type { Launch } from './dockerfile.ts';
import { SPACE_HARDWARE } from './hardware.ts';
import { type Ports, SpaceRuntime } from './runtime.ts';
import { SpaceVolumes } from './volumes.ts';

interface Deps {
  db: Database;
  cas: Cas;
  blobs: BlobStore;
  dir: string;
  now(): number;
  /** Address Spaces listen on. */
  host: string;
  /** URL of the hub, once it listens. */
  endpoint(): string;
  /** Strangers' programs run only where something keeps them from this machine: a Space that runs some is told so. */
  guarded: boolean;
}

/** The runtimes of all Spaces of the hub. */
export class SpaceRuntimes {
  private readonly deps: Deps;
  private readonly runtimes = new Map<string, SpaceRuntime>();
  private stopped = false;

  constructor(deps: Deps) {
    this.deps = deps;
  }

  of(space: SpaceRow): SpaceRuntime {
    const known = this.runtimes.get(space.id);
    if (known) return known;
    const runtime = new SpaceRuntime(this.runtimeDeps(space.id));
    this.runtimes.set(space.id, runtime);
    if (space.paused) runtime.stage = 'PAUSED';
    return runtime;
  }

  /** Files, variables or secrets changed. */
  touch(space: SpaceRow, calmMs?: number): void {
    if (!this.stopped) this.of(space).touch(calmMs);
  }

  startAll(): void {
    for (const space of this.deps.db.values('spaces')) this.touch(space, 0);
  }

  async stopAll(): Promise<void> {
    this.stopped = true;
    await Promise.all([...this.runtimes.values()].map((runtime) => runtime.stop('PAUSED')));
  }

  async forget(space: SpaceRow): Promise<void> {
    await this.runtimes.get(space.id)?.stop('PAUSED');
    this.runtimes.delete(space.id);
    await rm(join(this.deps.dir, space.id), { recursive: true, force: true });
  }

  private runtimeDeps(id: string) {
    const { db, cas, blobs, dir, now, host } = this.deps;
    return {
      now,
      host: reachable(host),
      bind: (space: SpaceRow) => this.bind(space),
      volumes: new SpaceVolumes({ db, cas, now }, join(dir, id, 'volumes')),
      row: () => db.values('spaces').find((space) => space.id === id),
      build: (space: SpaceRow) => buildSpace(blobs, space, join(dir, space.id, 'app')),
      refusal: (space: SpaceRow) => this.refusal(space),
      port: (space: SpaceRow) => this.port(space),
      environment: (space: SpaceRow, launch: Launch, ports: Ports) => this.environment(space, launch, ports),
    };
  }

  /** A private Space of one person's own namespace is nobody else's: it stays on this machine. */
  private bind(space: SpaceRow): string {
    const shared = this.deps.db.get('orgs', namespaceOf(space.repo).toLowerCase());
    return space.private && !shared ? reachable(this.deps.host) : this.deps.host;
  }

  /** A Space is a program on this machine: only people who could change everything in its namespace get one. */
  private refusal(space: SpaceRow): string | null {
    if (entryFile(space.sdk) === null)
      return `The embedded hub runs docker and static Spaces, not sdk: ${space.sdk}.`;
    if (space.sdk === 'static') return null;
    const [namespace] = space.repo.toLowerCase().split('/') as [string];
    const role = memberRole(this.deps.db.get('orgs', namespace), space.author);
    if (namespace === space.author.toLowerCase() || role === 'admin' || role === 'write') return null;
    return 'The embedded hub runs Spaces of admins and writers of their namespace only.';
  }

  private async port(space: SpaceRow): Promise<number> {
    const port = await this.pickPort(space.port, space.id);
    const key = space.repo.toLowerCase();
    const current = this.deps.db.get('spaces', key);
    if (current && current.port !== port) await this.deps.db.write(put('spaces', key, { ...current, port }));
    return port;
  }

  /** A free port that no other Space of this hub has. */
  async pickPort(wanted: number | null, own?: string): Promise<number> {
    const taken = new Set(
      this.deps.db.values('spaces').flatMap((space) => (space.id === own ? [] : [space.port])),
    );
    for (;;) {
      const port = await freePort(this.deps.host, wanted);
      if (!taken.has(port)) return port;
      wanted = null;
    }
  }

  private async environment(space: SpaceRow, launch: Launch, ports: Ports): Promise<Record<string, string>> {
    const home = join(this.deps.dir, space.id, 'home');
    await mkdir(home, { recursive: true });
    const card = await this.card(space);
    const values = (rows: SpaceRow['variables']) =>
      Object.fromEntries(Object.values(rows).map((row) => [row.key, row.value]));
    return {
      ...launch.env,
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: home,
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      HF_ENDPOINT: this.deps.endpoint(),
      HOST: ports.app === ports.address ? this.bind(space) : reachable(this.deps.host),
      ...(this.deps.guarded ? { SUBMISSIONS_NEED_LAYER: 'true' } : {}),
      ...values(space.variables),
      ...values(space.secrets),
      ...this.oauth(space, card),
      ...this.identity(space, card, ports.address),
      PORT: String(ports.app),
    };
  }

  /** What the Hub tells every Space about itself. */
  private identity(space: SpaceRow, card: Record<string, unknown>, port: number): Record<string, string> {
    const [author, name] = space.repo.split('/') as [string, string];
    const hardware = SPACE_HARDWARE.find((entry) => entry.name === space.hardware);
    return {
      SPACE_ID: space.repo,
      SPACE_HOST: `127.0.0.1:${port}`,
      SPACE_AUTHOR_NAME: author,
      SPACE_REPO_NAME: name,
      SPACE_TITLE: typeof card.title === 'string' ? card.title : name,
      SPACE_CREATOR_USER_ID: this.deps.db.get('users', space.author.toLowerCase())?.id ?? '',
      ACCELERATOR: hardware?.accelerator?.model ?? 'none',
      CPU_CORES: hardware?.cpu.replace(' vCPU', '') ?? '2',
      MEMORY: hardware?.ram.replace(' GB', 'Gi') ?? '16Gi',
    };
  }

  private async card(space: SpaceRow): Promise<Record<string, unknown>> {
    const readme = space.files['README.md'];
    return readme ? readCard((await this.deps.blobs.get(readme.oid)).toString('utf8')) : {};
  }

  private oauth(space: SpaceRow, card: Record<string, unknown>): Record<string, string> {
    const scopes = oauthScopes(card);
    if (!scopes) return {};
    return {
      OAUTH_CLIENT_ID: space.oauth.clientId,
      OAUTH_CLIENT_SECRET: space.oauth.clientSecret,
      OAUTH_SCOPES: scopes.join(' '),
      OPENID_PROVIDER_URL: this.deps.endpoint(),
    };
  }
}

/** Where this machine reaches what listens on `host`. */

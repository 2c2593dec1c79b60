/** The embedded hub and the built server as processes that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(process.env.ROOT ?? '.');
export const CENTRAL = 'arena/quest-main-bucket';
const PRIVATE = 'organizer/quest-private';
export const ORGANIZER = 'hf_organizer';

const start = (args: string[], env: Record<string, string> = {}): ChildProcess =>
  spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });

/** First line of stdout that `pick` takes. */
function line<T>(child: ChildProcess, pick: (row: Record<string, unknown>) => T | undefined): Promise<T> {
  return new Promise((done, fail) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const rows = text.split('\n');
      text = rows.pop() ?? '';
      for (const row of rows) {
        const found = row.startsWith('{') ? pick(JSON.parse(row)) : undefined;
        if (found !== undefined) done(found);
      }
    });
    child.once('exit', (code, signal) => fail(new Error(`ended with ${code ?? signal}`)));
  });
}

const ended = (child: ChildProcess, signal: NodeJS.Signals) =>
  new Promise<void>((done) => {
    child.once('exit', () => done());
    child.kill(signal);
  });

/** A hub with an organization of `users`, its two buckets made. */
export async function startHub(dir: string, users: string[]) {
  const members = users.map((user) => ({ user, role: 'contributor' }));
  const seed = {
    users: [{ name: 'organizer', token: ORGANIZER }, ...users.map((name) => ({ name, token: `hf_${name}` }))],
    orgs: [{ name: 'arena', plan: 'team', members: [{ user: 'organizer', role: 'admin' }, ...members] }],
  };
  await writeFile(join(dir, 'hub.yaml'), JSON.stringify(seed));
  const args = ['hub', '--dir', join(dir, 'hub'), '--port', '0', '--seed', join(dir, 'hub.yaml')];
  const child = start([join(ROOT, 'dist/cli.mjs'), ...args]);
  const url = await line(child, (row) => row.url as string | undefined);
  child.stdout?.resume();
  for (const [id, isPrivate] of [
    [CENTRAL, false],
    [PRIVATE, true],
  ] as const)
    await fetch(`${url}/api/buckets/${id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ORGANIZER}`, 'content-type': 'application/json' },
      body: JSON.stringify({ private: isPrivate }),
    });
  return { url, stop: () => ended(child, 'SIGTERM') };
}

/** The built server, started again and again over the same hub. */
export class Server {
  url = '';
  /** Largest resident set of any life, in MiB. */
  peakMiB = 0;
  /** Start to `listening`, ms, of each life. */
  readonly starts: number[] = [];
  private child: ChildProcess | null = null;
  private readonly hubUrl: string;

  constructor(hubUrl: string) {
    this.hubUrl = hubUrl;
  }

  async boot(): Promise<void> {
    const from = performance.now();
    this.child = start([join(ROOT, 'dist/space/server.mjs')], {
      HF_ENDPOINT: this.hubUrl,
      HF_TOKEN: ORGANIZER,
      PORT: '0',
      HOST: '127.0.0.1',
      ORG: 'arena',
      COLLAB_SLUG: 'quest',
      AUDIT_BUCKET: PRIVATE,
      RAW_MESSAGE_PER_MINUTE: '100000',
      RAW_MESSAGE_PER_HOUR: '1000000',
      BUCKET_WRITE_PER_MINUTE: '100000',
      BUCKET_WRITE_BURST: '100000',
      REGISTRATION_PER_MINUTE: '1000',
    });
    const port = await line(this.child, (row) =>
      row.event === 'listening' ? (row.port as number) : undefined,
    );
    this.child.stdout?.resume();
    this.url = `http://127.0.0.1:${port}`;
    this.starts.push(Math.round(performance.now() - from));
  }

  async look(): Promise<void> {
    const status = await readFile(`/proc/${this.child?.pid}/status`, 'utf8').catch(() => '');
    const kiB = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
    this.peakMiB = Math.max(this.peakMiB, Math.round(Number(kiB ?? 0) / 1024));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.look();
    if (this.child) await ended(this.child, signal);
  }
}

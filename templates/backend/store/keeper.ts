/** Keeps the index true: first picture from snapshot and listings, foreign edits from then on, snapshots for the next start. */
import { authorOf, boardTwin, inboxPath, VERDICTS, VERIFICATION_INDEX } from '@collab/contract/paths.ts';
import { isoStamp } from '@collab/contract/stamps.ts';
import type { Deps } from '../deps.ts';
import { refNames } from '../domain/mentions.ts';
import type { Profile } from '../profile.ts';
import type { Bodies } from './bodies.ts';
import { bare, INDEXED } from './entry.ts';
import type { IndexData } from './index-data.ts';
import { refreshScope, type Scope } from './listing.ts';
import { loadSnapshot, saveSnapshot } from './snapshot.ts';

const DAY_MS = 86_400_000;
/** Folders with more files than this are tailed between full listings. */
const TAIL_OVER = 900;
const FULL_EVERY_MS = DAY_MS;
/** A snapshot is worth its write beyond this many files, and after so many commits. */
const SNAPSHOT_OVER = 2_000;
const SNAPSHOT_EVERY = 500;
/** Beyond this many days one full listing is cheaper than daily prefixes. */
const MAX_TAIL_DAYS = 20;
const PATHS_PER_CALL = 1_000;

export interface KeeperDeps extends Pick<Deps, 'settings' | 'hub' | 'now' | 'log'> {
  index: IndexData;
  bodies: Bodies;
  mentions: Profile['mentions'];
  loneCopies: boolean;
  /** Number of the last commit that is done. */
  seq(): number;
  /** After each listing, with the changed paths. */
  onListed(changed: string[]): void;
}

export class Keeper {
  stale = false;
  listedAt: number | null = null;
  private fullAt = Number.NEGATIVE_INFINITY;
  private snapshotSeq = 0;
  private fromSnapshot = false;
  /** Messages younger than the snapshot whose inbox copies have not been looked for. */
  private untailed: string[] = [];
  private flight: Promise<string[]> | null = null;
  private readonly d: KeeperDeps;

  constructor(deps: KeeperDeps) {
    this.d = deps;
  }

  /** The first complete picture, or an error. */
  async begin(): Promise<void> {
    const { hub, settings, index } = this.d;
    const snapshot =
      index.size === 0
        ? await loadSnapshot(hub, settings.AUDIT_BUCKET, settings.CENTRAL_BUCKET, index)
        : null;
    if (snapshot) {
      this.fullAt = snapshot.fullAt;
      this.listedAt = snapshot.takenAt;
      this.d.log('info', 'snapshot_loaded', { files: snapshot.files, taken_at: isoStamp(snapshot.takenAt) });
    }
    this.fromSnapshot ||= snapshot !== null;
    const changed = await this.refresh();
    if (!this.fromSnapshot) return;
    this.untailed.push(...changed.filter((path) => path.startsWith('message_board/')));
    await this.tailInboxes();
  }

  /** One file that somebody else may have put there since the last listing. */
  async lookFor(path: string): Promise<void> {
    const about = { ...this.d, bucket: this.d.settings.CENTRAL_BUCKET };
    this.d.onListed(await refreshScope(about, { prefix: path, complete: false }));
  }

  /** One look at foreign edits; callers at the same time share it. */
  refresh(): Promise<string[]> {
    this.flight ??= this.look().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  /** A look that begins now: what a caller did before is seen. */
  async again(): Promise<void> {
    await this.flight?.catch(() => {});
    await this.refresh();
  }

  private async look(): Promise<string[]> {
    const started = this.d.now();
    const full = started - this.fullAt >= FULL_EVERY_MS;
    try {
      const changed = await this.list(this.scopes(full, started));
      this.stale = false;
      this.listedAt = started;
      if (full) this.fullAt = started;
      this.d.onListed(changed);
      return changed;
    } catch (error) {
      this.stale = true;
      this.d.log('warn', 'listing_failed', { error });
      throw error;
    }
  }

  /** The board first: copies of its files then need no download. */
  private async list(scopes: Scope[]): Promise<string[]> {
    const r = { ...this.d, bucket: this.d.settings.CENTRAL_BUCKET };
    const board = scopes.filter((s) => s.prefix.startsWith('message_board/'));
    const rest = scopes.filter((s) => !s.prefix.startsWith('message_board/'));
    const changed: string[][] = [];
    for (const part of [board, rest])
      changed.push(...(await Promise.all(part.map((s) => refreshScope(r, s)))));
    return changed.flat();
  }

  private scopes(full: boolean, now: number): Scope[] {
    return INDEXED.flatMap((folder): Scope[] => {
      const small = this.d.index.below(`${folder}/`).length <= TAIL_OVER;
      const tail = full || small ? null : tailOf(folder, (this.listedAt ?? 0) - DAY_MS, now);
      return tail ?? [{ prefix: `${folder}/`, complete: true }];
    });
  }

  /** Inbox copies of messages younger than the snapshot: asked for by name, not listed. */
  private async tailInboxes(): Promise<void> {
    const { index, bodies, hub, settings, mentions } = this.d;
    const copies = async (path: string) => {
      const entry = index.get(path);
      if (!entry) return [];
      const to = [
        ...mentions((await bodies.get(entry)).body),
        ...refNames(entry.frontmatter.refs).map(authorOf),
      ];
      return [...new Set(to)].map((handle) => inboxPath(handle, entry.name));
    };
    const wanted = (await Promise.all(this.untailed.map(copies))).flat();
    for (let i = 0; i < wanted.length; i += PATHS_PER_CALL) {
      for (const file of await hub.pathsInfo(settings.CENTRAL_BUCKET, wanted.slice(i, i + PATHS_PER_CALL))) {
        const twin = index.get(boardTwin(file.path));
        if (!twin || index.get(file.path)) continue;
        const { frontmatter, malformed } = twin;
        index.put({ ...bare(file.path, file), frontmatter, malformed });
      }
    }
    this.untailed = [];
  }

  /** Writes a snapshot when there is enough new in it. Never throws. */
  async snapshot(force = false): Promise<void> {
    const { index, hub, settings, now } = this.d;
    const news = this.d.seq() - this.snapshotSeq;
    if (
      this.listedAt === null ||
      index.size < SNAPSHOT_OVER ||
      news === 0 ||
      (news < SNAPSHOT_EVERY && !force)
    )
      return;
    const seq = this.d.seq();
    const about = { central: settings.CENTRAL_BUCKET, takenAt: now(), fullAt: this.fullAt };
    try {
      await saveSnapshot(hub, settings.AUDIT_BUCKET, index, about);
      this.snapshotSeq = seq;
    } catch (error) {
      this.d.log('warn', 'snapshot_failed', { error });
    }
  }
}

/** Daily prefixes from `from` to now, where files carry stamps; `null`: list everything. */
function tailOf(folder: string, from: number, now: number): Scope[] | null {
  // Written by this server alone: the daily full listing is enough.
  if (folder === 'inbox' || folder === 'traces') return [];
  if (!['message_board', 'results', 'broadcasts'].includes(folder)) return null;
  const days: Scope[] = [];
  for (let at = from; ; at += DAY_MS) {
    const day = isoStamp(Math.min(at, now)).slice(0, 10).replaceAll('-', '');
    if (days.at(-1)?.prefix !== `${folder}/${day}`) days.push({ prefix: `${folder}/${day}`, complete: true });
    if (days.length > MAX_TAIL_DAYS) return null;
    if (at >= now) break;
  }
  if (folder === 'results')
    days.push({ prefix: VERIFICATION_INDEX, complete: true }, { prefix: VERDICTS, complete: true });
  return days;
}

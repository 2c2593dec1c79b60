/** Takes foreign edits in: a complete listing replaces the picture, anything less leaves it as it was. */
import { boardTwin } from '@collab/contract/paths.ts';
import type { BucketFile, HubPort } from '@collab/hub/port.ts';
import type { Bodies } from './bodies.ts';
import { limiter } from './bodies.ts';
import { bare, entryOf, type Held } from './entry.ts';
import { isBeyondBound } from './hub-failure.ts';
import type { IndexData } from './index-data.ts';

/** How long a write that no listing has shown yet is believed without one, in ms. */
const UNLISTED_MS = 300_000;

export interface Scope {
  /** `message_board/` or `message_board/20260601`. */
  prefix: string;
  /** Files below the prefix that the listing does not show are gone. */
  complete: boolean;
}

interface Loaded {
  entry: Held;
  body: string | null;
}

export interface Refresher {
  index: IndexData;
  bodies: Bodies;
  hub: HubPort;
  bucket: string;
  now(): number;
  /** Number of the last commit that is done. */
  seq(): number;
  loneCopies: boolean;
}

/**
 * One listing of `scope`, merged. Throws when the Hub fails at any point: the index is then as it was.
 * @returns changed paths.
 */
export async function refreshScope(r: Refresher, scope: Scope): Promise<string[]> {
  const since = r.seq();
  const files = await r.hub.listFiles(r.bucket, scope.prefix);
  if (files === null) throw new Error(`the bucket ${r.bucket} does not exist`);
  const adopt: [Held, BucketFile][] = [];
  const load: BucketFile[] = [];
  for (const file of files) {
    const held = r.index.get(file.path) as Held | null;
    const verdict = compare(held, file, since, r.now());
    if (verdict === 'adopt') adopt.push([held as Held, file]);
    if (verdict === 'load') load.push(file);
  }
  const loaded = await loadAll(
    r,
    load.filter((file) => r.loneCopies || !isOrphan(r.index, file.path)),
  );
  return merge(r, { scope, since, files, adopt, loaded });
}

function compare(held: Held | null, file: BucketFile, since: number, now: number): 'keep' | 'adopt' | 'load' {
  if (held === null) return 'load';
  if (held.seq > since || held.xetHash === file.xetHash) return 'keep';
  if (held.xetHash !== undefined) return 'load';
  if (file.xetHash === held.replaced && now - held.writtenAt < UNLISTED_MS) return 'keep';
  const immutable = /^\d{8}-\d{6}-\d{3}_/.test(held.name);
  return immutable && held.size === file.size ? 'adopt' : 'load';
}

/** An inbox copy without its board file is what a refused or interrupted write left: nobody was told of it. */
function isOrphan(index: IndexData, path: string): boolean {
  return path.startsWith('inbox/') && index.get(boardTwin(path)) === null;
}

async function loadAll(r: Refresher, files: BucketFile[]): Promise<Loaded[]> {
  const slot = limiter(16);
  return Promise.all(files.map((file) => slot(() => load(r, file))));
}

async function load(r: Refresher, file: BucketFile): Promise<Loaded> {
  const { path, size, xetHash } = file;
  if (!path.endsWith('.md')) return { entry: bare(path, { size, xetHash }), body: null };
  const maxBytes = r.bodies.largest;
  const tooLarge = { entry: { ...bare(path, { size, xetHash }), malformed: true }, body: null };
  if (size > maxBytes) return tooLarge;
  const twin = twinOf(r.index, file);
  if (twin) return { entry: { ...bare(path, { size, xetHash }), frontmatter: twin.frontmatter }, body: null };
  const bytes = await r.hub.readFile(r.bucket, path, { maxBytes }).catch((error: unknown) => {
    if (isBeyondBound(error)) return 'too large' as const;
    throw error;
  });
  if (bytes === 'too large') return tooLarge;
  // Deleted since the listing: the next one will not show it.
  if (bytes === null) return { entry: { ...bare(path, { size, xetHash }), malformed: true }, body: '' };
  return entryOf(path, new TextDecoder().decode(bytes), { size, xetHash });
}

/** An inbox or broadcast copy with the board file's bytes needs no download. */
function twinOf(index: IndexData, file: BucketFile) {
  if (!/^(inbox|broadcasts)\//.test(file.path)) return null;
  const board = index.get(boardTwin(file.path));
  return board && board.xetHash === file.xetHash && !board.malformed ? board : null;
}

interface Merge {
  scope: Scope;
  since: number;
  files: BucketFile[];
  adopt: [Held, BucketFile][];
  loaded: Loaded[];
}

function merge(r: Refresher, m: Merge): string[] {
  const changed: string[] = [];
  const current = (path: string) => r.index.get(path) as Held | null;
  for (const [held, file] of m.adopt)
    if (current(file.path) === held) {
      held.xetHash = file.xetHash;
      held.replaced = undefined;
    }
  for (const { entry, body } of m.loaded) {
    if ((current(entry.path)?.seq ?? 0) > m.since) continue;
    r.index.put(entry);
    if (body === null) r.bodies.drop(entry.path);
    else r.bodies.put(entry, body);
    changed.push(entry.path);
  }
  if (m.scope.complete) changed.push(...dropMissing(r, m));
  return changed;
}

function dropMissing(r: Refresher, m: Merge): string[] {
  const listed = new Set(m.files.map((f) => f.path));
  const fresh = (e: Held) => e.xetHash === undefined && r.now() - e.writtenAt < UNLISTED_MS;
  const gone = (r.index.below(m.scope.prefix) as readonly Held[])
    .filter((e) => !listed.has(e.path) && e.seq <= m.since && !fresh(e))
    .map((e) => e.path);
  for (const path of gone) {
    r.index.drop(path);
    r.bodies.drop(path);
  }
  return gone;
}

/** The index on disk, so to speak: heads of every record in the private bucket, for a fast start. Never the truth. */

import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import { boardTwin } from '@collab/contract/paths.ts';
import { fileStamp } from '@collab/contract/stamps.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { bare, type Held } from './entry.ts';
import type { IndexData } from './index-data.ts';

const POINTER = 'index/current.json';
const VERSION = 1;
/** Lines between two turns of the event loop. */
const BREATH = 5_000;
/** Of the text that is read between two turns. */
const CHUNK_BYTES = 1024 * 1024;

export interface SnapshotMeta {
  version: number;
  path: string;
  central: string;
  /** Commits and listings up to here are in it, ms. */
  takenAt: number;
  /** When everything was last listed, ms. */
  fullAt: number;
  files: number;
}

/** One line: path, size, hash, head (or 0 when the board file of that name has it), malformed. */
type Line = [
  path: string,
  size: number,
  hash: string | null,
  head: Held['frontmatter'] | 0,
  malformed: 0 | 1,
];

const turn = () => new Promise<void>((go) => setImmediate(go));
const isCopy = (path: string) => path.startsWith('inbox/') || path.startsWith('broadcasts/');

async function lines(index: IndexData): Promise<string> {
  const out: string[] = [];
  for (const entry of index.all() as Iterable<Held>) {
    const twin = isCopy(entry.path) ? index.get(boardTwin(entry.path)) : null;
    const shared = twin?.frontmatter === entry.frontmatter;
    const line: Line = [
      entry.path,
      entry.size,
      entry.xetHash ?? null,
      shared ? 0 : entry.frontmatter,
      entry.malformed ? 1 : 0,
    ];
    out.push(JSON.stringify(line));
    if (out.length % BREATH === 0) await turn();
  }
  return out.join('\n');
}

/** Writes the index and then the pointer; the one before is taken away. */
export async function saveSnapshot(
  hub: HubPort,
  bucket: string,
  index: IndexData,
  about: Pick<SnapshotMeta, 'central' | 'takenAt' | 'fullAt'>,
): Promise<void> {
  const before = await readPointer(hub, bucket);
  const path = `index/${fileStamp(about.takenAt)}.jsonl.gz`;
  const content = await promisify(gzip)(await lines(index), { level: 1 });
  const meta: SnapshotMeta = { version: VERSION, path, files: index.size, ...about };
  await hub.write(bucket, { adds: [{ path, content }] });
  await hub.write(bucket, { adds: [{ path: POINTER, content: `${JSON.stringify(meta)}\n` }] });
  if (before && before.path !== path) await hub.write(bucket, { deletes: [before.path] });
}

async function readPointer(hub: HubPort, bucket: string): Promise<SnapshotMeta | null> {
  const bytes = await hub.readFile(bucket, POINTER, { maxBytes: 65_536 });
  if (bytes === null) return null;
  try {
    const meta = JSON.parse(new TextDecoder().decode(bytes)) as SnapshotMeta;
    return meta.version === VERSION && typeof meta.path === 'string' ? meta : null;
  } catch {
    return null;
  }
}

/**
 * Fills an empty index. `null`: there is no usable snapshot (none, another bucket's, damaged); the caller lists
 * everything. Throws only when the Hub fails.
 */
export async function loadSnapshot(
  hub: HubPort,
  bucket: string,
  central: string,
  index: IndexData,
): Promise<SnapshotMeta | null> {
  const meta = await readPointer(hub, bucket);
  if (!meta || meta.central !== central) return null;
  const bytes = await hub.readFile(bucket, meta.path);
  if (bytes === null) return null;
  const entries = await entriesOf(bytes).catch(() => null);
  if (entries === null || entries.length !== meta.files) return null;
  index.load(entries);
  return meta;
}

/** Entries as the lines come out of the archive: neither its text nor its lines are ever held whole. */
async function entriesOf(bytes: Uint8Array): Promise<Held[]> {
  const entries: Held[] = [];
  const copies: Held[] = [];
  const heads = new Map<string, Held['frontmatter']>();
  const take = (line: string) => {
    const [path, size, hash, head, malformed] = JSON.parse(line) as Line;
    const entry = { ...bare(path, { size, xetHash: hash ?? undefined }), malformed: malformed === 1 };
    entries.push(entry);
    if (head === 0) copies.push(entry);
    else entry.frontmatter = head;
    if (path.startsWith('message_board/')) heads.set(path, entry.frontmatter);
  };
  let rest = '';
  for await (const text of unzipped(bytes)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() as string;
    for (const line of parts) take(line);
  }
  if (rest !== '') take(rest);
  for (const copy of copies) copy.frontmatter = heads.get(boardTwin(copy.path)) as Held['frontmatter'];
  return entries;
}

async function* unzipped(bytes: Uint8Array): AsyncGenerator<string> {
  const archive = createGunzip({ chunkSize: CHUNK_BYTES });
  archive.end(bytes);
  const decoder = new TextDecoder();
  for await (const chunk of archive) yield decoder.decode(chunk as Uint8Array, { stream: true });
}

/** Files of the central bucket as index entries. */
import { authorOf, leafOf } from '@collab/contract/paths.ts';
import { parseRecord } from '../codec/frontmatter.ts';
import type { Entry } from './types.ts';

/** Folders that are indexed. Artifacts, snapshots and shared files are not: they are read at the Hub. */
export const INDEXED = [
  'agents',
  'message_board',
  'inbox',
  'broadcasts',
  'results',
  'reviews',
  'taskforces',
  'traces',
] as const;

const PREFIXES = INDEXED.map((folder) => `${folder}/`);

export const isIndexed = (path: string) => PREFIXES.some((prefix) => path.startsWith(prefix));

/** What the index needs of a file beyond the Hub's listing. */
export interface Held extends Entry {
  /** Commit that wrote it here; 0: seen in a listing or snapshot. */
  seq: number;
  /** When this server wrote it (ms); 0 otherwise. */
  writtenAt: number;
  /** Hash this write replaced: a listing that still shows it is behind. */
  replaced: string | undefined;
}

/** An entry and its body, from the file's text. Files that are not markdown keep an empty head. */
export function entryOf(
  path: string,
  text: string,
  more: { size: number; xetHash?: string; seq?: number; writtenAt?: number; replaced?: string },
): { entry: Held; body: string } {
  const parsed = path.endsWith('.md') ? parseRecord(text) : { frontmatter: {}, body: text, malformed: false };
  return {
    entry: { ...bare(path, more), frontmatter: parsed.frontmatter, malformed: parsed.malformed },
    body: parsed.body,
  };
}

/** An entry without its content. */
export function bare(
  path: string,
  more: { size: number; xetHash?: string; seq?: number; writtenAt?: number; replaced?: string },
): Held {
  const name = leafOf(path);
  return {
    path,
    name,
    size: more.size,
    xetHash: more.xetHash,
    frontmatter: {},
    malformed: false,
    author: authorOf(name),
    seq: more.seq ?? 0,
    writtenAt: more.writtenAt ?? 0,
    replaced: more.replaced,
  };
}

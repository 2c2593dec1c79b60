import { tryJson } from '../codec/json.ts';
import type { Entry, Store } from '../store/types.ts';

/** Copy of all verdict files in one file of the private bucket, so that a start does not download each of them. */
const CACHE_PATH = 'index/verdicts.jsonl';
const MAX_BYTES = 256 * 1024 * 1024;

export interface VerdictText {
  path: string;
  text: string;
}

interface Line extends VerdictText {
  hash: string;
}

/** Texts of verdict files: from the copy where hash and path agree, else from the files themselves. */
export async function readVerdictFiles(
  store: Store,
  entries: readonly Entry[],
): Promise<{ files: VerdictText[]; downloaded: number }> {
  if (entries.length === 0) return { files: [], downloaded: 0 };
  const copy = entries.length > 1 ? await readCopy(store) : new Map<string, Line>();
  const known = entries.filter(
    ({ path, xetHash }) => xetHash !== undefined && copy.get(path)?.hash === xetHash,
  );
  const missing = entries.filter((entry) => !known.includes(entry));
  const read = await store.read(missing);
  const files = [
    ...known.map(({ path }) => copy.get(path) as Line),
    ...read.map(({ path, body }) => ({ path, text: body })),
  ];
  return { files, downloaded: missing.length };
}

/** Writes the copy anew. A file whose hash is not known yet is left out: it is read once more. */
export async function writeCopy(store: Store, files: readonly VerdictText[]): Promise<void> {
  const lines = files.flatMap(({ path, text }): Line[] => {
    const hash = store.get(path)?.xetHash;
    return hash === undefined ? [] : [{ path, hash, text }];
  });
  await store.private.writeText(CACHE_PATH, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** A copy that cannot be read is no copy: the files themselves are the truth. */
async function readCopy(store: Store): Promise<Map<string, Line>> {
  const text = await store.private.readText(CACHE_PATH, MAX_BYTES).catch(() => null);
  const lines = (text ?? '').split('\n').map(tryJson).filter(isLine);
  return new Map(lines.map((line) => [line.path, line]));
}

function isLine(value: unknown): value is Line {
  const line = value as Line | undefined;
  return typeof line?.path === 'string' && typeof line.hash === 'string' && typeof line.text === 'string';
}

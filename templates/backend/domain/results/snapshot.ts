import { createHash } from 'node:crypto';
import { snapshotPath } from '@collab/contract/paths.ts';

/** A file of a submission folder; `path` is relative to the folder. */
export interface SnapshotFile {
  path: string;
  xetHash: string;
  /** Bytes. */
  size: number;
}

/** What a result records about the copy that is judged in its place. */
export interface SnapshotRef {
  id: string;
  /** Folder in the central bucket, without a trailing slash. */
  path: string;
  files: number;
  bytes: number;
}

/**
 * Identity of a submission at post time: sha256 over one line `"{xetHash} {size} {path}\n"` per file, sorted by
 * path bytes. Nothing is downloaded for it; the content's own sha256 is computed inside the verification job.
 */
export function snapshotRef(files: readonly SnapshotFile[]): SnapshotRef {
  const lines = files.map((file) => ({
    path: Buffer.from(file.path),
    line: `${file.xetHash} ${file.size} ${file.path}\n`,
  }));
  lines.sort((a, b) => Buffer.compare(a.path, b.path));
  const hash = createHash('sha256');
  for (const { line } of lines) hash.update(line);
  const id = hash.digest('hex');
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  return { id, path: snapshotPath(id), files: files.length, bytes };
}

const PATH = /^submissions\/[0-9a-f]{64}$/;

/** The snapshot a stored result names. @returns `null` unless it is one of ours. */
export function readSnapshotRef(frontmatter: Record<string, unknown>): string | null {
  const value = frontmatter.submission_snapshot;
  return typeof value === 'string' && PATH.test(value) ? value : null;
}

/** A path that is a file, and a folder of others as well: a bucket takes both, a machine that runs them cannot. */
export function fileAndFolder(paths: readonly string[]): string | undefined {
  // Sorted with a slash at the end, what lies in a folder comes right behind it.
  const sorted = paths.map((path) => `${path}/`).sort();
  return sorted.find((path, at) => sorted[at + 1]?.startsWith(path))?.slice(0, -1);
}

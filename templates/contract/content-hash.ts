import { createHash } from 'node:crypto';

/** sha256 in hex. */
export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/**
 * Identity of a submission: sha256 of one line `{sha256}  {path}\n` per file, sorted by path bytes. The same bytes
 * under the same names give the same hash on every machine, and in Python (`collab_harness.staging`).
 */
export function contentSha256(files: readonly { path: string; sha256: string }[]): string {
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return sha256(Buffer.from(sorted.map((file) => `${file.sha256}  ${file.path}\n`).join('')));
}

import { gitBlobSha1 } from './digest.ts';
import type { LocalFile } from './model.ts';

/**
 * What one commit has to carry. Files in the repository that we never put there stay.
 * @param live path → git blob sha1, or `sha256:…` of the content.
 * @param ours paths that we put there.
 */
export function fileChanges(files: LocalFile[], live: Record<string, string>, ours: string[]) {
  const mine = new Set(files.map((file) => file.path));
  return {
    changed: files.filter(({ path, content, sha256 }) => !isAt(live[path], content, sha256)),
    removed: ours.filter((path) => !mine.has(path) && path in live),
  };
}

const isAt = (live: string | undefined, content: Uint8Array, sha256: string): boolean =>
  live === `sha256:${sha256}` || live === gitBlobSha1(content);

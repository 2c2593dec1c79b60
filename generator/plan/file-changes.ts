import { gitBlobSha1 } from './digest.ts';
import type { LocalFile } from './model.ts';

/**
 * What one commit has to carry. Files in the repository that we never put there stay.
 * @param live path → git blob sha1.
 * @param ours paths that we put there.
 */
export function fileChanges(files: LocalFile[], live: Record<string, string>, ours: string[]) {
  const mine = new Set(files.map((file) => file.path));
  return {
    changed: files.filter((file) => live[file.path] !== gitBlobSha1(file.content)),
    removed: ours.filter((path) => !mine.has(path) && path in live),
  };
}

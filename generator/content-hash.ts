import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contentSha256, sha256 } from '@collab/contract/content-hash.ts';

/** Identity of a submission in a folder; empty folders and links do not count. */
export async function folderSha256(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashed: { path: string; sha256: string }[] = [];
  for (const file of files)
    hashed.push({ path: file.slice(folder.length + 1), sha256: sha256(await readFile(file)) });
  return contentSha256(hashed);
}

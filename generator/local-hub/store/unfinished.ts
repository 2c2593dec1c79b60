import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes what a killed process had begun to write in `dir` and the folders right below it. */
export async function removeUnfinished(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(dir, entry.name);
    const names = entry.isDirectory() ? (await readdir(path)).map((name) => join(path, name)) : [path];
    await Promise.all(names.filter((name) => name.endsWith('.tmp')).map((name) => unlink(name)));
  }
}

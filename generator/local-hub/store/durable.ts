import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Makes a file appear at `path` whole or not at all, and survive a crash once the promise is kept: temporary file,
 * fsync, rename, fsync of the folder. `fill` writes the content.
 */
export async function createDurably<T>(path: string, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    const result = await fill(file);
    await file.sync();
    await file.close();
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** Removes what a killed process had begun to write in `dir` and the folders right below it. */
export async function removeUnfinished(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(dir, entry.name);
    const names = entry.isDirectory() ? (await readdir(path)).map((name) => join(path, name)) : [path];
    await Promise.all(names.filter((name) => name.endsWith('.tmp')).map((name) => unlink(name)));
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a killed process may have left of a file it was writing. */
export const UNFINISHED = /\.[0-9a-f]{12}\.tmp$/;

/** Puts `content` in the place of the file at `path`, whole or not at all. @param mode of the new file. */
export async function writeWhole(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await createDurably(path, async (file) => {
    await file.chmod(mode);
    await file.writeFile(content);
  });
}

/**
 * Makes a file appear at `path` whole or not at all, and survive a crash once the promise is kept: temporary file,
 * fsync, rename, fsync of the folder. `fill` writes the content; folders and file are the user's alone.
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

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

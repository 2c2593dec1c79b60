import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './alive.ts';

/** Name of a draft: what a killed process may have left of a file it was writing. */
export const DRAFT = /\.(\d+)\.[0-9a-f]{12}\.tmp$/;

/** Where a process writes what is to be put at `path`; no two are the same. */
export const draftOf = (path: string, pid = process.pid): string =>
  `${path}.${pid}.${randomBytes(6).toString('hex')}.tmp`;

/** Removes the drafts right in `dir` whose process is gone. @param of only those of the file with this name. */
export async function sweepDrafts(dir: string, of?: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const [ending, pid] = DRAFT.exec(name) ?? [''];
    if (!pid || (of !== undefined && name !== of + ending)) continue;
    if (!isAlive(Number(pid))) await rm(join(dir, name), { force: true });
  }
}

/**
 * Puts `content` in the place of the file at `path`, whole or not at all. What a killed process began to put there
 * is removed. @param mode of the file; without one it keeps its own, and a new one has that of any new file.
 */
export async function writeWhole(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await sweepDrafts(dirname(path), basename(path));
  const rights = mode ?? (await modeOf(path)) ?? 0o666 & ~process.umask();
  await createDurably(path, async (file) => {
    await file.chmod(rights);
    await file.writeFile(content);
  });
}

/** `undefined`: there is no such file. */
async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found && found.mode & 0o777;
}

/**
 * Makes a file appear at `path` whole or not at all, and survive a crash once the promise is kept: draft,
 * fsync, rename, fsync of the folder. `fill` writes the content; folders and file are the user's alone.
 */
export async function createDurably<T>(path: string, fill: (file: FileHandle) => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = draftOf(path);
  const file = await open(draft, 'wx', 0o600);
  try {
    const result = await fill(file);
    await file.sync();
    await file.close();
    await rename(draft, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(draft).catch(() => undefined);
    // A write that fails does not say of itself what it was to write.
    throw error instanceof Error ? Object.assign(error, { path }) : error;
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

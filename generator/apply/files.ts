/** Writes a tree whole or not at all: everything goes into a folder beside the target, which is then renamed. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Cancelled, CollabError, DISK_REFUSALS } from '../errors.ts';
import type { PlannedFile } from '../plan/types.ts';

/** What is used of `node:fs/promises`. */
export type Disk = Pick<typeof fs, 'mkdir' | 'writeFile' | 'rename' | 'rm' | 'readdir'>;

/** Hundreds of small files are written several times faster without a thread pool in between. */
const quick: Disk = {
  ...fs,
  mkdir: (async (...args: Parameters<typeof mkdirSync>) => mkdirSync(...args)) as Disk['mkdir'],
  writeFile: (async (...args: Parameters<typeof writeFileSync>) =>
    writeFileSync(...args)) as Disk['writeFile'],
};

/** Files that do not make a folder "in use". */
const HARMLESS = new Set(['.git', '.DS_Store']);

/** @returns true when `dir` exists (and is empty). @throws CollabError DIR_NOT_EMPTY, NOT_A_DIRECTORY, NOT_WRITABLE. */
export async function requireFree(dir: string, disk: Disk = quick): Promise<boolean> {
  const entries = await disk.readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw diskError(error, dir);
  });
  if (entries === null) return false;
  const used = entries.filter((name) => !HARMLESS.has(name));
  if (used.length === 0) return true;
  throw new CollabError(
    'DIR_NOT_EMPTY',
    `${dir} is not empty (${used.slice(0, 3).join(', ')}${used.length > 3 ? ', …' : ''}).`,
    {
      next: [
        { command: 'create-collab new <another-dir>', why: 'nothing that exists is ever overwritten' },
        { command: `create-collab check ${basename(dir)}`, why: 'if it is a challenge already' },
      ],
    },
  );
}

/** @throws CollabError as requireFree, DISK_FULL, WRITE_FAILED; Cancelled. Nothing is left behind. */
export async function writeTree(
  dir: string,
  files: PlannedFile[],
  signal: AbortSignal,
  disk: Disk = quick,
): Promise<void> {
  const exists = await requireFree(dir, disk);
  const stage = join(exists ? dir : dirname(dir), `.${basename(dir)}-${randomBytes(4).toString('hex')}.part`);
  try {
    await fill(stage, files, signal, disk);
    if (exists) await moveIn(stage, dir, disk);
    else await disk.rename(stage, dir);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    throw diskError(error as NodeJS.ErrnoException, dir);
  } finally {
    await disk.rm(stage, { recursive: true, force: true });
  }
}

async function fill(stage: string, files: PlannedFile[], signal: AbortSignal, disk: Disk): Promise<void> {
  const folders = new Set([stage, ...files.map((file) => dirname(join(stage, file.path)))]);
  for (const folder of folders) await disk.mkdir(folder, { recursive: true });
  for (let i = 0; i < files.length; i += 64) {
    await nextTurn();
    if (signal.aborted) throw new Cancelled();
    const group = files.slice(i, i + 64);
    const done = await Promise.allSettled(
      group.map((file) => disk.writeFile(join(stage, file.path), file.content, { mode: file.mode ?? 0o644 })),
    );
    const failed = done.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
  if (signal.aborted) throw new Cancelled();
}

/** An existing empty folder keeps its identity (somebody's shell may stand in it): its content is moved in. */
async function moveIn(stage: string, dir: string, disk: Disk): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of await disk.readdir(stage)) {
      await disk.rename(join(stage, name), join(dir, name));
      moved.push(name);
    }
  } catch (error) {
    for (const name of moved) await disk.rm(join(dir, name), { recursive: true, force: true });
    throw error;
  }
}

const PLAIN: Record<string, [code: string, text: string]> = {
  ...DISK_REFUSALS,
  ENOTDIR: ['NOT_A_DIRECTORY', 'A part of the path is a file'],
  EEXIST: ['NOT_A_DIRECTORY', 'A part of the path is a file'],
  ENAMETOOLONG: ['BAD_DIR', 'The name is too long'],
};
const WHY: Record<string, string> = {
  DISK_FULL: 'free some space, then run it again',
  NOT_WRITABLE: 'choose a folder of your own',
  NOT_A_DIRECTORY: 'choose another folder',
  BAD_DIR: 'choose a shorter name',
};

function diskError(error: NodeJS.ErrnoException | CollabError, dir: string): CollabError {
  if (error instanceof CollabError) return error;
  const [code, text] = PLAIN[error.code ?? ''] ?? ['WRITE_FAILED', error.message];
  return new CollabError(code, `${text}: ${dir}. Nothing was left behind.`, {
    next: [{ command: 'create-collab new <dir>', why: WHY[code] ?? 'run it again' }],
    cause: error,
  });
}

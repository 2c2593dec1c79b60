import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAlive } from './alive.ts';
import { draftOf } from './whole-file.ts';

interface Holder {
  pid: number;
  /** When it started, in a unit of the system's own; `null` where the system does not tell. */
  started: string | null;
}

const TRIES = 3;

/**
 * One process at a time behind a file. That of a process that is gone, however it ended, is taken over.
 * @returns what gives it back, or the id of the process that has it (0: it changes hands too fast to tell).
 */
export async function takeLock(path: string): Promise<(() => Promise<void>) | number> {
  for (let left = TRIES; left > 0; left--) {
    if (await claim(path)) return () => rm(path, { force: true });
    const holder = await holderOf(path);
    if (holder && (await isHeld(holder))) return holder.pid;
    await sweep(path);
  }
  return 0;
}

/** A hard link either appears with its content or fails: nobody reads a lock without a holder. */
async function claim(path: string): Promise<boolean> {
  const draft = draftOf(path);
  const own: Holder = { pid: process.pid, started: await startOf(process.pid) };
  try {
    await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
    return await linked(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

/** @returns false where there is one already. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Several may find it left behind at the same moment, and the first has its own there by now: what is taken away is looked at. */
async function sweep(path: string): Promise<void> {
  const aside = draftOf(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = await holderOf(aside);
  if (holder && (await isHeld(holder))) await linked(aside, path);
  await rm(aside, { force: true });
}

async function holderOf(path: string): Promise<Holder | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isInteger(holder.pid) ? holder : null;
  } catch {
    return null;
  }
}

const isHeld = async ({ pid, started }: Holder): Promise<boolean> =>
  isAlive(pid) && (await startOf(pid)) === started;

/** Start time of a process where the system tells it (Linux): a process id comes back, and a zombie holds nothing. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
}

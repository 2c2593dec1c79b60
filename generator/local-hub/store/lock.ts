import { mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../../errors.ts';

/**
 * Takes the store for this process. A lock of a process that is gone is taken over.
 * @returns a function that gives it back
 * @throws CollabError HUB_RUNNING when another hub serves this folder
 */
export async function lockStore(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'hub.lock');
  for (let attempt = 0; attempt < 3; attempt++) {
    const file = await open(path, 'wx', 0o600).catch((error) => {
      if (error.code === 'EEXIST') return null;
      throw error;
    });
    if (file) {
      await file.writeFile(JSON.stringify({ pid: process.pid, started: await startOf(process.pid) }));
      await file.close();
      return () => unlink(path).catch(() => undefined);
    }
    await refuseIfAlive(path, dir);
    await unlink(path).catch(() => undefined);
  }
  throw new CollabError('HUB_RUNNING', `Could not take the lock of ${dir}.`);
}

async function refuseIfAlive(path: string, dir: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const holder = parse(text);
  if (!holder || (holder.started !== null && (await startOf(holder.pid)) !== holder.started)) return;
  if (!isAlive(holder.pid)) return;
  throw new CollabError('HUB_RUNNING', `A hub (process ${holder.pid}) already serves ${dir}.`, {
    next: [{ command: `kill ${holder.pid}`, why: 'stops that hub; or use another --dir' }],
  });
}

function parse(text: string): { pid: number; started: string | null } | null {
  try {
    const value = JSON.parse(text);
    return Number.isInteger(value.pid) ? value : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Start time of a process where the system tells it (Linux): a recycled pid or a zombie is not the old holder. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'ended' : (fields[19] ?? null);
}

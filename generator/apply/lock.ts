import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';

const lockFile = (dir: string): string => join(dir, '.collab', 'apply.lock');

/**
 * One apply at a time per challenge directory. The lock of a run that was killed is taken over.
 * @returns what gives it back. @throws CollabError APPLY_RUNNING.
 */
export async function lockApply(dir: string): Promise<() => Promise<void>> {
  await mkdir(join(dir, '.collab'), { recursive: true });
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await claim(dir)) {
      await sweepDrafts(dir);
      return () => rm(lockFile(dir), { force: true });
    }
    const holder = Number(await readFile(lockFile(dir), 'utf8').catch(() => '0'));
    if (holder > 0 && isAlive(holder)) throw running(holder);
    await rm(lockFile(dir), { force: true });
  }
  throw running(0);
}

/** A hard link either appears with its content or fails: nobody reads a lock without a holder. */
async function claim(dir: string): Promise<boolean> {
  const draft = `${lockFile(dir)}.${process.pid}.${randomUUID()}`;
  await writeFile(draft, String(process.pid));
  try {
    await link(draft, lockFile(dir));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** `plan-state.json.<pid>.tmp`, `apply.lock.<pid>.<uuid>`: what a killed run was writing. */
const DRAFT = /^(?:plan-state\.json\.(\d+)\.tmp|apply\.lock\.(\d+)\..+)$/;

async function sweepDrafts(dir: string): Promise<void> {
  for (const name of await readdir(join(dir, '.collab'))) {
    const found = DRAFT.exec(name);
    const pid = Number(found?.[1] ?? found?.[2]);
    if (found && pid !== process.pid && !isAlive(pid)) await rm(join(dir, '.collab', name), { force: true });
  }
}

function running(pid: number): CollabError {
  const who = pid > 0 ? ` (process ${pid})` : '';
  return new CollabError('APPLY_RUNNING', `Another apply of this challenge is under way${who}.`, {
    next: [{ command: 'create-collab apply', why: 'once that one has ended' }],
  });
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

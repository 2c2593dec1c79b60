import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import { takeLock } from '../process-lock.ts';
import { sweepDrafts } from '../whole-file.ts';

/**
 * One apply at a time per challenge directory. Of a run that was killed the lock is taken over
 * and what it was writing is removed.
 * @returns what gives it back. @throws CollabError APPLY_RUNNING.
 */
export async function lockApply(dir: string): Promise<() => Promise<void>> {
  const folder = join(dir, '.collab');
  await mkdir(folder, { recursive: true });
  const taken = await takeLock(join(folder, 'apply.lock'));
  if (typeof taken !== 'function') throw running(taken);
  await sweepDrafts(folder);
  return taken;
}

function running(pid: number): CollabError {
  const who = pid > 0 ? ` (process ${pid})` : '';
  return new CollabError('APPLY_RUNNING', `Another apply of this challenge is under way${who}.`, {
    next: [{ command: 'create-collab apply', why: 'once that one has ended' }],
  });
}

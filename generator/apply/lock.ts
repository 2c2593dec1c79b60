import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import { isAlive, takeLock } from '../process-lock.ts';

/**
 * One apply at a time per challenge directory. The lock of a run that was killed is taken over.
 * @returns what gives it back. @throws CollabError APPLY_RUNNING.
 */
export async function lockApply(dir: string): Promise<() => Promise<void>> {
  await mkdir(join(dir, '.collab'), { recursive: true });
  const taken = await takeLock(join(dir, '.collab', 'apply.lock'));
  if (typeof taken !== 'function') throw running(taken);
  await sweepDrafts(dir);
  return taken;
}

/** `plan-state.json.<pid>.tmp`, `apply.lock.<pid>.<uuid>.tmp`: what a killed run was writing. */
const DRAFT = /^(?:plan-state\.json|apply\.lock)\.(\d+)\..*tmp$/;

async function sweepDrafts(dir: string): Promise<void> {
  for (const name of await readdir(join(dir, '.collab'))) {
    const pid = Number(DRAFT.exec(name)?.[1] ?? process.pid);
    if (pid !== process.pid && !isAlive(pid)) await rm(join(dir, '.collab', name), { force: true });
  }
}

function running(pid: number): CollabError {
  const who = pid > 0 ? ` (process ${pid})` : '';
  return new CollabError('APPLY_RUNNING', `Another apply of this challenge is under way${who}.`, {
    next: [{ command: 'create-collab apply', why: 'once that one has ended' }],
  });
}

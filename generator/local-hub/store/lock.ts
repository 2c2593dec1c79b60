import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../../errors.ts';
import { takeLock } from '../../process-lock.ts';

/**
 * Takes the store for this process. A lock of a process that is gone is taken over.
 * @returns a function that gives it back
 * @throws CollabError HUB_RUNNING when another hub serves this folder
 */
export async function lockStore(dir: string): Promise<() => Promise<void>> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const taken = await takeLock(join(dir, 'hub.lock'));
  if (typeof taken === 'function') return taken;
  if (taken === 0) throw new CollabError('HUB_RUNNING', `Could not take the lock of ${dir}.`);
  throw new CollabError('HUB_RUNNING', `A hub (process ${taken}) already serves ${dir}.`, {
    next: [{ command: `kill ${taken}`, why: 'stops that hub; or use another --dir' }],
  });
}

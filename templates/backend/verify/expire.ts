import { parseFileStamp } from '@collab/contract/stamps.ts';
import { conclude } from './conclude.ts';
import { handedBack } from './handed-back.ts';
import { isWaiting } from './queue.ts';
import type { VerifierDeps } from './verifier.ts';

type Deps = Pick<VerifierDeps, 'settings' | 'rules' | 'store' | 'book' | 'standings' | 'now'>;

const HOUR_MS = 3_600_000;

/**
 * Results that nobody judged within the window expire: a machine's verdict, which any person's overrules. The window
 * begins when the result was posted, or when an organizer last handed it back. Nothing expires in mode `manual`, where a
 * person alone decides, nor in profile compat.
 */
export async function expireOld(deps: Deps): Promise<void> {
  const { settings, rules, book, standings, now } = deps;
  const hours = settings.VERIFICATION_WINDOW_HOURS;
  const byHand = settings.VERIFICATION_MODE === 'manual' && !rules.byJobs;
  if (hours <= 0 || byHand || rules.compat) return;
  await standings.ready();
  const since = (name: string, stamp: string) => {
    const back = handedBack(book.verdicts(name));
    return parseFileStamp(back > stamp ? back : stamp);
  };
  const old = standings.entries().filter((entry) => {
    const began = since(entry.filename, entry.stamp);
    return isWaiting(entry) && entry.state !== 'running' && began !== null && now() - began > hours * HOUR_MS;
  });
  const reason = `nobody judged it within ${hours} hours; its owner may appeal`;
  for (const { filename } of old) await conclude(deps, filename, { state: 'expired', reason });
}

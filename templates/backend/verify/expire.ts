import { parseFileStamp } from '@collab/contract/stamps.ts';
import { z } from 'zod';
import { conclude } from './conclude.ts';
import { handedBack } from './handed-back.ts';
import { isWaiting } from './queue.ts';
import type { VerifierDeps } from './types.ts';

type Deps = Pick<VerifierDeps, 'settings' | 'rules' | 'store' | 'book' | 'standings' | 'now'>;

const HOUR_MS = 3_600_000;
/** In the private bucket: who verifies, and since when. */
const MODE_FILE = 'eval/mode.json';
const Mode = z.object({ mode: z.string(), since: z.iso.datetime() });

/**
 * Results that nobody judged within the window expire: a machine's verdict, which any person's overrules. The window
 * begins when the result was posted, when an organizer last handed it back, or when the present mode of verification
 * began, whichever came last: what waited for a person does not expire on the day when jobs take over. Nothing expires in
 * mode `manual`, where a person alone decides, nor in profile compat.
 * @returns looks once
 */
export function expiry(deps: Deps): () => Promise<void> {
  const { settings, rules, book, standings, now } = deps;
  const hours = settings.VERIFICATION_WINDOW_HOURS;
  const byHand = settings.VERIFICATION_MODE === 'manual' && !rules.byJobs;
  let since: number | null = null;

  const began = (name: string, stamp: string) => {
    const back = handedBack(book.verdicts(name));
    return parseFileStamp(back > stamp ? back : stamp);
  };

  return async () => {
    since ??= await modeSince(deps);
    if (hours <= 0 || byHand || rules.compat) return;
    await standings.ready();
    const latest = now() - hours * HOUR_MS;
    if (since > latest) return;
    const old = standings.entries().filter((entry) => {
      const at = began(entry.filename, entry.stamp);
      return isWaiting(entry) && entry.state !== 'running' && at !== null && at < latest;
    });
    const reason = `nobody judged it within ${hours} hours; its owner may appeal`;
    await Promise.all(old.map(({ filename }) => conclude(deps, filename, { state: 'expired', reason })));
  };
}

async function modeSince({ store, settings, now }: Deps): Promise<number> {
  const known = Mode.safeParse(await store.private.readJson(MODE_FILE));
  const mode = settings.VERIFICATION_MODE;
  if (known.success && known.data.mode === mode) return Date.parse(known.data.since);
  await store.private.writeJson(MODE_FILE, { mode, since: new Date(now()).toISOString() });
  return now();
}

/** Rate limits per agent and per user, checked after authentication. A refused call throws RATE_LIMITED with Retry-After. */
import { ApiError } from '@collab/contract/errors.ts';
import type { Settings } from './settings.ts';

export interface Limits {
  /** Writes from a scratch bucket: messages, results, syncs, notes, traces. */
  source(agent: string): void;
  /** Inline posts of an agent or a human. */
  inline(handle: string): void;
  /** Registrations of a caller. */
  registration(hfUser: string): void;
}

interface Window {
  /** At most so many … */
  count: number;
  /** … in any span of so many ms. */
  spanMs: number;
}

/** Least recently used keys are forgotten beyond this many. */
const MAX_KEYS = 10_000;

/** Exact sliding windows: remembers the last times of each key, no more than the largest window holds. */
export function slidingWindows(windows: Window[], now: () => number): (key: string) => number | null {
  const keep = Math.max(...windows.map((w) => w.count));
  const times = new Map<string, number[]>();
  return (key) => {
    const at = now();
    const seen = times.get(key) ?? [];
    const waits = windows.map((w) => {
      const oldest = seen[seen.length - w.count];
      return oldest === undefined ? 0 : oldest + w.spanMs - at;
    });
    const wait = Math.max(...waits);
    times.delete(key);
    times.set(key, wait > 0 ? seen : [...seen.slice(-keep + 1), at]);
    const oldestKey = times.size > MAX_KEYS ? times.keys().next().value : undefined;
    if (oldestKey !== undefined) times.delete(oldestKey);
    return wait > 0 ? Math.ceil(wait / 1000) : null;
  };
}

const MINUTE = 60_000;

export function createLimits(settings: Settings, now: () => number): Limits {
  const source = slidingWindows(
    [
      { count: settings.BUCKET_WRITE_BURST, spanMs: MINUTE / 6 },
      { count: settings.BUCKET_WRITE_PER_MINUTE, spanMs: MINUTE },
    ],
    now,
  );
  const inline = slidingWindows(
    [
      { count: settings.RAW_MESSAGE_PER_MINUTE, spanMs: MINUTE },
      { count: settings.RAW_MESSAGE_PER_HOUR, spanMs: 60 * MINUTE },
    ],
    now,
  );
  const registration = slidingWindows([{ count: settings.REGISTRATION_PER_MINUTE, spanMs: MINUTE }], now);
  const check = (take: (key: string) => number | null, key: string, what: string) => {
    const retryAfterS = take(key);
    if (retryAfterS !== null) throw new ApiError('RATE_LIMITED', `too many ${what}`, { retryAfterS });
  };
  return {
    source: (agent) => check(source, agent, 'writes from this scratch bucket'),
    inline: (handle) => check(inline, handle, 'inline posts'),
    registration: (hfUser) => check(registration, hfUser.toLowerCase(), 'registrations'),
  };
}

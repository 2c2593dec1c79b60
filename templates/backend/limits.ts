/** Rate limits per agent and per user, checked after authentication. A refused call throws RATE_LIMITED with Retry-After. */
import { isIPv6 } from 'node:net';
import { ApiError } from '@collab/contract/errors.ts';
import type { Writer } from './auth/types.ts';
import { isCompat, type Settings } from './settings.ts';

/** Who is counted: the agent or handle, and the user behind it. */
export type Counted = Pick<Writer, 'agent' | 'hfUser'>;

export interface Limits {
  /** Writes from a scratch bucket: messages, results, syncs, notes, traces. */
  source(writer: Counted): void;
  /** Inline posts of an agent or a human. */
  inline(writer: Counted): void;
  /** Registrations of a caller. */
  registration(hfUser: string): void;
}

interface Window {
  /** At most so many … */
  count: number;
  /** … in any span of so many ms. */
  spanMs: number;
}

/** What limits by address count as one: an IPv6 network of a single customer has 2^64 addresses (RFC 4291 §2.5.1). */
export function networkOf(ip: string | undefined): string {
  if (ip === undefined || !isIPv6(ip)) return ip ?? '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = ip.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':').length : 0;
  const zeros = tail === undefined ? 0 : 8 - groups.length - after;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ? tail.split(':') : [])];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** Least recently used keys are forgotten beyond this many. */
const MAX_KEYS = 10_000;

/** Counts what every key did. */
interface Meter {
  /** Seconds until the key may go again; `null`: now. */
  wait(key: string): number | null;
  count(key: string): void;
}

export function meter(windows: Window[], now: () => number): Meter {
  const keep = Math.max(...windows.map((w) => w.count));
  const times = new Map<string, number[]>();
  /** A clock that was put back would make everybody wait for it. */
  const seenOf = (key: string) => {
    const seen = times.get(key) ?? [];
    return (seen.at(-1) ?? 0) > now() ? [] : seen;
  };
  return {
    wait(key) {
      const seen = seenOf(key);
      const waits = windows.map((w) => {
        const oldest = seen[seen.length - w.count];
        return oldest === undefined ? 0 : oldest + w.spanMs - now();
      });
      const wait = Math.max(...waits);
      return wait > 0 ? Math.ceil(wait / 1000) : null;
    },
    count(key) {
      const seen = seenOf(key);
      times.delete(key);
      times.set(key, [...seen, now()].slice(-keep));
      const oldestKey = times.size > MAX_KEYS ? times.keys().next().value : undefined;
      if (oldestKey !== undefined) times.delete(oldestKey);
    },
  };
}

/** Exact sliding windows: remembers the last times of each key, no more than the largest window holds. */
export function slidingWindows(windows: Window[], now: () => number): (key: string) => number | null {
  const one = meter(windows, now);
  return (key) => {
    const wait = one.wait(key);
    if (wait === null) one.count(key);
    return wait;
  };
}

/** The agents of one user share so many times what one agent may, as with the jobs of a day (10 and 30). */
const AGENTS_PER_USER = 3;

/** One limit for each agent and a wider one for all agents of a user. A refused call counts for neither. */
function perWriter(windows: Window[], users: boolean, now: () => number): (who: Counted) => number | null {
  const agents = meter(windows, now);
  const wider = windows.map(({ count, spanMs }) => ({ count: count * AGENTS_PER_USER, spanMs }));
  const all = meter(wider, now);
  return ({ agent, hfUser }) => {
    const user = hfUser.toLowerCase();
    const wait = Math.max(agents.wait(agent) ?? 0, (users ? all.wait(user) : null) ?? 0);
    if (wait > 0) return wait;
    agents.count(agent);
    all.count(user);
    return null;
  };
}

const MINUTE = 60_000;

export function createLimits(settings: Settings, now: () => number): Limits {
  // The reference counts agents alone.
  const users = !isCompat(settings);
  const source = perWriter(
    [
      { count: settings.BUCKET_WRITE_BURST, spanMs: MINUTE / 6 },
      { count: settings.BUCKET_WRITE_PER_MINUTE, spanMs: MINUTE },
    ],
    users,
    now,
  );
  const inline = perWriter(
    [
      { count: settings.RAW_MESSAGE_PER_MINUTE, spanMs: MINUTE },
      { count: settings.RAW_MESSAGE_PER_HOUR, spanMs: 60 * MINUTE },
    ],
    users,
    now,
  );
  const registration = slidingWindows([{ count: settings.REGISTRATION_PER_MINUTE, spanMs: MINUTE }], now);
  const refuse = (retryAfterS: number | null, what: string, more = '') => {
    if (retryAfterS === null) return;
    const hint = `wait ${retryAfterS} s${more}`;
    throw new ApiError('RATE_LIMITED', `too many ${what}`, { retryAfterS, hint });
  };
  return {
    source: (writer) => refuse(source(writer), 'writes from scratch buckets'),
    inline: (writer) =>
      refuse(inline(writer), 'inline posts', ', or put the file into your bucket and post it by `source`'),
    registration: (hfUser) => refuse(registration(hfUser.toLowerCase()), 'registrations'),
  };
}

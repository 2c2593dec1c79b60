/** Who a Hugging Face token belongs to, remembered briefly by the token's hash. */

import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { humanHandle } from '@collab/contract/identity.ts';
import { HubError, type HubPort } from '@collab/hub/port.ts';
import type { Deps } from '../deps.ts';
import { meter, networkOf } from '../limits.ts';
import { isYoung } from './age.ts';
import { type Leave, lines } from './line.ts';
import type { HfUser } from './types.ts';

const KNOWN_MS = 60_000;
const REFUSED_MS = 10_000;
const MAX_KNOWN = 2_000;
/**
 * Tokens of one address that the Hub may refuse in a minute before it is asked about no new one: it counts each. A token
 * that was seen before is none of them, so nobody is kept out by a neighbour behind the same address.
 */
const REFUSED_PER_MINUTE = 30;
/**
 * Questions about new tokens of one address: agents behind it that all join at once wait for each other for a moment. Of
 * strangers' tokens no more than these are ever asked about: when they are refused, so is whoever waits behind them.
 */
const LINE = { atOnce: 64, waiting: 192, patienceMs: 20_000 };
/** Who finds the line full comes back at another second than the next one, up to this many. */
const SPREAD_S = 8;

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Known {
  since: number;
  user: HfUser | null;
}

/** @param sawMember hears of each member the Hub names, at the moment it does. */
export function createWhoami(
  hub: HubPort,
  org: string,
  { now, sleep }: Pick<Deps, 'now' | 'sleep'>,
  sawMember: (name: string) => void,
): (token: string, ip?: string) => Promise<HfUser> {
  const known = new Map<string, Known>();
  const refused = () =>
    new ApiError('UNAUTHORIZED', 'the Hub does not know this token', {
      hint: 'send a valid Hugging Face token: Authorization: Bearer hf_…',
    });
  const remember = (key: string, user: HfUser | null) => {
    known.delete(key);
    known.set(key, { since: now(), user });
    const oldest = known.size > MAX_KNOWN ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
  };
  const refusals = meter([{ count: REFUSED_PER_MINUTE, spanMs: 60_000 }], now);
  const refuseStrangers = (from: string) => {
    const retryAfterS = refusals.wait(from);
    if (retryAfterS !== null)
      throw new ApiError('RATE_LIMITED', 'too many tokens that the Hub does not know', { retryAfterS });
  };
  const enter = lines(LINE, sleep);
  let sentAway = 0;
  /** The turn of a new token. @throws ApiError RATE_LIMITED */
  const admit = async (from: string): Promise<Leave> => {
    refuseStrangers(from);
    const leave = await enter(from);
    if (leave) return leave;
    const retryAfterS = 1 + (sentAway++ % SPREAD_S);
    throw new ApiError('RATE_LIMITED', 'too many tokens at once that were never seen', { retryAfterS });
  };
  const asKnown = (key: string): HfUser | null => {
    const hit = known.get(key);
    if (!hit || !isYoung(hit.since, hit.user ? KNOWN_MS : REFUSED_MS, now())) return null;
    if (hit.user) return hit.user;
    throw refused();
  };
  return async (token, ip) => {
    const key = sha256(token);
    const before = asKnown(key);
    if (before) return before;
    const isNew = !known.has(key);
    const from = networkOf(ip);
    const leave = isNew ? await admit(from) : () => {};
    try {
      // While it waited another request with it may have been answered, or enough strangers refused.
      const meanwhile = isNew ? asKnown(key) : null;
      if (meanwhile) return meanwhile;
      if (isNew) refuseStrangers(from);
      const who = await hub.whoami(token);
      const isMember = who.orgs.some((o) => o.name.toLowerCase() === org.toLowerCase());
      const user: HfUser = { name: who.name, email: who.email, isMember, handle: humanHandle(who.name) };
      remember(key, user);
      if (isMember) sawMember(user.name);
      return user;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (error instanceof HubError && (error.kind === 'unauthorized' || error.kind === 'forbidden')) {
        remember(key, null);
        if (isNew) refusals.count(from);
        throw refused();
      }
      throw new ApiError('HUB_UNAVAILABLE', 'the Hub did not say who you are', {
        cause: error,
        retryAfterS: 5,
      });
    } finally {
      leave();
    }
  };
}

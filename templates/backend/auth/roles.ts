/** Roles in the org, looked up with the server's token. */

import { ApiError } from '@collab/contract/errors.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { isYoung } from './age.ts';
import type { HfUser } from './types.ts';

export interface Roles {
  role(user: HfUser): Promise<string | null>;
  memberNames(): Promise<ReadonlySet<string> | null>;
  /** The Hub just said of a user that it is a member: a list that was read before need not name it. */
  sawMember(name: string): void;
}

const MAX_CACHED = 2_000;
/** A member list that could not be had is not asked for again so soon, in ms. */
const REFUSED_MS = 30_000;

/**
 * By e-mail first (one call), accepted only for the caller itself; otherwise from the whole member list. Both are
 * remembered for `ttlMs`.
 * @returns `null` when the user is no member. Throws ORGANIZER_CHECK_UNAVAILABLE.
 */
export function createRoles(hub: HubPort, org: string, ttlMs: number, now: () => number): Roles {
  const byMail = new Map<string, { role: string | null; since: number }>();
  let askAgainAt = 0;
  let members: { map: Map<string, string>; names: Set<string>; since: number } | null = null;

  const viaMail = async (user: HfUser): Promise<string | null> => {
    if (!user.email) return null;
    const key = `${user.name.toLowerCase()}\n${user.email}`;
    const hit = byMail.get(key);
    if (hit && isYoung(hit.since, ttlMs, now())) return hit.role;
    // That it is nobody, or that the Hub does not tell, is remembered too: each question counts there.
    const found = await hub.memberByEmail(org, user.email).catch(() => null);
    const own = found?.user.toLowerCase() === user.name.toLowerCase();
    const role = (own && found?.role) || null;
    if (byMail.size >= MAX_CACHED) byMail.clear();
    byMail.set(key, { role, since: now() });
    return role;
  };

  let flight: Promise<Map<string, string>> | null = null;
  /** Who asks at the same time shares one question. */
  const all = async () => {
    if (members && isYoung(members.since, ttlMs, now())) return members;
    flight ??= hub.orgMembers(org).finally(() => {
      flight = null;
    });
    const map = await flight;
    members = { map, names: new Set(map.keys()), since: now() };
    return members;
  };

  return {
    async role(user) {
      const mail = await viaMail(user);
      if (mail !== null) return mail;
      const { map } = await all().catch((cause: unknown) => {
        throw new ApiError('ORGANIZER_CHECK_UNAVAILABLE', 'roles could not be looked up', {
          cause,
          retryAfterS: 30,
        });
      });
      return map.get(user.name.toLowerCase()) ?? null;
    },
    async memberNames() {
      if (now() < askAgainAt) return null;
      try {
        return (await all()).names;
      } catch {
        askAgainAt = now() + REFUSED_MS;
        return null;
      }
    },
    sawMember(name) {
      members?.names.add(name.toLowerCase());
    },
  };
}

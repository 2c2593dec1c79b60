/** Who a Hugging Face token belongs to, remembered briefly by the token's hash. */

import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { humanHandle } from '@collab/contract/identity.ts';
import { HubError, type HubPort } from '@collab/hub/port.ts';
import { isYoung } from './age.ts';
import type { HfUser } from './types.ts';

const KNOWN_MS = 60_000;
const REFUSED_MS = 10_000;
const MAX_KNOWN = 2_000;

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Known {
  since: number;
  user: HfUser | null;
}

export function createWhoami(
  hub: HubPort,
  org: string,
  now: () => number,
): (token: string) => Promise<HfUser> {
  const known = new Map<string, Known>();
  const refused = () =>
    new ApiError('UNAUTHORIZED', 'the Hub does not know this token', {
      hint: 'send a valid Hugging Face token: Authorization: Bearer hf_…',
    });
  const remember = (key: string, user: HfUser | null) => {
    known.set(key, { since: now(), user });
    const oldest = known.size > MAX_KNOWN ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
  };
  return async (token) => {
    const key = sha256(token);
    const hit = known.get(key);
    if (hit && isYoung(hit.since, hit.user ? KNOWN_MS : REFUSED_MS, now())) {
      if (hit.user) return hit.user;
      throw refused();
    }
    known.delete(key);
    try {
      const who = await hub.whoami(token);
      const isMember = who.orgs.some((o) => o.name.toLowerCase() === org.toLowerCase());
      const user: HfUser = { name: who.name, email: who.email, isMember, handle: humanHandle(who.name) };
      remember(key, user);
      return user;
    } catch (error) {
      if (error instanceof HubError && (error.kind === 'unauthorized' || error.kind === 'forbidden')) {
        remember(key, null);
        throw refused();
      }
      throw new ApiError('HUB_UNAVAILABLE', 'the Hub did not say who you are', {
        cause: error,
        retryAfterS: 5,
      });
    }
  };
}

/** The nonce that proves control of a scratch bucket: signed, so that nothing has to be remembered. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const LIFE_MS = 3_600_000;

const sign = (secret: string, user: string, agent: string, until: string) =>
  createHmac('sha256', `scratch-bucket-nonce\n${secret}`)
    .update(`${user.toLowerCase()}\n${agent}\n${until}`)
    .digest('hex')
    .slice(0, 40);

export interface Nonces {
  issue(user: string, agent: string): { nonce: string; expiresAt: number };
  /** Was this text issued to this user for this agent, less than an hour ago. */
  valid(text: string, user: string, agent: string): boolean;
}

export function createNonces(secret: string, now: () => number): Nonces {
  return {
    issue(user, agent) {
      const expiresAt = now() + LIFE_MS;
      const until = expiresAt.toString(36);
      return { nonce: `ccn-${until}-${sign(secret, user, agent, until)}`, expiresAt };
    },
    valid(text, user, agent) {
      const m = /^ccn-([0-9a-z]{1,12})-([0-9a-f]{40})$/.exec(text);
      if (!m) return false;
      const [, until, given] = m as unknown as [string, string, string];
      const fresh = Number.parseInt(until, 36) > now();
      return timingSafeEqual(Buffer.from(given), Buffer.from(sign(secret, user, agent, until))) && fresh;
    },
  };
}

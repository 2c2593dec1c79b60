/** Logged-in people. The cookie is a random name; the access token stays in this process and dies with it. */
import { sha256 } from './whoami.ts';

export interface Session {
  token: string;
  user: string;
  until: number;
}

export interface Sessions {
  /** @returns the cookie's value. */
  open(session: Session): string;
  find(cookie: string | undefined): Session | null;
  close(cookie: string | undefined): void;
  /** Ends every login of a person. @returns how many */
  closeAll(user: string): number;
}

const MAX_SESSIONS = 5_000;
/** Browsers and frames of one person; the oldest is logged out, and never somebody else's. */
const MAX_PER_USER = 20;

export function createSessions(random: (n: number) => Uint8Array, now: () => number): Sessions {
  const sessions = new Map<string, Session>();
  const of = (name: string) => [...sessions].filter(([, { user }]) => user === name).map(([key]) => key);
  return {
    open(session) {
      const cookie = Buffer.from(random(32)).toString('base64url');
      const own = of(session.user);
      if (own.length >= MAX_PER_USER) sessions.delete(own[0] ?? '');
      sessions.set(sha256(cookie), session);
      const oldest = sessions.size > MAX_SESSIONS ? sessions.keys().next().value : undefined;
      if (oldest !== undefined) sessions.delete(oldest);
      return cookie;
    },
    find(cookie) {
      if (!cookie) return null;
      const session = sessions.get(sha256(cookie));
      if (!session) return null;
      if (session.until > now()) return session;
      sessions.delete(sha256(cookie));
      return null;
    },
    close(cookie) {
      if (cookie) sessions.delete(sha256(cookie));
    },
    closeAll(user) {
      const own = of(user);
      for (const key of own) sessions.delete(key);
      return own.length;
    },
  };
}

import { createHash } from 'node:crypto';
import { unauthorized } from '../faults.ts';
import type { Database } from '../store/database.ts';
import type { TokenRow, UserRow } from '../store/tables.ts';

/** Who calls, and with what kind of token. */
export interface Principal {
  user: UserRow;
  token: TokenRow;
}

/** @returns `null` when no token was sent @throws 401 when one was sent that the hub does not know */
export function principalOf(db: Database, authorization: string | undefined, now: number): Principal | null {
  if (authorization === undefined) return null;
  const value = /^Bearer\s+(\S+)$/i.exec(authorization)?.[1];
  const token = value === undefined ? undefined : db.get('tokens', tokenKey(value));
  const user = token && db.get('users', token.user.toLowerCase());
  const expired = token?.oauth !== undefined && token.oauth.expiresAt < now;
  if (!token || !user || expired) throw unauthorized('Invalid credentials in Authorization header');
  return { user, token };
}

/** Tokens are looked up, and kept, by their sha256. */
export function tokenKey(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { tokenKey } from '../identity/principal.ts';
import { type Database, put } from '../store/database.ts';
import type { SpaceRow, UserRow } from '../store/tables.ts';

const CODE_LIFE_MS = 5 * 60_000;

/** A login that was agreed to and not yet exchanged for a token. */
export interface Grant {
  clientId: string;
  redirectUri: string;
  user: string;
  scopes: string[];
  nonce?: string;
  /** PKCE, S256. */
  codeChallenge?: string;
  expiresAt: number;
}

/** Authorization codes: each works once, for five minutes, within one run of the hub. */
export class Grants {
  private readonly codes = new Map<string, Grant>();

  add(grant: Omit<Grant, 'expiresAt'>, now: number): string {
    for (const [code, old] of this.codes) if (old.expiresAt < now) this.codes.delete(code);
    const code = randomBytes(24).toString('base64url');
    this.codes.set(code, { ...grant, expiresAt: now + CODE_LIFE_MS });
    return code;
  }

  take(code: string, now: number): Grant | null {
    const grant = this.codes.get(code);
    this.codes.delete(code);
    return grant && grant.expiresAt >= now ? grant : null;
  }
}

/** RFC 7636, S256. */
export function matchesChallenge(challenge: string, verifier: string): boolean {
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** Makes an access token for a grant and keeps its hash. */
export async function issueToken(db: Database, grant: Grant, lifeMs: number, now: number): Promise<string> {
  const token = `hf_oauth_${randomBytes(24).toString('base64url')}`;
  const { user, scopes, clientId } = grant;
  const oauth = { scopes, clientId, expiresAt: now + lifeMs };
  const createdAt = new Date(now).toISOString();
  await db.write(
    put('tokens', tokenKey(token), {
      user,
      displayName: 'oauth',
      role: 'read',
      scopes: [],
      createdAt,
      oauth,
    }),
  );
  return token;
}

/** OpenID Connect ID token, signed HS256 with the client's secret. */
export function idToken(issuer: string, space: SpaceRow, user: UserRow, grant: Grant, now: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const iat = Math.floor(now / 1000);
  const claims = { iss: issuer, sub: user.id, aud: space.oauth.clientId, iat, exp: iat + 3600 };
  const more = {
    ...(grant.nonce && { nonce: grant.nonce }),
    preferred_username: user.name,
    name: user.fullname,
  };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ ...claims, ...more })}`;
  return `${text}.${createHmac('sha256', space.oauth.clientSecret).update(text).digest('base64url')}`;
}

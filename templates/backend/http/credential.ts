/** Who a request says it comes from. */
import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Credential } from '../auth/types.ts';
import type { Services } from '../services.ts';
import { bearerOf, headerOf } from './request.ts';

export const SESSION_COOKIE = 'collab_session';

/** A header beats the session. A session writes only from its own pages: other sites cannot set these headers. */
export function credentialOf(s: Services, c: Context): Pick<Credential, 'bearer' | 'from'> {
  const bearer = bearerOf(headerOf(c, 'authorization'));
  if (bearer !== null) return { bearer, from: 'header' };
  const session = headerOf(c, 'cookie') ? s.sessions.find(getCookie(c, SESSION_COOKIE)) : undefined;
  if (!session || (c.req.method !== 'GET' && !sameOrigin(c))) return { bearer: null, from: 'none' };
  return { bearer: session.token, from: 'session' };
}

export function sameOrigin(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = c.req.header('origin');
  const host = c.req.header('host');
  return origin !== undefined && host !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

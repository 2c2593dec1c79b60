/** People log in with the Hub's OAuth; the token never leaves this process. */
import { createHash, hkdfSync } from 'node:crypto';
import type { Context, Hono } from 'hono';
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie';
import { z } from 'zod';
import { networkOf, slidingWindows } from '../limits.ts';
import type { Services } from '../services.ts';
import { SESSION_COOKIE, sameOrigin } from './credential.ts';
import { addressOf, bearerOf, headerOf } from './request.ts';

const STATE_COOKIE = 'collab_login';
const STATE_MS = 600_000;
const SESSION_MS = 8 * 3_600_000;
/** Codes of one address that are shown to the Hub in a minute. */
const CODES_PER_MINUTE = 30;
/** What the Space's card names; the Hub refuses more. Roles are read with the server's own token. */
const SCOPES = 'openid profile';

/** A login under way. The browser carries it, signed: the server keeps nothing, so nobody can crowd it out. */
const Attempt = z.object({
  state: z.string(),
  verifier: z.string(),
  next: z.string(),
  redirectUri: z.string(),
  until: z.number(),
});
type Attempt = z.output<typeof Attempt>;

const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** A path on this very site: no scheme, no host, no backslash tricks. */
export function safeNext(next: string | undefined): string {
  if (
    next === undefined ||
    next.length > 1000 ||
    !/^\/(?![/\\])[\x21-\x7e]*$/.test(next) ||
    next.includes('\\')
  )
    return '/';
  const at = new URL(next, 'http://here.invalid');
  // Dot components fall away while it is read: what is left must not begin like a host.
  const stays = at.host === 'here.invalid' && !at.pathname.startsWith('//');
  return stays ? at.pathname + at.search + at.hash : '/';
}

export function addLogin(app: Hono<any>, s: Services): void {
  if (s.settings.OAUTH_CLIENT_ID === '') return;
  const key = Buffer.from(hkdfSync('sha256', s.settings.HF_TOKEN, '', 'collab login', 32));
  const secure = s.settings.SPACE_HOST !== '' && !/^(127\.|localhost)/.test(s.settings.SPACE_HOST);
  // Partitioned: kept apart per embedding site, so that a login works inside the huggingface.co frame.
  const cookie = {
    httpOnly: true,
    path: '/',
    secure,
    sameSite: secure ? 'None' : 'Lax',
    partitioned: secure,
  } as const;

  const codes = slidingWindows([{ count: CODES_PER_MINUTE, spanMs: 60_000 }], s.now);

  app.get('/login', async (c) => {
    const attempt: Attempt = {
      state: b64(s.random(24)),
      verifier: b64(s.random(32)),
      next: safeNext(c.req.query('next')),
      redirectUri: `${origin(s, c)}/auth/callback`,
      until: s.now() + STATE_MS,
    };
    const carried = b64(Buffer.from(JSON.stringify(attempt)));
    await setSignedCookie(c, STATE_COOKIE, carried, key, { ...cookie, maxAge: STATE_MS / 1000 });
    const url = new URL('/oauth/authorize', provider(s));
    url.search = new URLSearchParams({
      client_id: s.settings.OAUTH_CLIENT_ID,
      redirect_uri: attempt.redirectUri,
      response_type: 'code',
      scope: SCOPES,
      state: attempt.state,
      code_challenge: createHash('sha256').update(attempt.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString();
    return c.redirect(url.toString());
  });

  app.get('/auth/callback', async (c) => {
    const fail = (code: string) => c.redirect(`/?login_error=${code}`);
    const attempt = readAttempt(await getSignedCookie(c, key, STATE_COOKIE));
    if (!attempt || attempt.until <= s.now() || attempt.state !== c.req.query('state'))
      return fail('bad_state');
    deleteCookie(c, STATE_COOKIE, cookie);
    const code = c.req.query('code');
    if (!code) return fail('provider');
    if (codes(networkOf(caller(s, c).ip)) !== null) return fail('token_exchange');
    const token = await exchange(s, attempt, code).catch((error: unknown) => {
      s.log('warn', 'login_failed', { error });
      return null;
    });
    if (token === null) return fail('token_exchange');
    const user = await s.auth.user({ bearer: token.access, from: 'session' }).catch(() => null);
    if (!user) return fail('whoami');
    audit(s, c, user.name, user.isMember ? 302 : 403);
    if (!user.isMember) return fail('not_in_org');
    const until = s.now() + Math.min(token.seconds * 1000, SESSION_MS);
    const value = s.sessions.open({ token: token.access, user: user.name, until });
    setCookie(c, SESSION_COOKIE, value, { ...cookie, maxAge: Math.floor((until - s.now()) / 1000) });
    return c.redirect(attempt.next);
  });

  addHandover(app, s, cookie);

  // A page asks whether it is logged in before it asks as whom: a refusal would stand in everybody's console.
  app.get('/login/session', (c) => {
    c.header('cache-control', 'no-store');
    return c.json({ open: s.sessions.find(getCookie(c, SESSION_COOKIE)) !== null });
  });

  app.post('/logout', async (c) => {
    const bearer = bearerOf(headerOf(c, 'authorization'));
    if (bearer !== null) return logOutEverywhere(s, c, bearer);
    if (!sameOrigin(c)) return c.redirect('/', 303);
    const own = getCookie(c, SESSION_COOKIE);
    const user = s.sessions.find(own)?.user;
    if (c.req.query('everywhere') !== undefined && user !== undefined) s.sessions.closeAll(user);
    s.sessions.close(own);
    deleteCookie(c, SESSION_COOKIE, cookie);
    return c.body(null, 204);
  });
}

/** Whose cookie was taken has the Hub's token still: with it every login ends. @throws ApiError of a token that proves nobody */
async function logOutEverywhere(s: Services, c: Context, bearer: string): Promise<Response> {
  const { name } = await s.auth.user({ bearer, from: 'header', ip: caller(s, c).ip });
  return c.json({ ended: s.sessions.closeAll(name) });
}

function readAttempt(carried: string | false | undefined): Attempt | null {
  if (!carried) return null;
  const parsed = Attempt.safeParse(JSON.parse(Buffer.from(carried, 'base64url').toString()));
  return parsed.success ? parsed.data : null;
}

const caller = (s: Services, c: Context) => ({
  ip: addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env)),
  userAgent: headerOf(c, 'user-agent')?.slice(0, 300),
});

function audit(s: Services, c: Context, hfUser: string, status: number): void {
  s.audit.record(caller(s, c), {
    agent_id: null,
    route: c.req.path,
    via: 'dashboard',
    source: null,
    target_path: null,
    bytes: 0,
    status_code: status,
    hf_user: hfUser,
  });
}

type CookieOptions = Parameters<typeof setCookie>[3];

/** What a frame chose, and its hash as the tab gives it: 32 bytes in base64url. */
const CLAIM = /^[A-Za-z0-9_-]{43}$/;
const CLAIM_HEADER = 'x-collab-claim';
const HANDOVER_MS = 120_000;

/**
 * A login made in a tab of its own, given on to the frame that opened the tab: cookies are kept apart per embedding
 * site, so the frame needs one of its own. The frame tells a secret to the tab, which takes it from a page of this very
 * origin alone; the tab, logged in, leaves its hash here; the frame shows the secret and gets a session of its own.
 */
function addHandover(app: Hono<any>, s: Services, cookie: CookieOptions): void {
  const open = new Map<string, { from: string | undefined; user: string; leftUntil: number }>();

  app.post('/login/handover', (c) => {
    const claim = claimIn(c);
    const from = getCookie(c, SESSION_COOKIE);
    const session = sameOrigin(c) ? s.sessions.find(from) : null;
    if (!session || claim === null) return c.body(null, 403);
    // One for each person: nobody crowds out others.
    for (const [key, left] of open)
      if (left.leftUntil <= s.now() || left.user === session.user) open.delete(key);
    open.set(claim, { from, user: session.user, leftUntil: s.now() + HANDOVER_MS });
    return c.body(null, 204);
  });

  app.post('/login/claim', (c) => {
    const claim = claimIn(c);
    if (!sameOrigin(c) || claim === null) return c.body(null, 403);
    const hash = createHash('sha256').update(claim).digest('base64url');
    const left = open.get(hash);
    open.delete(hash);
    // What was left by a login that has ended since is nobody's.
    const session = left && left.leftUntil > s.now() ? s.sessions.find(left.from) : null;
    if (!session) return c.body(null, 404);
    const { until } = session;
    const value = s.sessions.open(session);
    setCookie(c, SESSION_COOKIE, value, { ...cookie, maxAge: Math.floor((until - s.now()) / 1000) });
    return c.body(null, 204);
  });
}

const claimIn = (c: Context): string | null => {
  const claim = c.req.header(CLAIM_HEADER) ?? '';
  return CLAIM.test(claim) ? claim : null;
};

const provider = (s: Services) => s.settings.OPENID_PROVIDER_URL || s.settings.HF_ENDPOINT;

/** The address the Hub knows this Space by; forwarded headers never decide it. */
function origin(s: Services, c: Context): string {
  const host = s.settings.SPACE_HOST;
  if (host === '') return new URL(c.req.url).origin;
  return /^(127\.|localhost)/.test(host) ? `http://${host}` : `https://${host}`;
}

async function exchange(
  s: Services,
  attempt: Attempt,
  code: string,
): Promise<{ access: string; seconds: number }> {
  const basic = Buffer.from(`${s.settings.OAUTH_CLIENT_ID}:${s.settings.OAUTH_CLIENT_SECRET}`).toString(
    'base64',
  );
  const response = await fetch(new URL('/oauth/token', provider(s)), {
    method: 'POST',
    headers: { Authorization: `Basic ${basic}`, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: attempt.redirectUri,
      code_verifier: attempt.verifier,
    }),
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok) throw new Error(`token exchange answered ${response.status}`);
  const answer = (await response.json()) as { access_token?: unknown; expires_in?: unknown };
  if (typeof answer.access_token !== 'string') throw new Error('token exchange gave no token');
  return {
    access: answer.access_token,
    seconds: typeof answer.expires_in === 'number' ? answer.expires_in : 28_800,
  };
}

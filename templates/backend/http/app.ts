/** The HTTP edge: every declared route bound to its code, one shape of error, one log line per request. */
import { createHash, randomUUID } from 'node:crypto';
import { ApiError, ERRORS, type ErrorBody } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import { EVALUATOR_HEADER } from '@collab/contract/routes/evaluator.ts';
import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import { getCookie } from 'hono/cookie';
import type { Credential } from '../auth/types.ts';
import { slidingWindows } from '../limits.ts';
import type { Services } from '../services.ts';
import { isCompat } from '../settings.ts';
import { compatFailure, compatQuery, compatReply, NO_SUCH_ROUTE } from './compat.ts';
import { isCurrent, weakTag } from './conditional.ts';
import type { Binding, Call, Reply } from './handle.ts';
import { addressOf, bearerOf, readBody, readParams, readQuery } from './request.ts';
import { whole } from './whole.ts';

export const SESSION_COOKIE = 'collab_session';

const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

/** These answer before the record is loaded. */
const EARLY = new Set(['meta.healthz', 'meta.describe', 'meta.openapi', 'meta.docs']);

/** Refused writes kept as evidence, per minute and user: a flood of anonymous requests must not fill the log. */
const AUDITED_REFUSALS = 300;

/** Whether one more refusal of this caller is kept. */
type Auditable = (facts: Partial<Call>) => boolean;

type Env = { Variables: { requestId: string; started: number; code?: string } };

export function createHttp(s: Services, bindings: Binding[]): Hono<Env> {
  const app = new Hono<Env>();
  const refusals = slidingWindows([{ count: AUDITED_REFUSALS, spanMs: 60_000 }], s.now);
  const auditable: Auditable = ({ credential }) => refusals(credential?.proven ?? '') === null;
  app.use(async (c, next) => {
    c.set('requestId', randomUUID());
    c.set('started', s.now());
    await next();
    for (const [name, value] of Object.entries(HEADERS))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    c.res.headers.set('X-Request-Id', c.get('requestId'));
    logRequest(s, c);
  });
  // Reads alone: nothing secret is ever in one beside what a caller chose.
  app.get('*', compress());
  for (const binding of bindings)
    app.on(binding.route.method, honoPath(binding.route.path), (c) => serve(s, binding, c, auditable));
  for (const [path, methods] of byPath(bindings))
    app.all(honoPath(path), (c) => {
      c.header('Allow', methods.join(', '));
      return failure(
        s,
        c,
        new ApiError('METHOD_NOT_ALLOWED', `${c.req.method} is not served here; ${methods.join(', ')} is`),
      );
    });
  app.onError((error, c) => failure(s, c, error));
  app.notFound((c) =>
    failure(s, c, new ApiError('NOT_FOUND', NO_SUCH_ROUTE, { hint: 'GET /v1 lists them' })),
  );
  return app;
}

/** `{x}` → `:x`, `{x*}` → the rest. */
const honoPath = (path: string) =>
  path
    .replace(/\{(\w+)\}(:\w+)/g, ':$1{[^/]+$2}')
    .replace(/\{(\w+)\*\}/g, ':$1{.+}')
    .replace(/\{(\w+)\}/g, ':$1');

function byPath(bindings: Binding[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const { route } of bindings) out.set(route.path, [...(out.get(route.path) ?? []), route.method]);
  return out;
}

async function serve(
  s: Services,
  { route, run }: Binding,
  c: Context<Env>,
  auditable: Auditable,
): Promise<Response> {
  let facts: Partial<Call> = {};
  const compat = isCompat(s.settings);
  try {
    if (!EARLY.has(route.name)) await s.store.ready();
    const { query, ignored } = readQuery(route, c.req.url, compat ? compatQuery : undefined);
    if (ignored.length > 0)
      c.header('X-Ignored-Params', ignored.map(encodeURIComponent).join(',').slice(0, 1000));
    const credential = { ...credentialOf(s, c), evaluatorKey: c.req.header(EVALUATOR_HEADER) };
    facts = {
      credential,
      ip: addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env)),
      userAgent: c.req.header('user-agent')?.slice(0, 300),
    };
    const { body, text } = await readBody(route, c.req.raw, s.settings.MESSAGE_MAX_BYTES * 2 + 65_536);
    facts.body = body as never;
    const call = {
      ...facts,
      params: readParams(route, c.req.param() as Record<string, string>),
      query,
      body,
      idempotency: idempotencyOf(route, c, text),
      requestId: c.get('requestId'),
      ifNoneMatch: c.req.header('if-none-match'),
      signal: c.req.raw.signal,
    } as Call;
    const reply = await run(call);
    if (s.strict) checkReply(route, reply);
    return respond(c, route, compat ? compatReply(route, reply) : reply);
  } catch (error) {
    if (route.method !== 'GET' && auditable(facts)) auditRefusal(s, route, facts, error);
    return failure(s, c, error);
  }
}

function respond(c: Context<Env>, route: AnyRoute, reply: Reply): Response {
  for (const [name, value] of Object.entries(reply.headers ?? {})) c.header(name, value);
  const status = (reply.status ?? route.statuses[0] ?? 200) as 200;
  if (reply.headers?.ETag) c.header('Vary', 'Accept-Encoding');
  if (reply.status === 304) return c.body(null, 304);
  if (reply.raw !== undefined) return whole(c, reply.raw, status);
  return route.method === 'GET' && status === 200
    ? conditional(c, reply.body)
    : json(c, reply.body ?? null, status);
}

const json = (c: Context<Env>, body: unknown, status: number) =>
  whole(c, JSON.stringify(body), status, { 'Content-Type': 'application/json' });

function conditional(c: Context<Env>, body: unknown): Response {
  const text = JSON.stringify(body ?? null);
  const tag = weakTag(text);
  c.header('ETag', tag);
  c.header('Vary', 'Accept-Encoding');
  if (isCurrent(c.req.header('if-none-match'), tag)) return c.body(null, 304);
  return whole(c, text, 200, { 'Content-Type': 'application/json' });
}

function checkReply(route: AnyRoute, reply: Reply): void {
  const status = reply.status ?? route.statuses[0];
  if (!route.statuses.includes(status as number) && (status ?? 0) < 300)
    throw new Error(`${route.name}: undeclared status ${status}`);
  const parsed = route.response && reply.raw === undefined ? route.response.safeParse(reply.body) : null;
  if (parsed && !parsed.success)
    throw new Error(`${route.name}: answer breaks its schema: ${parsed.error.message}`);
}

/** A header beats the session. A session writes only from its own pages: other sites cannot set these headers. */
function credentialOf(s: Services, c: Context<Env>): Credential {
  const bearer = bearerOf(c.req.header('authorization'));
  if (bearer !== null) return { bearer, from: 'header' };
  const session = s.sessions.find(getCookie(c, SESSION_COOKIE));
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

/** `{key}-{request}`: the same key with another body is told apart. Bound to the caller by the route, in the record's author. */
function idempotencyOf(route: AnyRoute, c: Context<Env>, text: string): string | null {
  const key = c.req.header('idempotency-key');
  if (key === undefined || key === '' || route.method === 'GET') return null;
  if (key.length > 256)
    throw new ApiError('INVALID_REQUEST', 'Idempotency-Key is longer than 256 characters');
  const hash = (t: string) => createHash('sha256').update(t).digest('hex').slice(0, 32);
  return `${hash(`${route.name}\n${key}`)}-${hash(text)}`;
}

function failure(s: Services, c: Context<Env>, error: unknown): Response {
  const made =
    error instanceof ApiError
      ? error
      : new ApiError('INTERNAL', 'the server made a mistake', { cause: error });
  const { error: api, detail }: ReturnType<typeof compatFailure> = isCompat(s.settings)
    ? compatFailure(made)
    : { error: made };
  const requestId = c.get('requestId');
  c.set('code', api.code);
  if (api.status >= 500)
    s.log(api.code === 'INTERNAL' ? 'error' : 'warn', 'request_failed', {
      request_id: requestId,
      code: api.code,
      cause: causes(api),
    });
  if (api.retryAfterS !== undefined) c.header('Retry-After', String(Math.max(1, Math.ceil(api.retryAfterS))));
  if (api.code === 'UNAUTHORIZED') c.header('WWW-Authenticate', 'Bearer');
  const body = api.toBody(requestId) satisfies ErrorBody;
  return json(c, detail === undefined ? body : { detail, ...body }, ERRORS[api.code].status);
}

function causes(error: Error): string {
  const parts: string[] = [];
  for (let e: unknown = error; e instanceof Error && parts.length < 5; e = e.cause)
    parts.push(e instanceof ApiError ? e.message : (e.stack ?? e.message));
  return parts.join(' <- ');
}

function logRequest(s: Services, c: Context<Env>): void {
  s.log('info', 'request', {
    request_id: c.get('requestId'),
    method: c.req.method,
    path: c.req.path.slice(0, 300),
    status: c.res.status,
    code: c.get('code'),
    ms: s.now() - c.get('started'),
  });
}

/** Refused writes are evidence too: who they claim to be, who they proved to be, never the text. */
function auditRefusal(s: Services, route: AnyRoute, facts: Partial<Call>, error: unknown): void {
  const api = error instanceof ApiError ? error : null;
  const body = (facts.body ?? {}) as { agent_id?: unknown; source?: unknown };
  s.audit.record({
    agent_id: typeof body.agent_id === 'string' ? body.agent_id.slice(0, 64) : null,
    route: route.path,
    via: null,
    source: typeof body.source === 'string' ? body.source.slice(0, 300) : null,
    target_path: null,
    bytes: 0,
    status_code: api?.status ?? 500,
    ...(facts.ip !== undefined && { caller_ip: facts.ip }),
    ...(facts.userAgent !== undefined && { user_agent: facts.userAgent }),
    ...(facts.credential?.proven !== undefined && { hf_user: facts.credential.proven }),
    error: api?.code ?? 'INTERNAL',
  });
}

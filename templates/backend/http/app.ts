/** The HTTP edge: every declared route bound to its code, one shape of error, one log line per request. */
import { createHash, randomUUID } from 'node:crypto';
import { ApiError, ERRORS, type ErrorBody } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import { EVALUATOR_HEADER } from '@collab/contract/routes/evaluator.ts';
import { type Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Credential } from '../auth/types.ts';
import { networkOf, slidingWindows } from '../limits.ts';
import type { Services } from '../services.ts';
import { type Answer, answerOf, HEADERS, jsonAnswer, respond } from './answer.ts';
import { compatFailure, compatQuery, compatReply, NO_SUCH_ROUTE } from './compat.ts';
import type { Binding, Call, Reply } from './handle.ts';
import { Incoming } from './incoming.ts';
import { KEPT, KeptAnswers } from './kept.ts';
import { addressOf, bearerOf, headerOf, readBody, readParams, readQuery } from './request.ts';
import { UnderWay, type Wire } from './under-way.ts';

export const SESSION_COOKIE = 'collab_session';

/** These answer before the record is loaded. */
const EARLY = new Set(['meta.healthz', 'meta.describe', 'meta.openapi', 'meta.docs']);

/** Refused writes kept as evidence, per minute and user: a flood of anonymous requests must not fill the log. */
const AUDITED_REFUSALS = 300;

/** Whether one more refusal of this caller is kept. */
type Auditable = (facts: Partial<Call>) => boolean;

type Env = { Variables: { requestId: string; started: number; code?: string; whole?: boolean } };

export function createHttp(s: Services, bindings: Binding[]): Hono<Env> {
  const app = new Hono<Env>();
  const refusals = slidingWindows([{ count: AUDITED_REFUSALS, spanMs: 60_000 }], s.now);
  const auditable: Auditable = ({ credential }) => refusals(credential?.proven ?? '') === null;
  app.use(async (c, next) => {
    c.set('requestId', randomUUID());
    c.set('started', s.now());
    await next();
    if (!c.get('whole')) complete(c);
    logRequest(s, c);
  });
  const incoming = new Incoming(s.now);
  const underWay = new UnderWay();
  const sendable = (c: Context<Env>, answer: Answer): Answer => {
    const { body } = answer;
    const from = networkOf(addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env)));
    if (body === null || underWay.admit(from, Buffer.byteLength(body), c.env as Wire)) return answer;
    const message = 'too much is on its way to you that you have not read';
    return failure(s, c, new ApiError('RATE_LIMITED', message, { retryAfterS: 5 }));
  };
  const kept = new KeptAnswers(() => `${s.store.version} ${s.evaluation.standings.version}`, s.now);
  for (const binding of bindings) {
    const { name, method, path } = binding.route;
    const make = (c: Context<Env>) => serve(s, binding, c, { auditable, incoming });
    const keep = async (c: Context<Env>) =>
      kept.find(c.req.url) ?? (await kept.make(c.req.url, () => make(c)));
    const answer = KEPT.has(name) && s.settings.LISTING_TTL_S > 0 ? keep : make;
    app.on(method, honoPath(path), async (c) => send(c, sendable(c, await answer(c))));
  }
  for (const [path, methods] of byPath(bindings)) {
    if (s.profile.compat) app.all(`${honoPath(path)}/`, withoutSlash);
    app.all(honoPath(path), (c) => {
      const message = `${c.req.method} is not served here; ${methods.join(', ')} is`;
      const refused = failure(s, c, new ApiError('METHOD_NOT_ALLOWED', message));
      return send(c, { ...refused, headers: { ...refused.headers, Allow: methods.join(', ') } });
    });
  }
  app.onError((error, c) => send(c, failure(s, c, error)));
  app.notFound((c) =>
    send(c, failure(s, c, new ApiError('NOT_FOUND', NO_SUCH_ROUTE, { hint: 'GET /v1 lists them' }))),
  );
  return app;
}

/** The reference's framework sends whoever adds a slash to the address without it. */
function withoutSlash(c: Context): Response {
  const to = new URL(c.req.url);
  to.pathname = to.pathname.slice(0, -1);
  return c.redirect(`${to.pathname}${to.search}`, 307);
}

/** What does not come from a declared route (files, login) gets the common headers it did not set. */
function complete(c: Context<Env>): void {
  for (const [name, value] of Object.entries(HEADERS))
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  c.res.headers.set('X-Request-Id', c.get('requestId'));
}

function send(c: Context<Env>, answer: Answer): Response | Promise<Response> {
  c.set('whole', true);
  return respond(c, answer, c.get('requestId'));
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
  { auditable, incoming }: { auditable: Auditable; incoming: Incoming },
): Promise<Answer> {
  let facts: Partial<Call> = {};
  let isLarge = false;
  const { compat } = s.profile;
  try {
    if (!EARLY.has(route.name)) await s.store.ready();
    const { query, ignored } = readQuery(route, c.req.url, compat ? compatQuery : undefined);
    const ip = addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env));
    facts = {
      credential: { ...credentialOf(s, c), ip, evaluatorKey: headerOf(c, EVALUATOR_HEADER) },
      ip,
      userAgent: headerOf(c, 'user-agent')?.slice(0, 300),
    };
    const { body, text } = await readBody(route, c.req.raw, {
      max: s.settings.MESSAGE_MAX_BYTES * 2 + 65_536,
      ip,
      incoming,
      large() {
        incoming.large(ip);
        isLarge = true;
      },
    });
    facts.body = body as never;
    const call = {
      ...facts,
      params: readParams(route, c.req.param() as Record<string, string>),
      query,
      body,
      idempotency: idempotencyOf(route, c, text),
      requestId: c.get('requestId'),
      ifNoneMatch: headerOf(c, 'if-none-match'),
    } as Call;
    const reply = await run(call);
    if (s.strict) checkReply(route, reply);
    const answer = answerOf(route, compat ? compatReply(route, reply) : reply);
    return ignored.length > 0 ? { ...answer, headers: { ...answer.headers, ...naming(ignored) } } : answer;
  } catch (error) {
    if (isLarge) incoming.refused(facts.ip);
    if (route.method !== 'GET' && auditable(facts)) auditRefusal(s, route, facts, error);
    return failure(s, c, error);
  }
}

const naming = (ignored: string[]) => ({
  'X-Ignored-Params': ignored.map(encodeURIComponent).join(',').slice(0, 1000),
});

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

/** `{key}-{request}`: the same key with another body is told apart. Bound to the caller by the route, in the record's author. */
function idempotencyOf(route: AnyRoute, c: Context<Env>, text: string): string | null {
  const key = headerOf(c, 'idempotency-key');
  if (key === undefined || key === '' || route.method === 'GET') return null;
  if (key.length > 256)
    throw new ApiError('INVALID_REQUEST', 'Idempotency-Key is longer than 256 characters');
  const hash = (t: string) => createHash('sha256').update(t).digest('hex').slice(0, 32);
  return `${hash(`${route.name}\n${key}`)}-${hash(text)}`;
}

function failure(s: Services, c: Context<Env>, error: unknown): Answer {
  const made =
    error instanceof ApiError
      ? error
      : new ApiError('INTERNAL', 'the server made a mistake', { cause: error });
  const { error: api, body: known }: ReturnType<typeof compatFailure> = s.profile.compat
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
  const headers = {
    ...(api.retryAfterS !== undefined && { 'Retry-After': String(Math.max(1, Math.ceil(api.retryAfterS))) }),
    ...(api.code === 'UNAUTHORIZED' && { 'WWW-Authenticate': 'Bearer' }),
  };
  const body = api.toBody(requestId) satisfies ErrorBody;
  return jsonAnswer(ERRORS[api.code].status, known ?? body, headers);
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
  s.audit.record(facts, {
    agent_id: typeof body.agent_id === 'string' ? body.agent_id.slice(0, 64) : null,
    route: route.path,
    via: null,
    source: typeof body.source === 'string' ? body.source.slice(0, 300) : null,
    target_path: null,
    bytes: 0,
    status_code: api?.status ?? 500,
    ...(facts.credential?.proven !== undefined && { hf_user: facts.credential.proven }),
    error: api?.code ?? 'INTERNAL',
  });
}

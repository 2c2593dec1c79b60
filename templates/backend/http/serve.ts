/** One call of a declared route: read, checked, run, answered. Whatever fails on the way is an answer too. */
import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import { EVALUATOR_HEADER } from '@collab/contract/routes/evaluator.ts';
import type { Context } from 'hono';
import type { Credential } from '../auth/types.ts';
import { slidingWindows } from '../limits.ts';
import type { Services } from '../services.ts';
import { type Answer, answerOf } from './answer.ts';
import { compatQuery, compatReply } from './compat.ts';
import { credentialOf } from './credential.ts';
import type { Exchange } from './exchange.ts';
import { failure } from './failure.ts';
import type { Binding, Call, Reply } from './handle.ts';
import { Incoming } from './incoming.ts';
import { addressOf, headerOf, readBody, readParams, readQuery } from './request.ts';

/** These answer before the record is loaded. */
const EARLY = new Set(['meta.healthz', 'meta.describe', 'meta.openapi', 'meta.docs']);

/** Refused writes kept as evidence, per minute and user: a flood of anonymous requests must not fill the log. */
const AUDITED_REFUSALS = 300;

const EVALUATOR_KEY = EVALUATOR_HEADER.toLowerCase();

/** What is known of a call before it is read whole. */
interface Caller {
  credential: Credential;
  ip: string | undefined;
  userAgent: string | undefined;
}

export type Serve = (binding: Binding, exchange: Exchange) => Promise<Answer>;

/** @returns what serves every binding; what it counts, it counts for all of them. */
export function server(s: Services): Serve {
  const incoming = new Incoming(s.now);
  const refusals = slidingWindows([{ count: AUDITED_REFUSALS, spanMs: 60_000 }], s.now);
  const maxBytes = s.settings.MESSAGE_MAX_BYTES * 2 + 65_536;
  const { compat } = s.profile;
  const serve = async ({ route, run }: Binding, exchange: Exchange): Promise<Answer> => {
    const { c } = exchange;
    const from = callerOf(s, c);
    const coming = incoming.of(from.ip);
    let body: unknown;
    try {
      if (!EARLY.has(route.name)) await s.store.ready();
      const { query, ignored } = readQuery(route, c.req.url, compat ? compatQuery : undefined);
      const read = await readBody(route, c.req.raw, maxBytes, coming);
      body = read.body;
      // Written out: to spread what is known costs more than to read the request.
      const call: Call = {
        params: readParams(route, c.req.param() as Record<string, string>) as Call['params'],
        query: query as Call['query'],
        body: body as never,
        credential: from.credential,
        idempotency: idempotencyOf(route, c, read.text),
        requestId: exchange.id,
        ip: from.ip,
        userAgent: from.userAgent,
        ifNoneMatch: headerOf(c, 'if-none-match'),
      };
      const reply = await run(call);
      if (s.strict) checkReply(route, reply);
      const answer = answerOf(route, compat ? compatReply(route, reply) : reply);
      if (ignored.length > 0) answer.headers['X-Ignored-Params'] = named(ignored);
      return answer;
    } catch (error) {
      coming.refused();
      if (route.method !== 'GET' && refusals(from.credential.proven ?? '') === null)
        auditRefusal(s, route, from, body, error);
      return failure(s, exchange, error);
    } finally {
      coming.end();
    }
  };
  return serve;
}

function callerOf(s: Services, c: Context): Caller {
  const ip = addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env));
  const { bearer, from } = credentialOf(s, c);
  const evaluatorKey = headerOf(c, EVALUATOR_KEY);
  return {
    credential: { bearer, from, ip, evaluatorKey },
    ip,
    userAgent: headerOf(c, 'user-agent')?.slice(0, 300),
  };
}

const named = (ignored: string[]) => ignored.map(encodeURIComponent).join(',').slice(0, 1000);

function checkReply(route: AnyRoute, reply: Reply): void {
  const status = reply.status ?? route.statuses[0];
  if (!route.statuses.includes(status as number) && (status ?? 0) < 300)
    throw new Error(`${route.name}: undeclared status ${status}`);
  const parsed = route.response && reply.raw === undefined ? route.response.safeParse(reply.body) : null;
  if (parsed && !parsed.success)
    throw new Error(`${route.name}: answer breaks its schema: ${parsed.error.message}`);
}

/** `{key}-{request}`: the same key with another body is told apart. Bound to the caller by the route, in the record's author. */
function idempotencyOf(route: AnyRoute, c: Context, text: string): string | null {
  const key = headerOf(c, 'idempotency-key');
  if (key === undefined || key === '' || route.method === 'GET') return null;
  if (key.length > 256)
    throw new ApiError('INVALID_REQUEST', 'Idempotency-Key is longer than 256 characters');
  const hash = (t: string) => createHash('sha256').update(t).digest('hex').slice(0, 32);
  return `${hash(`${route.name}\n${key}`)}-${hash(text)}`;
}

/** Refused writes are evidence too: who they claim to be, who they proved to be, never the text. */
function auditRefusal(s: Services, route: AnyRoute, from: Caller, given: unknown, error: unknown): void {
  const api = error instanceof ApiError ? error : null;
  const body = (given ?? {}) as { agent_id?: unknown; source?: unknown };
  const { proven } = from.credential;
  s.audit.record(from, {
    agent_id: typeof body.agent_id === 'string' ? body.agent_id.slice(0, 64) : null,
    route: route.path,
    via: null,
    source: typeof body.source === 'string' ? body.source.slice(0, 300) : null,
    target_path: null,
    bytes: 0,
    status_code: api?.status ?? 500,
    ...(proven !== undefined && { hf_user: proven }),
    error: api?.code ?? 'INTERNAL',
  });
}

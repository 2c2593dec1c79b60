/**
 * Profile `compat` at the edge (facts of the reference's wire): malformed paging is read as the reference reads it, and
 * an answer carries only what the reference's clients know. Nothing behind the edge asks for the profile because of this.
 */
import { ApiError } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import type { Reply } from './handle.ts';

const PAGE = ['count', 'matched', 'items', 'next'];

/** Top-level keys of the answers that the reference gives; routes that are not listed are ours alone or unchanged. */
const REFERENCE_ANSWERS: Record<string, string[]> = {
  'agents.register': ['filename', 'agent_bucket', 'hf_user'],
  'agents.list': PAGE,
  'messages.post': ['filename', 'via', 'path', 'mentions_delivered', 'broadcast'],
  'messages.list': PAGE,
  'inbox.list': PAGE,
  'results.post': ['filename', 'via', 'path'],
  'results.list': PAGE,
  'leaderboard.get': ['score_field', 'order', 'rows', 'meta'],
  'digest.get': [
    'agents',
    'taskforces',
    'leaderboard',
    'recent_messages',
    'recent_results',
    'inbox',
    'stats',
    'generated_at',
  ],
  'taskforces.notes': PAGE,
  'traces.list': PAGE,
};

/** The same answer without the keys the reference does not have. */
export function compatReply(route: AnyRoute, reply: Reply): Reply {
  const keys = REFERENCE_ANSWERS[route.name];
  if (!keys || typeof reply.body !== 'object' || reply.body === null) return reply;
  const body = reply.body as Record<string, unknown>;
  return { ...reply, body: Object.fromEntries(keys.filter((k) => k in body).map((k) => [k, body[k]])) };
}

/** `limit` of 0 or less is "all"; any other `order` than `desc` is `asc`; `after` does not change the default order. */
export function compatQuery(route: AnyRoute, given: Record<string, string>): Record<string, string> {
  const out = { ...given };
  if (/^-?\d+$/.test(out.limit ?? '') && Number(out.limit) <= 0) out.limit = String(Number.MAX_SAFE_INTEGER);
  const stamped =
    'order' in route.query.shape && 'after' in route.query.shape && route.name !== 'agents.list';
  if (out.order !== undefined) out.order = out.order === 'desc' ? 'desc' : 'asc';
  else if (stamped && out.after !== undefined) out.order = 'desc';
  return out;
}

/**
 * The reference's framework answers unknown routes and broken schemas, parameters included, by itself and under `detail`.
 * Its clients find that here too, beside the one shape of every error.
 */
export function compatFailure(error: ApiError): { error: ApiError; detail?: unknown } {
  if (error.code === 'METHOD_NOT_ALLOWED') return { error, detail: 'Method Not Allowed' };
  if (error.code === 'NOT_FOUND' && error.message === NO_SUCH_ROUTE) return { error, detail: 'Not Found' };
  const inQuery = error.code === 'INVALID_QUERY' && error.problems !== undefined;
  if (!inQuery && error.code !== 'INVALID_REQUEST') return { error };
  const { message, hint, problems = [{ path: '', problem: error.message }], cause } = error;
  const detail = problems.map(({ path, problem }) => ({
    type: 'value_error',
    loc: [inQuery ? 'query' : 'body', ...path.split('.').filter((part) => part !== '' && part !== '(body)')],
    msg: problem,
  }));
  return { error: new ApiError('INVALID_REQUEST', message, { hint, problems, cause }), detail };
}

export const NO_SUCH_ROUTE = 'no such route';

/**
 * Profile `compat` at the edge (facts of the reference's wire): malformed paging is read as the reference reads it, and
 * an answer carries only what the reference's clients know. Nothing behind the edge asks for the profile because of this.
 */
import { ApiError } from '@collab/contract/errors.ts';
import type { AnyRoute } from '@collab/contract/route.ts';
import type { z } from 'zod';
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
  const limit = /^-?\d+$/.test(out.limit ?? '') ? Number(out.limit) : 1;
  if (limit <= 0 || limit > Number.MAX_SAFE_INTEGER) out.limit = String(Number.MAX_SAFE_INTEGER);
  const stamped =
    'order' in route.query.shape && 'after' in route.query.shape && route.name !== 'agents.list';
  if (out.order !== undefined) out.order = out.order === 'desc' ? 'desc' : 'asc';
  else if (stamped && out.after !== undefined) out.order = 'desc';
  return out;
}

/** What goes over the wire in the place of our own body. */
type Refused = { error: ApiError; body?: object };

/**
 * An error as the reference's clients know it: its own with code, message and hint alone; those of its framework (unknown
 * routes, broken schemas, parameters included) under `detail`, the latter beside our own shape.
 */
export function compatFailure(error: ApiError): Refused {
  if (error.code === 'METHOD_NOT_ALLOWED') return { error, body: { detail: 'Method Not Allowed' } };
  if (error.code === 'NOT_FOUND' && error.message === NO_SUCH_ROUTE)
    return { error, body: { detail: 'Not Found' } };
  const { code, message, hint, problems, cause } = error;
  const inQuery = code === 'INVALID_QUERY' && problems !== undefined;
  if (!inQuery && code !== 'INVALID_REQUEST') {
    const own = { code, message, ...(hint && { hint }) };
    return { error, body: { error: own } };
  }
  const broken = new ApiError('INVALID_REQUEST', message, { hint, problems, cause });
  const detail = detailOf(broken, inQuery ? 'query' : 'body');
  return { error: broken, body: { detail, ...broken.toBody() } };
}

interface Detail {
  type: string;
  loc: (string | number)[];
  msg: string;
}

/** Each problem in the words of pydantic. */
function detailOf({ cause, message, problems }: ApiError, where: 'query' | 'body'): Detail[] {
  const issues = (cause as Partial<z.ZodError> | undefined)?.issues;
  if (issues)
    return issues.slice(0, 20).map((issue) => ({
      ...wordsOf(issue, where),
      loc: [where, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
    }));
  if (cause instanceof SyntaxError)
    return [{ type: 'json_invalid', loc: [where, 0], msg: 'JSON decode error' }];
  const missing = problems?.map(({ path, problem }) => ({
    type: 'missing',
    loc: [where, path],
    msg: problem,
  }));
  return missing ?? [{ type: 'value_error', loc: [where], msg: `Value error, ${message}` }];
}

const EXPECTED: Record<string, [type: string, msg: string]> = {
  string: ['string_type', 'Input should be a valid string'],
  array: ['list_type', 'Input should be a valid list'],
  boolean: ['bool_type', 'Input should be a valid boolean'],
  object: ['dict_type', 'Input should be a valid dictionary'],
  stringbool: ['bool_parsing', 'Input should be a valid boolean, unable to interpret input'],
  number: ['int_parsing', 'Input should be a valid integer, unable to parse string as an integer'],
  int: ['int_parsing', 'Input should be a valid integer, unable to parse string as an integer'],
};

function wordsOf(issue: z.core.$ZodIssue, where: 'query' | 'body'): { type: string; msg: string } {
  const expected = 'expected' in issue ? String(issue.expected) : '';
  if (where === 'body' && issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return { type: 'missing', msg: 'Field required' };
  const [type, msg] = EXPECTED[expected] ?? [];
  if (type !== undefined && msg !== undefined) return { type, msg };
  if (issue.code !== 'invalid_value') return { type: 'value_error', msg: `Value error, ${issue.message}` };
  const values = issue.values.map((value) => `'${String(value)}'`).join(' or ');
  return { type: 'literal_error', msg: `Input should be ${values}` };
}

export const NO_SUCH_ROUTE = 'no such route';

/** What went wrong, as the one shape of an answer. */
import { ApiError, ERRORS, type ErrorBody } from '@collab/contract/errors.ts';
import type { Services } from '../services.ts';
import { type Answer, jsonAnswer } from './answer.ts';
import { compatFailure } from './compat.ts';
import type { Exchange } from './exchange.ts';

/** The answer to a request that failed; what is the server's own fault is logged with its causes. */
export function failure(s: Services, exchange: Exchange, error: unknown): Answer {
  const made =
    error instanceof ApiError
      ? error
      : new ApiError('INTERNAL', 'the server made a mistake', { cause: error });
  const { error: api, body: known }: ReturnType<typeof compatFailure> = s.profile.compat
    ? compatFailure(made)
    : { error: made };
  exchange.code = api.code;
  if (api.status >= 500)
    s.log(api.code === 'INTERNAL' ? 'error' : 'warn', 'request_failed', {
      request_id: exchange.id,
      code: api.code,
      cause: causes(api),
    });
  const headers = {
    ...(api.retryAfterS !== undefined && { 'Retry-After': String(Math.max(1, Math.ceil(api.retryAfterS))) }),
    ...(api.code === 'UNAUTHORIZED' && { 'WWW-Authenticate': 'Bearer' }),
  };
  const body = api.toBody(exchange.id) satisfies ErrorBody;
  return jsonAnswer(ERRORS[api.code].status, known ?? body, headers);
}

function causes(error: Error): string {
  const parts: string[] = [];
  for (let e: unknown = error; e instanceof Error && parts.length < 5; e = e.cause)
    parts.push(e instanceof ApiError ? e.message : (e.stack ?? e.message));
  return parts.join(' <- ');
}

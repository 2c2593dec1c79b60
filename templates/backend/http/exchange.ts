/** One request and its answer, as the log tells them. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Services } from '../services.ts';

export interface Exchange {
  c: Context;
  /** Goes back with the answer, and stands in every line about it. */
  id: string;
  /** ms since 1970. */
  started: number;
  /** Of the error, when it was refused. */
  code: string | undefined;
}

export const exchangeOf = (s: Services, c: Context): Exchange => ({
  c,
  id: randomUUID(),
  started: s.now(),
  code: undefined,
});

/** The one line of a request. @returns the answer */
export function logged(s: Services, { c, id, started, code }: Exchange, answer: Response): Response {
  s.log('info', 'request', {
    request_id: id,
    method: c.req.method,
    path: c.req.path.slice(0, 300),
    status: answer.status,
    code,
    ms: s.now() - started,
  });
  return answer;
}

/** Goes on at once with what is there already. */
export const andThen = <A, B>(value: A | Promise<A>, next: (value: A) => B): B | Promise<Awaited<B>> =>
  value instanceof Promise ? (value.then(next) as Promise<Awaited<B>>) : next(value);

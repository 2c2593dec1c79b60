/**
 * A typed client made of the route table, for browser and Node:
 * `const api = client('https://…', { credential: () => key }); await api(listMessages, { query: { after } })`.
 */
import type { z } from 'zod';
import { ApiError, ERRORS, type ErrorBody, type ErrorCode } from './errors.ts';
import type { AnyRoute, Route } from './route.ts';

export interface ClientOptions {
  fetch?: typeof fetch;
  /** Agent key or Hugging Face token; a page with a session gives none. */
  credential?: () => string | undefined;
  /** For one request, in ms. Default 30,000. */
  timeoutMs?: number;
}

type Empty<T> = keyof T extends never ? true : string extends keyof T ? true : false;
type Part<Name extends string, T> = Empty<T> extends true ? { [K in Name]?: T } : { [K in Name]: T };

/** What a call of route `R` takes. Parts that the route does not have are optional. */
export type Input<R extends AnyRoute> = Part<'params', z.input<R['params']>> & {
  query?: z.input<R['query']>;
} & (R extends Route<any, any, infer B, any>
    ? B extends z.ZodUndefined
      ? unknown
      : { body: z.input<B> }
    : unknown) & {
    idempotencyKey?: string;
    signal?: AbortSignal;
  };

export type Output<R extends AnyRoute> = R extends Route<any, any, any, infer T> ? z.output<T> : unknown;

export type Client = <R extends AnyRoute>(route: R, input?: Input<R>) => Promise<Output<R>>;

/** The address failed to answer, or answered something that is not this API. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
  readonly status: number | undefined;
  constructor(message: string, more: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.status = more.status;
  }
}

interface Loose {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

/** The path and query of a call: `{x}` filled in and percent-encoded, `{x*}` segment by segment. */
export function urlOf(route: AnyRoute, input: Pick<Loose, 'params' | 'query'> = {}): string {
  const path = route.path.replace(/\{(\w+)(\*?)\}/g, (_all, name: string, rest: string) => {
    const value = String(input.params?.[name] ?? '');
    return rest ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {}))
    if (value !== undefined && value !== null) query.set(name, String(value));
  return query.size > 0 ? `${path}?${query}` : path;
}

/** @param base origin of the server; empty in a page that it serves. */
export function client(base: string, options: ClientOptions = {}): Client {
  const send = options.fetch ?? ((...args: Parameters<typeof fetch>) => fetch(...args));
  return async (route, input) => {
    const loose = (input ?? {}) as Loose;
    const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
    const credential = options.credential?.();
    const response = await send(base.replace(/\/+$/, '') + urlOf(route, loose), {
      method: route.method,
      headers: {
        Accept: 'application/json',
        ...(credential !== undefined && { Authorization: `Bearer ${credential}` }),
        ...(loose.body !== undefined && { 'Content-Type': 'application/json' }),
        ...(loose.idempotencyKey !== undefined && { 'Idempotency-Key': loose.idempotencyKey }),
      },
      ...(loose.body !== undefined && { body: JSON.stringify(loose.body) }),
      signal: loose.signal ? AbortSignal.any([loose.signal, timeout]) : timeout,
    }).catch((cause: unknown) => {
      throw new ConnectionError(`${route.method} ${route.path}: no answer`, { cause });
    });
    if (route.response === null && response.ok) return (await response.text()) as never;
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw errorOf(route, response, answer);
    return answer as never;
  };
}

function errorOf(route: AnyRoute, response: Response, answer: unknown): ApiError | ConnectionError {
  const error = (answer as Partial<ErrorBody> | null)?.error;
  if (!error || !(error.code in ERRORS))
    return new ConnectionError(`${route.method} ${route.path}: status ${response.status}`, {
      status: response.status,
    });
  const wait = Number(response.headers.get('retry-after'));
  return new ApiError(error.code as ErrorCode, error.message, {
    hint: error.hint,
    problems: error.problems,
    ...(wait > 0 && { retryAfterS: wait }),
  });
}

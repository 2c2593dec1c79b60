/** How a route module binds a declared route to code. */
import type { AnyRoute, Route } from '@collab/contract/route.ts';
import type { z } from 'zod';
import type { Credential } from '../auth/types.ts';
import type { Services } from '../services.ts';

/** One request, already validated against the route's schemas. */
export interface Call<R extends AnyRoute = AnyRoute> {
  params: z.output<R['params']>;
  query: z.output<R['query']>;
  body: R extends Route<any, any, infer B, any> ? z.output<B> : never;
  credential: Credential;
  /** Names the request for idempotency: depends on key, caller and route; `null` without an Idempotency-Key. */
  idempotency: string | null;
  requestId: string;
  ip: string | undefined;
  userAgent: string | undefined;
  /** JSON answers are compared with it by themselves. */
  ifNoneMatch: string | undefined;
}

/** JSON by default. `raw` for bytes or text of the route's own content type; 304 has neither. */
export interface Reply<T = unknown> {
  status?: number;
  headers?: Record<string, string>;
  body?: T;
  raw?: Uint8Array | string;
}

type Answer<R extends AnyRoute> = R extends Route<any, any, any, infer T> ? z.input<T> : never;

export interface Binding {
  route: AnyRoute;
  run(call: Call): Promise<Reply> | Reply;
}

/** Binds a declaration to its code. Throw ApiError to refuse. */
export function handle<R extends AnyRoute>(
  route: R,
  run: (call: Call<R>) => Promise<Reply<Answer<R>>> | Reply<Answer<R>>,
): Binding {
  return { route, run: run as unknown as Binding['run'] };
}

/** A route module: `export const routes: RouteModule = (s) => [handle(listThings, (call) => …)]`. */
export type RouteModule = (services: Services) => Binding[];

/** A route is declared once. OpenAPI, `GET /v1`, the README table, the typed client and the server read the declaration. */
import { z } from 'zod';
import type { ErrorCode } from './errors.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/**
 * `none`: nobody asks. `optional`: used when given. `user`: a Hugging Face token or dashboard session.
 * `agent`: the agent's key or its user's token (tokenless with WRITE_AUTH=open). `agent-always`: never tokenless.
 * `organizer`: an admin of the org. `evaluator`: the key of the evaluator Space, in the header X-Evaluator-Key.
 */
export type AuthNeed = 'none' | 'optional' | 'user' | 'agent' | 'agent-always' | 'organizer' | 'evaluator';

type Shape = z.ZodObject;

export interface Route<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> {
  /** `noun.verb`: name of the client's method and of the OpenAPI operation. */
  name: string;
  method: Method;
  /** `{x}` is one segment, `{x*}` is the rest of the path. */
  path: string;
  params: P;
  query: Q;
  /** `null`: the route takes no body. */
  body: B | null;
  /** `null`: the answer is bytes or text, not JSON. */
  response: R | null;
  /** Statuses of success; the first is the usual one. */
  statuses: number[];
  errors: ErrorCode[];
  auth: AuthNeed;
  /** Compared with the reference server. */
  parity: 'parity' | 'deviation' | 'new';
  doc: string;
  /** Served only when this setting is on, or in this mode of verification. */
  when?: 'JOBS_ENABLED' | 'peer';
}

export type AnyRoute = Route<any, any, any, any>;

const empty = z.object({});

type Defaults<T, D> = T extends undefined ? D : T;

/** Declares a route; everything that is left out is empty, and the status is 200. */
export function defineRoute<
  P extends Shape = typeof empty,
  Q extends Shape = typeof empty,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUnknown,
>(spec: {
  name: string;
  method: Method;
  path: string;
  params?: P;
  query?: Q;
  body?: B;
  response?: R | null;
  statuses?: number[];
  errors?: ErrorCode[];
  auth?: AuthNeed;
  parity?: Route['parity'];
  doc: string;
  when?: Route['when'];
}): Route<Defaults<P, typeof empty>, Defaults<Q, typeof empty>, B, R> {
  return {
    params: empty as unknown as P,
    query: empty as unknown as Q,
    auth: 'none',
    parity: 'parity',
    errors: [],
    statuses: [200],
    ...spec,
    body: spec.body ?? null,
    response: spec.response ?? null,
  } as Route<Defaults<P, typeof empty>, Defaults<Q, typeof empty>, B, R>;
}

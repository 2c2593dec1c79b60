import { randomUUID } from 'node:crypto';
import { isLoopback } from './credentials.ts';
import { ClientError, type Next } from './errors.ts';
import type { ClientIo } from './io.ts';

export interface Call {
  method?: 'GET' | 'POST';
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** Agent key or Hugging Face token, sent as a bearer. */
  bearer?: string;
  /** Milliseconds. */
  timeoutMs?: number;
}

/** The collaboration server as this client sees it: one base URL, JSON both ways, coded errors. */
export interface Api {
  readonly base: string;
  call<T>(path: string, call?: Call): Promise<T>;
}

/**
 * @param base API URL as the challenge's README gives it; a trailing `/` or `/v1` is dropped.
 * @throws ClientError BAD_API_URL when a credential would travel unencrypted to another machine
 */
export function openApi(io: Pick<ClientIo, 'fetch' | 'signal' | 'sleep'>, base: string): Api {
  const root = checkedBase(base);
  return {
    base: root,
    call: <T>(path: string, call: Call = {}) => {
      const idempotencyKey = randomUUID();
      return withRetry(io, () => once<T>(io, root, path, call, idempotencyKey));
    },
  };
}

function checkedBase(base: string): string {
  const url = URL.canParse(base) ? new URL(base) : null;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !safe || url.username)
    throw new ClientError('BAD_API_URL', `Not an API address this client will talk to: ${base}`, {
      hint: 'https://…, or http://127.0.0.1:… for a collaboration on this machine; no user name in it',
    });
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** Waits once when the server says for how long, and it is short: a burst limit should not fail a script. */
async function withRetry<T>(io: Pick<ClientIo, 'sleep'>, attempt: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      const wait =
        error instanceof ClientError && RETRY.has(error.status ?? 0) ? error.retryAfterS : undefined;
      if (left === 0 || wait === undefined || wait > 30) throw error;
      await io.sleep(wait * 1000);
    }
  }
}

const RETRY = new Set([429, 503]);

async function once<T>(
  io: Pick<ClientIo, 'fetch' | 'signal'>,
  root: string,
  path: string,
  { method = 'GET', query = {}, body, bearer, timeoutMs = 60_000 }: Call,
  idempotencyKey: string,
): Promise<T> {
  const url = new URL(`${root}${path}`);
  for (const [key, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.set(key, String(value));
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (method === 'POST') headers.set('idempotency-key', idempotencyKey);
  if (bearer) headers.set('authorization', `Bearer ${bearer}`);
  const response = await io
    .fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.any([io.signal, AbortSignal.timeout(timeoutMs)]),
    })
    .catch((cause) => {
      throw unreachable(io.signal, root, cause);
    });
  const text = await response.text();
  if (!response.ok) throw refused(response, text, path);
  return parseJson<T>(text, path);
}

function parseJson<T>(text: string, path: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ClientError('BAD_ANSWER', `The server's answer to ${path} is not JSON.`, {
      hint: 'is the URL the API of a collaboration?',
    });
  }
}

function unreachable(signal: AbortSignal, root: string, cause: unknown): ClientError {
  if (signal.aborted) return new ClientError('CANCELLED', 'Cancelled.');
  const timeout = (cause as Error)?.name === 'TimeoutError';
  const reason = (cause as { cause?: { code?: string } })?.cause?.code;
  return new ClientError(
    timeout ? 'API_TIMEOUT' : 'API_UNREACHABLE',
    timeout ? `${root} did not answer in time.` : `${root} cannot be reached${reason ? ` (${reason})` : ''}.`,
    { cause, next: [{ command: `curl -s ${root}/v1/healthz`, why: 'shows whether the server is up' }] },
  );
}

interface ErrorBody {
  error?: { code?: string; message?: string; hint?: string; problems?: { path: string; problem: string }[] };
}

function refused(response: Response, text: string, path: string): ClientError {
  const { error } = safeJson(text);
  const after = Number(response.headers.get('retry-after'));
  return new ClientError(
    error?.code ?? `HTTP_${response.status}`,
    error?.message ?? `The server answered ${response.status} to ${path}.`,
    {
      status: response.status,
      ...(error?.hint ? { hint: error.hint } : {}),
      ...(error?.problems ? { problems: error.problems } : {}),
      ...(Number.isFinite(after) && after > 0 ? { retryAfterS: after } : {}),
      next: nextFor(error?.code),
    },
  );
}

function safeJson(text: string): ErrorBody {
  try {
    return (JSON.parse(text) ?? {}) as ErrorBody;
  } catch {
    return {};
  }
}

function nextFor(code: string | undefined): Next[] {
  if (code === 'NOT_REGISTERED' || code === 'UNAUTHORIZED')
    return [
      {
        command: 'node collab.mjs join --api <api url> --agent-id <name>',
        why: 'registers and renews the key',
      },
    ];
  if (code === 'AGENT_ID_TAKEN')
    return [{ command: 'node collab.mjs join … --force', why: 'only if the agent is yours: renews its key' }];
  return [];
}

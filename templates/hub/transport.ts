import type { z } from 'zod';
import { readBody } from './answer-body.ts';
import { type CallBudget, type CallClass, createBudget } from './budget.ts';
import { answerError, connectionError, type Effect, protocolError } from './failure.ts';
import { HubError } from './port.ts';

export interface HubClock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Runs `work` in `ms`, unless the returned function is called before. Default: a timer. */
  after?(ms: number, work: () => void): () => void;
}

export interface HubClientOptions {
  /** `https://huggingface.co`, or the URL of an embedded hub. */
  endpoint: string;
  /** Used where a call names none. */
  token?: string;
  fetch?: typeof fetch;
  clock?: HubClock;
  /** Shared by all clients of a process that should count together. */
  budget?: CallBudget;
  /** For one request, answer read to its end. Default 30,000. */
  timeoutMs?: number;
}

export interface HubRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Below the endpoint and already percent-encoded, or an absolute URL (CAS, next page). */
  path: string;
  effect: Effect;
  /** `null`: send none. Absent: the client's own. */
  token?: string | null;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
  kind?: CallClass;
  plain404?: boolean;
  /** Longest answer that is read; over it the call fails with kind `invalid`. Default: 256 MiB. */
  maxBytes?: number;
  /** For a stream that may never end: what has come when nothing more came for so long is the answer. */
  idleMs?: number;
  /** Statuses besides 2xx that are an answer and not an error. */
  accept?: number[];
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

export interface HubAnswer {
  url: string;
  status: number;
  headers: Headers;
  bytes: Uint8Array;
}

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 250;
/** Longer than this nobody waits inside a call: the caller gets `rate_limited` and decides. */
const LONGEST_WAIT_MS = 60_000;

const systemClock: HubClock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

function timer(ms: number, work: () => void): () => void {
  const pending = setTimeout(work, ms);
  return () => clearTimeout(pending);
}

export type Transport = ReturnType<typeof createTransport>;

/** One place through which every byte to and from the Hub goes: credentials, time limit, retries, errors, counts. */
export function createTransport(options: HubClientOptions) {
  const endpoint = options.endpoint.replace(/\/+$/, '');
  const doFetch = options.fetch ?? globalThis.fetch;
  const clock = { after: timer, ...(options.clock ?? systemClock) };
  const budget = options.budget ?? createBudget();
  const defaultTimeout = options.timeoutMs ?? 30_000;

  async function once(request: HubRequest): Promise<HubAnswer> {
    const url = request.path.startsWith('/') ? `${endpoint}${request.path}` : request.path;
    const timeoutMs = request.timeoutMs ?? defaultTimeout;
    const at = { url, method: request.method, effect: request.effect, timeoutMs };
    budget.called(request.kind ?? 'api');
    const limit = new AbortController();
    const late = () => limit.abort(new DOMException('no answer in time', 'TimeoutError'));
    const inTime = clock.after(timeoutMs, late);
    try {
      const signal = request.signal ? AbortSignal.any([limit.signal, request.signal]) : limit.signal;
      const response = await doFetch(url, { ...init(request), signal });
      // What the Hub says to another's token is about the limit of that other, or of a stranger at this address.
      if (isOwn(request)) budget.answered(response.status, response.headers, clock.now());
      const bytes = await readBody(response, url, request, clock.after);
      if (response.ok || request.accept?.includes(response.status))
        return { url, status: response.status, headers: response.headers, bytes };
      throw answerError(response, bytes, { ...at, plain404: request.plain404 ?? false });
    } catch (error) {
      throw error instanceof HubError ? error : connectionError(error, at);
    } finally {
      inTime();
    }
  }

  const isOwn = ({ token }: HubRequest) => token === undefined || token === options.token;

  function init(request: HubRequest): RequestInit {
    const token = request.token === undefined ? options.token : request.token;
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    return {
      method: request.method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body }),
    };
  }

  /** Sends, and sends again where that is safe. Throws `HubError` for everything that is not an answer. */
  async function send(request: HubRequest): Promise<HubAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(request);
      } catch (error) {
        // Gone, after a try whose answer was lost: that try did it.
        if (
          attempt > 1 &&
          request.method === 'DELETE' &&
          error instanceof HubError &&
          error.kind === 'missing'
        )
          return { url: error.url, status: 404, headers: new Headers(), bytes: new Uint8Array() };
        const wait = error instanceof HubError ? retryWait(error, request, attempt) : undefined;
        if (wait === undefined || request.signal?.aborted) throw error;
        await clock.sleep(wait);
      }
    }
  }

  /** Like `send`, with `null` when the Hub says that there is no such thing. */
  async function sendOrNull(request: HubRequest): Promise<HubAnswer | null> {
    try {
      return await send(request);
    } catch (error) {
      if (error instanceof HubError && error.kind === 'missing') return null;
      throw error;
    }
  }

  return { endpoint, clock, budget, token: options.token, send, sendOrNull };
}

/** Milliseconds to wait before another attempt; `undefined`: do not try again. */
function retryWait(error: HubError, request: HubRequest, attempt: number): number | undefined {
  // A refusal for its rate or for its moment, and a connection that was never made, have had no effect: any call may
  // be repeated.
  const retryable = error.kind === 'rate_limited' || error.kind === 'unavailable' || isBusy(error);
  if (!retryable || attempt >= ATTEMPTS) return undefined;
  if (
    request.effect === 'write' &&
    error.status !== undefined &&
    error.kind !== 'rate_limited' &&
    !isBusy(error)
  )
    return undefined;
  const asked = (error.retryAfterS ?? 0) * 1000;
  if (asked > LONGEST_WAIT_MS) return undefined;
  const backOff = FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return Math.max(asked, backOff);
}

/** The Hub makes one repository at a time per user, and says so of the second (huggingface_hub, `create_repo`). */
const isBusy = (error: HubError): boolean =>
  error.kind === 'conflict' && error.message.includes('another conflicting operation is in progress');

/** The JSON of an answer, checked. Throws kind `protocol`. */
export function parseJson<T>(answer: HubAnswer, schema: z.ZodType<T>): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(answer.bytes));
  } catch {
    throw protocolError(answer.url, 'the answer is not JSON');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw protocolError(
    answer.url,
    `unexpected answer at "${first?.path.join('.') ?? ''}": ${first?.message ?? ''}`,
  );
}

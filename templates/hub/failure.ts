import { HubError, type HubErrorKind } from './port.ts';

/**
 * What a call does at the Hub. `read`: nothing. `upsert`: the same however often it is sent.
 * `write`: once only; a lost answer leaves the outcome unknown.
 */
export type Effect = 'read' | 'upsert' | 'write';

const MISSING_CODES = new Set(['RepoNotFound', 'EntryNotFound', 'RevisionNotFound']);

/** The connection was never made, so nothing can have happened. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The Hub said no: nothing has happened. */
const REFUSED: ReadonlySet<HubErrorKind> = new Set([
  'unauthorized',
  'forbidden',
  'missing',
  'conflict',
  'payment',
  'invalid',
]);

export const isRefused = (error: unknown): boolean => error instanceof HubError && REFUSED.has(error.kind);

/** The rest of a write of several calls, the first of which may have taken effect: a refusal now is none of the whole. */
export async function restOfWrite<T>(rest: () => Promise<T>): Promise<T> {
  try {
    return await rest();
  } catch (error) {
    if (!(error instanceof HubError && isRefused(error))) throw error;
    const { message, url, status } = error;
    throw new HubError('unknown_outcome', message, {
      url,
      ...optional('status', status),
      cause: error,
    });
  }
}

/** Where it went wrong, safe to print: neither query (cursors, signatures) nor credentials. */
export function placeOf(url: string): string {
  const parsed = new URL(url);
  return `${parsed.origin}${parsed.pathname}`;
}

/** The error of an answer that is not 2xx. `plain404`: this route says "missing" by a JSON 404 without a code. */
export function answerError(
  response: Response,
  body: Uint8Array,
  at: { url: string; method: string; effect: Effect; plain404?: boolean },
): HubError {
  const kind = kindOf(response, at.effect, at.plain404 ?? false);
  const said = response.headers.get('x-error-message') ?? messageIn(response, body);
  const place = placeOf(at.url);
  const message = `${at.method} ${place} answered ${response.status}${said ? `: ${said}` : ''}`;
  return new HubError(kind, redact(message), {
    url: place,
    status: response.status,
    ...optional('requestId', response.headers.get('x-request-id')),
    ...optional('retryAfterS', retryAfter(response.headers)),
  });
}

function kindOf(response: Response, effect: Effect, plain404: boolean): HubErrorKind {
  const { status } = response;
  if (status === 401) return 'unauthorized';
  if (status === 402) return 'payment';
  if (status === 403) return 'forbidden';
  if (status === 404) return isMissing(response, plain404) ? 'missing' : 'protocol';
  if (status === 409) return 'conflict';
  if (status === 429) return 'rate_limited';
  // The Hub does not have that at all: nothing happened, and it will not be there at the next try either.
  if (status === 501) return 'invalid';
  // 507 is said before anything is stored; any other 5xx, and a 408, may hide a write that took effect.
  if (status >= 500 || status === 408)
    return effect === 'write' && status !== 507 ? 'unknown_outcome' : 'unavailable';
  return status >= 400 ? 'invalid' : 'protocol';
}

function isMissing(response: Response, plain404: boolean): boolean {
  if (MISSING_CODES.has(response.headers.get('x-error-code') ?? '')) return true;
  return plain404 && isJson(response);
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith('application/json');
}

function messageIn(response: Response, body: Uint8Array): string {
  if (!isJson(response)) return '';
  try {
    const json = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const [first] = Array.isArray(json.errors) ? (json.errors as { message?: unknown }[]) : [];
    const said = json.error ?? json.message ?? json.error_description ?? first?.message;
    return typeof said === 'string' ? said.slice(0, 500) : '';
  } catch {
    return '';
  }
}

/** Seconds of `Retry-After` (number form), or of the `t=` of RateLimit. */
function retryAfter(headers: Headers): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  const window = /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return window === undefined ? undefined : Number(window);
}

/** The error of a call without an answer: refused, cut off, or timed out. */
export function connectionError(
  cause: unknown,
  at: { url: string; method: string; effect: Effect; timeoutMs: number },
): HubError {
  const code = codeOf(cause);
  const timedOut = code === 'TimeoutError';
  const kind: HubErrorKind = at.effect === 'write' && !NOT_SENT.has(code) ? 'unknown_outcome' : 'unavailable';
  const why = timedOut ? `gave no answer within ${at.timeoutMs} ms` : `could not be reached (${code})`;
  const url = placeOf(at.url);
  return new HubError(kind, `${at.method} ${url} ${why}`, { url });
}

function codeOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === 'string') return code;
    if (at.name === 'TimeoutError' || at.name === 'AbortError') return at.name;
  }
  return 'network error';
}

/** An answer that is not what the protocol says. */
export function protocolError(url: string, problem: string): HubError {
  const place = placeOf(url);
  return new HubError('protocol', redact(`${place}: ${problem}`), { url: place });
}

/** Whatever looks like a token of the Hub or a key of the server is cut out, should a server echo one. */
function redact(text: string): string {
  return text.replace(/\b(?:hf_[A-Za-z0-9_]{4,}|cc[ae]k_[A-Za-z0-9_-]{4,}|Bearer\s+\S+)/g, '[redacted]');
}

function optional<K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

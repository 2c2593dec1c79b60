/** A failed read: `offline` when no answer came, else the server's own words. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly retryAfterS: number | undefined;
  constructor(
    status: number,
    code: string,
    message: string,
    more: { hint?: string; retryAfterS?: number } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = more.hint;
    this.retryAfterS = more.retryAfterS;
  }

  /** Whatever was thrown, as something a view can tell. */
  static of(error: unknown): ApiError {
    return error instanceof ApiError ? error : new ApiError(0, 'PAGE', String(error));
  }
}

const offline = () => new ApiError(0, 'OFFLINE', 'No answer from the server.');

/** An answer that breaks off is no answer. */
const wholeText = (response: Response): Promise<string> =>
  response.text().catch(() => {
    throw offline();
  });

/** Somebody between here and the server may answer in its place. */
function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(status, 'NO_DATA', 'What answered is not the server of this collaboration.');
  }
}

interface Remembered {
  etag: string;
  value: unknown;
}

const MAX_REMEMBERED = 200;
const TIMEOUT_MS = 30_000;
const AGREED_MS = 60_000;

/**
 * Thousands of marks on one letter stop a browser for minutes; no script needs more than a few. Embeddings and overrides
 * of direction make a text read as another one; no script needs them since there are isolates.
 */
const tame = (text: string): string =>
  text.replace(/(\p{M}{8})\p{M}+/gu, '$1').replace(/[\u202A-\u202E]/g, '');

/** Where there is no TLS, a browser has no `randomUUID`. */
const randomKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as {
    error?: { code?: string; message?: string; hint?: string };
  };
  const retry = Number(response.headers.get('retry-after'));
  return new ApiError(
    response.status,
    body.error?.code ?? `HTTP_${response.status}`,
    body.error?.message ?? `The server answered ${response.status}.`,
    { hint: body.error?.hint, retryAfterS: retry > 0 ? retry : undefined },
  );
}

/**
 * JSON over same-origin HTTP. GETs carry `If-None-Match`; a 304 gives back the very object of last time, so that
 * "nothing changed" is an identity check for the caller. Throws {@link ApiError}.
 */
export class Http {
  readonly #fetch: typeof fetch;
  readonly #seen = new Map<string, Remembered>();
  readonly #unanswered = new Map<string, { text: string; key: string }>();
  /** How far the viewer's clock is behind the server's, ms; 0 while they agree within a minute. */
  behind = 0;
  constructor(fetcher: typeof fetch = (...a) => fetch(...a)) {
    this.#fetch = fetcher;
  }

  async get<T>(path: string): Promise<T> {
    const known = this.#seen.get(path);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (known) headers['if-none-match'] = known.etag;
    const response = await this.#send(path, { headers, cache: 'no-store' });
    if (response.status === 304 && known) return known.value as T;
    if (!response.ok) throw await failure(response);
    const value = parse(tame(await wholeText(response)), response.status) as T;
    this.#remember(path, response.headers.get('etag'), value);
    return value;
  }

  /** A text file, or null when it is not one. */
  async text(path: string): Promise<string | null> {
    const response = await this.#send(path, {});
    if (!response.ok) throw await failure(response);
    const plain = (response.headers.get('content-type') ?? '').startsWith('text/plain');
    return plain ? tame(await wholeText(response)) : null;
  }

  /** Writes. The same body again after a failure carries the same key: what did arrive is not written twice. */
  async post<T>(path: string, body: unknown): Promise<T> {
    const text = JSON.stringify(body);
    const open = this.#unanswered.get(path);
    const key = open?.text === text ? open.key : randomKey();
    this.#unanswered.set(path, { text, key });
    const response = await this.#send(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'idempotency-key': key,
      },
      body: text,
    });
    if (!response.ok) throw await failure(response);
    const answer = response.status === 204 ? undefined : parse(await wholeText(response), response.status);
    this.#unanswered.delete(path);
    return answer as T;
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    try {
      const response = await this.#fetch(path, {
        ...init,
        credentials: 'same-origin',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      this.#setClock(response.headers.get('date'));
      return response;
    } catch {
      throw offline();
    }
  }

  #setClock(date: string | null): void {
    const behind = Date.parse(date ?? '') - Date.now();
    if (Number.isFinite(behind)) this.behind = Math.abs(behind) < AGREED_MS ? 0 : behind;
  }

  #remember(path: string, etag: string | null, value: unknown): void {
    this.#seen.delete(path);
    if (!etag) return;
    this.#seen.set(path, { etag, value });
    const oldest = this.#seen.keys().next().value;
    if (this.#seen.size > MAX_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
  }
}

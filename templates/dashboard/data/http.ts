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
}

interface Remembered {
  etag: string;
  value: unknown;
}

const MAX_REMEMBERED = 200;
const TIMEOUT_MS = 30_000;

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
    const value = (await response.json()) as T;
    this.#remember(path, response.headers.get('etag'), value);
    return value;
  }

  /** A text file, or null when it is not one. */
  async text(path: string): Promise<string | null> {
    const response = await this.#send(path, {});
    if (!response.ok) throw await failure(response);
    const plain = (response.headers.get('content-type') ?? '').startsWith('text/plain');
    return plain ? response.text() : null;
  }

  async post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
    const response = await this.#send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw await failure(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(path, {
        ...init,
        credentials: 'same-origin',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw new ApiError(0, 'OFFLINE', 'No answer from the server.');
    }
  }

  #remember(path: string, etag: string | null, value: unknown): void {
    this.#seen.delete(path);
    if (!etag) return;
    this.#seen.set(path, { etag, value });
    const oldest = this.#seen.keys().next().value;
    if (this.#seen.size > MAX_REMEMBERED && oldest !== undefined) this.#seen.delete(oldest);
  }
}

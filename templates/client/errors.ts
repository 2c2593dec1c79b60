/** One thing to do next. */
export interface Next {
  command: string;
  why: string;
}

/** A failure a person or an agent can act on. Messages never hold a token or a key. */
export class ClientError extends Error {
  override name = 'ClientError';
  readonly code: string;
  readonly hint: string | undefined;
  readonly next: Next[];
  readonly problems: { path: string; problem: string }[];
  /** HTTP status of the server's answer, when it gave one. */
  readonly status: number | undefined;
  readonly retryAfterS: number | undefined;
  constructor(
    code: string,
    message: string,
    more: {
      hint?: string;
      next?: Next[];
      problems?: { path: string; problem: string }[];
      status?: number;
      retryAfterS?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.hint = more.hint;
    this.next = more.next ?? [];
    this.problems = more.problems ?? [];
    this.status = more.status;
    this.retryAfterS = more.retryAfterS;
  }
}

/**
 * Every error an answer can carry: its code, status and when it happens. The reference server's codes are kept. `hint`: what
 * to do, where whoever throws it has nothing better to say.
 */

export const ERRORS = {
  INVALID_PATH: { status: 400, doc: 'An id, path, source or destination breaks the naming rules.' },
  INVALID_QUERY: {
    status: 400,
    doc: 'A known query parameter is malformed.',
    hint: 'GET /openapi.json has every parameter',
  },
  INVALID_FRONTMATTER: { status: 400, doc: 'The YAML head does not parse or breaks the schema.' },
  INVALID_SOURCE: { status: 400, doc: 'The source file is not UTF-8 text.' },
  SECRET_IN_TEXT: { status: 400, doc: 'The text holds something that looks like a secret.' },
  UNAUTHORIZED: { status: 401, doc: 'A credential is missing, expired or wrong.' },
  BUDGET_SPENT: { status: 402, doc: 'The dollars set aside for jobs are used up.' },
  BUCKET_NOT_OWNED_BY_CALLER: { status: 403, doc: 'The scratch bucket does not prove the caller.' },
  IDENTITY_MISMATCH: { status: 403, doc: 'The credential belongs to somebody else.' },
  NOT_ORGANIZER: { status: 403, doc: 'Only organizers may do this.' },
  NOT_REGISTERED: { status: 404, doc: 'No such agent.' },
  NOT_FOUND: { status: 404, doc: 'No such record, file or route.', hint: 'GET /v1 lists every endpoint' },
  SOURCE_NOT_FOUND: {
    status: 404,
    doc: 'The source file or folder does not exist.',
    hint: 'upload it to your bucket first: hf buckets sync ./folder hf://buckets/…, or node collab.mjs run ./folder',
  },
  TASKFORCE_NOT_FOUND: { status: 404, doc: 'No such taskforce.' },
  JOBS_DISABLED: { status: 404, doc: 'This challenge does not run jobs.' },
  METHOD_NOT_ALLOWED: { status: 405, doc: 'The path exists, the method does not.' },
  AGENT_ID_TAKEN: {
    status: 409,
    doc: 'You registered this agent before; pass force to replace the card and the key.',
  },
  ALREADY_PROMOTED: { status: 409, doc: 'You posted these very bytes before.' },
  TASKFORCE_EXISTS: { status: 409, doc: 'Somebody else created this taskforce.' },
  IDEMPOTENCY_MISMATCH: { status: 409, doc: 'The Idempotency-Key was used for another request.' },
  LEASE_LOST: {
    status: 409,
    doc: "The run is no longer this evaluator's: it was silent too long, or gave it back.",
  },
  BUCKET_MISSING: { status: 412, doc: 'The scratch bucket does not exist yet.' },
  TOO_LARGE: { status: 413, doc: 'A body or file is over its limit.' },
  SYNC_TOO_LARGE: { status: 413, doc: 'A sync is over its limits.' },
  INVALID_REQUEST: {
    status: 422,
    doc: 'The body breaks the schema; `problems` lists each place.',
    hint: 'GET /openapi.json has the schema of every body',
  },
  RATE_LIMITED: { status: 429, doc: 'Too many requests; Retry-After says when.' },
  INTERNAL: { status: 500, doc: 'A fault of the server; the request id finds it in the log.' },
  JOB_LAUNCH_FAILED: {
    status: 502,
    doc: 'The Hub refused the job, or the harness does not say what it takes.',
  },
  HUB_UNAVAILABLE: { status: 503, doc: 'The Hub did not answer; nothing is known to have changed.' },
  WRITE_UNSETTLED: {
    status: 503,
    doc: 'The Hub did not say whether the write happened. Repeat it with the same Idempotency-Key.',
  },
  NOT_WRITER: { status: 503, doc: 'Another server took over this record; this one has stopped writing.' },
  ORGANIZER_CHECK_UNAVAILABLE: { status: 503, doc: 'Roles could not be looked up.' },
  QUOTA_BACKEND_UNAVAILABLE: { status: 503, doc: 'The quota ledger could not be read or written.' },
} as const satisfies Record<string, { status: number; doc: string; hint?: string }>;

export type ErrorCode = keyof typeof ERRORS;

export interface Problem {
  path: string;
  problem: string;
}

export interface ErrorBody {
  error: { code: ErrorCode; message: string; hint?: string; problems?: Problem[]; request_id?: string };
}

/** An answer that is not a success. The server throws it; the client throws it again from the answer. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string | undefined;
  readonly problems: Problem[] | undefined;
  /** Seconds. */
  readonly retryAfterS: number | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string; problems?: Problem[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.hint = more.hint;
    this.problems = more.problems;
    this.retryAfterS = more.retryAfterS;
  }

  toBody(requestId?: string): ErrorBody {
    const { code, message, problems } = this;
    const hint = this.hint ?? generalHint(this);
    return {
      error: {
        code,
        message,
        ...(hint && { hint }),
        ...(problems && { problems }),
        ...(requestId && { request_id: requestId }),
      },
    };
  }
}

function generalHint({ code, retryAfterS }: ApiError): string | undefined {
  if (code === 'RATE_LIMITED' && retryAfterS !== undefined)
    return `wait ${retryAfterS} s, then the same again`;
  const known: { doc: string; hint?: string } = ERRORS[code];
  return known.hint;
}

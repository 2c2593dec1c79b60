/** Coded errors for people and agents. A thrown `CollabError` is printed without a stack; anything else is a bug. */

export interface NextStep {
  command: string;
  why: string;
}

export class CollabError extends Error {
  override name = 'CollabError';
  /** Upper-case and stable: `DIR_NOT_EMPTY`. */
  readonly code: string;
  /** The one thing to do now. Built from known flags only: never from a value that could be a secret. */
  readonly next: NextStep[];
  /** Every single problem, when there are several: `{at, problem}`. */
  readonly problems: { at: string; problem: string; hint?: string }[];
  /** `action_required`: something is missing that only the caller can give (exit 2). */
  readonly kind: 'error' | 'action_required';
  constructor(
    code: string,
    message: string,
    more: {
      next?: NextStep[];
      problems?: { at: string; problem: string; hint?: string }[];
      kind?: 'error' | 'action_required';
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.next = more.next ?? [];
    this.problems = more.problems ?? [];
    this.kind = more.kind ?? 'error';
  }
}

/** The user pressed Ctrl-C, at a prompt or later. Exit code 130. */
export class Cancelled extends Error {
  override name = 'Cancelled';
  constructor() {
    super('cancelled');
  }
}

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

/** What a disk refuses, by the system's code for it: our code, and plain words. */
export const DISK_REFUSALS: Record<string, [code: string, text: string]> = {
  ENOSPC: ['DISK_FULL', 'The disk is full'],
  EDQUOT: ['DISK_FULL', 'Your disk quota is used up'],
  EACCES: ['NOT_WRITABLE', 'No permission to write'],
  EPERM: ['NOT_WRITABLE', 'No permission to write'],
  EROFS: ['NOT_WRITABLE', 'The file system is read-only'],
};
const ON_FILES = new Set(['open', 'write', 'mkdir', 'rename', 'unlink', 'link', 'chmod', 'fsync']);

/** A disk that takes nothing is no bug of ours. `null`: it was something else. */
export function diskFault(error: unknown): CollabError | null {
  const { code = '', syscall = '', path, message } = error as NodeJS.ErrnoException;
  const [ours, text] = DISK_REFUSALS[code] ?? [];
  if (!ours || !ON_FILES.has(syscall)) return null;
  const look =
    ours === 'DISK_FULL'
      ? { command: 'df -h .', why: 'shows how full it is; a quota may be smaller' }
      : { command: 'ls -la . .collab', why: 'shows whose it is, and who may write' };
  const next = [look, { command: 'the same command again', why: 'nothing is done twice' }];
  return new CollabError(ours, `${text}: ${path ?? message}`, { next, cause: error });
}

/** The user pressed Ctrl-C, at a prompt or later. Exit code 130. */
export class Cancelled extends Error {
  override name = 'Cancelled';
  constructor() {
    super('cancelled');
  }
}

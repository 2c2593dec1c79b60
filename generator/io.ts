import type { Readable, Writable } from 'node:stream';

/** The outside world as one value, so that every verb runs in a test without a process of its own. */
export interface Io {
  argv: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean };
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Aborted by Ctrl-C (SIGINT) or SIGTERM: clean up and leave with 130. */
  signal: AbortSignal;
  /** Root of the installed package: holds `dist/`, `templates/`, `challenges/`. */
  packageRoot: string;
}

/** True when a person can be asked: both ends are a terminal and no coding agent announces itself. */
export function isInteractive(io: Io): boolean {
  const agent = io.env.AI_AGENT ?? io.env.CLAUDECODE ?? io.env.CODEX_SANDBOX ?? io.env.GEMINI_CLI;
  return Boolean(io.stdin.isTTY && io.stdout.isTTY && !agent && !io.env.CI);
}

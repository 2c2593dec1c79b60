import type { Readable, Writable } from 'node:stream';

/** The outside world as one value, so that every verb runs in a test without a process of its own. */
export interface ClientIo {
  argv: string[];
  env: Record<string, string | undefined>;
  cwd: string;
  home: string;
  stdin: Readable & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
}

import type { CallBudget } from '@collab/hub/index.ts';
import type { HubPort } from '@collab/hub/port.ts';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';

/** The outside world, as parameters. */
export interface Deps {
  settings: Settings;
  /** Speaks with the server's own token. */
  hub: HubPort;
  /** Milliseconds since 1970. */
  now(): number;
  /** Cryptographically random bytes. */
  random(bytes: number): Uint8Array;
  /** Resolves after so many milliseconds, or at once when the signal fires. Tests drive it. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  log: Log;
  /** What the Hub's rate limit leaves; shown in healthz. */
  budget?: Pick<CallBudget, 'snapshot'>;
  /** Address of the connection a request came over. */
  peer?(raw: unknown): string | undefined;
  /** Tests: an answer that breaks its declared schema is an error. */
  strict?: boolean;
  /** Folder with the built dashboard and `client/collab.mjs`; absent: neither is served. */
  staticDir?: string;
}

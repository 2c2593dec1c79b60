/** What the app is made of. Tests replace the outside (`Deps`); route modules get the inside (`Services`). */
import type { CallBudget } from '@collab/hub/index.ts';
import type { HubPort } from '@collab/hub/port.ts';
import type { Audit } from './audit.ts';
import type { Keys } from './auth/keys.ts';
import type { Sessions } from './auth/sessions.ts';
import type { Auth } from './auth/types.ts';
import type { Limits } from './limits.ts';
import type { Log } from './log.ts';
import type { Profile } from './profile.ts';
import type { Settings } from './settings.ts';
import type { Sources } from './store/source.ts';
import type { RunningStore } from './store/store.ts';
import type { Evaluation } from './verify/evaluation.ts';

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

export interface Services extends Deps {
  profile: Profile;
  store: RunningStore;
  auth: Auth;
  keys: Keys;
  sessions: Sessions;
  limits: Limits;
  audit: Audit;
  sources: Sources;
  /** Verdicts, boards, the job ledger and what runs by it. */
  evaluation: Evaluation;
  /** Registers background work that begins when the record is loaded and ends with `signal`. Errors are logged. */
  onReady(task: () => Promise<void>): void;
  /** Fires when the server stops: background work ends. */
  signal: AbortSignal;
}

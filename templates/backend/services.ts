import type { Audit } from './audit.ts';
import type { Keys } from './auth/keys.ts';
import type { Sessions } from './auth/sessions.ts';
import type { Auth } from './auth/types.ts';
import type { Deps } from './deps.ts';
import type { Limits } from './limits.ts';
import type { Profile } from './profile.ts';
import type { Sources } from './store/source.ts';
import type { RunningStore } from './store/store.ts';
import type { Evaluation } from './verify/evaluation.ts';

/** What route modules get. */
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

import type { HubPort } from '@collab/hub/port.ts';
import type { JobDesk } from '../jobs/desk.ts';
import type { LedgerBook } from '../jobs/ledger-book.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/types.ts';
import type { Rules } from './rules.ts';
import type { RunTimes } from './run-times.ts';
import type { Standings } from './standings.ts';
import type { VerdictBook } from './verdict-book.ts';

/** What every step of a verification works with. */
export interface VerifierDeps {
  hub: Pick<HubPort, 'listFiles'>;
  settings: Settings;
  rules: Rules;
  store: Store;
  book: VerdictBook;
  standings: Standings;
  ledger: LedgerBook;
  desk: JobDesk;
  log: Log;
  now(): number;
  newId(): string;
  times: RunTimes;
  signal: AbortSignal;
}

import type { JobRunner } from './jobs/runner.ts';
import type { SpaceRuntimes } from './spaces/runtimes.ts';
import type { BlobStore } from './store/blobs.ts';
import type { Database } from './store/database.ts';
import type { Cas } from './xet/cas.ts';
import type { CasKeys } from './xet/keys.ts';

/** Everything the routes work with. */
export interface HubContext {
  db: Database;
  cas: Cas;
  keys: CasKeys;
  blobs: BlobStore;
  spaces: SpaceRuntimes;
  jobs: JobRunner;
  /** Whether a user may be picked without a token now. */
  mayPick(): Promise<boolean>;
  options: HubOptions;
}

export interface HubOptions {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Answer 429 when a caller is over the quota of its plan. */
  enforceLimits: boolean;
  /** The address Spaces listen on; loopback unless the hub serves others. */
  host: string;
  /** How one logs in to a Space: by picking a local user, or with that user's token. */
  login: 'pick' | 'token';
}

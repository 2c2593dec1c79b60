/**
 * What the project needs of a Hub, local or huggingface.co. Everything else of the project reaches a Hub through
 * this port and nothing but it. `null` means the Hub said "there is no such thing"; a failure to find out is
 * always a thrown `HubError`, never `null` and never an empty list.
 */

/** `namespace/name` of a bucket or a Space. */
export type RepoId = string;

export type HubErrorKind =
  | 'unauthorized'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'payment'
  | 'rate_limited'
  | 'invalid'
  /** The Hub answered 5xx to a read, or the connection failed before the request can have had an effect. */
  | 'unavailable'
  /** A write may or may not have happened (timeout, connection lost after sending, 5xx). Settle it by reading. */
  | 'unknown_outcome'
  /** The answer was not what the protocol says. */
  | 'protocol';

/** A failed Hub call. `url` never carries a query or a token. */
export class HubError extends Error {
  override name = 'HubError';
  readonly kind: HubErrorKind;
  readonly status: number | undefined;
  readonly url: string;
  readonly requestId: string | undefined;
  readonly retryAfterS: number | undefined;
  constructor(
    kind: HubErrorKind,
    message: string,
    at: { url: string; status?: number; requestId?: string; retryAfterS?: number; cause?: unknown },
  ) {
    super(message, { cause: at.cause });
    this.kind = kind;
    this.status = at.status;
    this.url = at.url;
    this.requestId = at.requestId;
    this.retryAfterS = at.retryAfterS;
  }
}

export interface Identity {
  name: string;
  type: string;
  email?: string;
  isPro: boolean;
  /** Absent: the Hub did not say. */
  canPay?: boolean;
  /** `fineGrained | write | read | god`; of a login in the browser its kind (`oauth`), or `unknown`. */
  tokenRole: string;
  /** Fine-grained grants: entity `{name, type}` and its permissions. */
  scopes: { name: string; type: string; permissions: string[] }[];
  orgs: { name: string; role?: string; plan?: string; canPay?: boolean }[];
}

export interface BucketInfo {
  id: RepoId;
  /** User who made the bucket: the proof of ownership of a scratch bucket. */
  author: string;
  private: boolean;
  createdAt: string;
  updatedAt?: string;
  /** Bytes. */
  size: number;
  totalFiles: number;
}

export interface BucketFile {
  path: string;
  /** Bytes. */
  size: number;
  xetHash: string;
  /** ISO times. */
  mtime?: string;
  uploadedAt?: string;
  contentType?: string;
}

export interface BucketWrite {
  adds?: { path: string; content: Uint8Array | string; contentType?: string }[];
  copies?: { path: string; xetHash: string; sourceBucket: RepoId }[];
  deletes?: string[];
}

export interface VariableEntry {
  key: string;
  value: string;
  description?: string;
}

export interface SpaceInfo {
  id: RepoId;
  author: string;
  /** Absent: the Hub did not say. */
  createdAt?: string;
  sha: string;
  private: boolean;
  sdk: string;
  /** Where the app answers: `https://….hf.space`, or a loopback URL on the embedded hub. */
  host: string;
}

export interface SpaceRuntime {
  /** `BUILDING | RUNNING | RUNTIME_ERROR | …` as the Hub spells it. */
  stage: string;
  hardware: string | null;
  errorMessage?: string;
  sha?: string;
}

export interface SpaceFile {
  path: string;
  size: number;
  /** git blob sha1; of a file in large-file storage that of its pointer. */
  oid: string;
  /** Of the content, where it is in large-file storage. */
  sha256?: string;
}

export interface JobSpec {
  image: string;
  command: string[];
  flavor: string;
  timeoutSeconds: number;
  environment?: Record<string, string>;
  secrets?: Record<string, string>;
  labels?: Record<string, string>;
  volumes?: { source: RepoId; mountPath: string; path?: string; readOnly?: boolean }[];
}

export interface JobInfo {
  id: string;
  /** `SCHEDULING | RUNNING | COMPLETED | CANCELED | ERROR | DELETED`. */
  stage: string;
  message?: string;
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  flavor: string;
  labels: Record<string, string>;
  url: string;
}

export interface HardwareOffer {
  name: string;
  prettyName: string;
  cpu?: string;
  ram?: string;
  accelerator?: string | null;
  /** US dollars per hour. */
  usdPerHour: number;
}

/** A model repository at one revision. */
export interface ModelInfo {
  /** The commit that the revision points to now. */
  sha: string;
  /** As its card says it; `null` when it says nothing. */
  license: string | null;
  /** Its files are given only to those who were let in. */
  gated: boolean;
}

export interface HubPort {
  readonly endpoint: string;

  whoami(token?: string): Promise<Identity>;
  /** Every member's lower-cased user name and role; complete or an error. */
  orgMembers(org: string): Promise<Map<string, string>>;
  memberByEmail(org: string, email: string): Promise<{ user: string; role?: string } | null>;
  orgExists(org: string): Promise<boolean>;
  /** `team`, `enterprise`, …; `null`: none, or the Hub shows none. */
  orgPlan(org: string): Promise<string | null>;
  /** What the Hub's clock says, milliseconds since the epoch; `null` when its answers name no time. Needs no token. */
  hubTime(): Promise<number | null>;

  bucketInfo(id: RepoId, token?: string): Promise<BucketInfo | null>;
  createBucket(id: RepoId, options: { private: boolean }, token?: string): Promise<BucketInfo>;
  deleteBucket(id: RepoId): Promise<void>;
  /**
   * Files below `prefix` (a plain string prefix on the Hub: pass `dir/` for a folder), every page, or an error. Over
   * `maxFiles` it throws kind `invalid` and asks for no further page.
   * @returns `null` when the bucket does not exist.
   */
  listFiles(id: RepoId, prefix?: string, options?: { maxFiles?: number }): Promise<BucketFile[] | null>;
  /** Those of `paths` that exist. */
  pathsInfo(id: RepoId, paths: string[]): Promise<BucketFile[]>;
  /** `null`: no such file (or bucket). Over `maxBytes` it throws kind `invalid` without reading on. */
  readFile(
    id: RepoId,
    path: string,
    options?: { maxBytes?: number; token?: string },
  ): Promise<Uint8Array | null>;
  /** One batch request for the whole group. Resolves with the paths the Hub refused; throws if none was taken. */
  write(
    id: RepoId,
    write: BucketWrite,
    token?: string,
  ): Promise<{
    failed: { path: string; error: string }[];
    /** Hashes under which the added files are stored now. */
    written?: { path: string; xetHash: string }[];
  }>;

  /** `null`: no such model or revision, or not for this token. */
  modelInfo(id: RepoId, revision: string): Promise<ModelInfo | null>;

  spaceInfo(id: RepoId): Promise<SpaceInfo | null>;
  createSpace(
    id: RepoId,
    options: {
      sdk: 'docker' | 'static';
      private: boolean;
      hardware?: string;
      variables?: Record<string, string>;
    },
  ): Promise<SpaceInfo>;
  deleteSpace(id: RepoId): Promise<void>;
  spaceFiles(id: RepoId): Promise<SpaceFile[]>;
  readSpaceFile(id: RepoId, path: string): Promise<Uint8Array | null>;
  /** One commit. @returns the new revision. */
  commitSpace(
    id: RepoId,
    files: { path: string; content: Uint8Array }[],
    deletes: string[],
    title: string,
  ): Promise<{ sha: string }>;
  spaceRuntime(id: RepoId): Promise<SpaceRuntime>;
  spaceVariables(id: RepoId): Promise<VariableEntry[]>;
  setSpaceVariable(id: RepoId, entry: VariableEntry): Promise<void>;
  deleteSpaceVariable(id: RepoId, key: string): Promise<void>;
  /** Names only: the Hub never gives a secret back. */
  spaceSecrets(id: RepoId): Promise<string[]>;
  setSpaceSecret(id: RepoId, key: string, value: string): Promise<void>;
  deleteSpaceSecret(id: RepoId, key: string): Promise<void>;
  restartSpace(id: RepoId): Promise<void>;
  pauseSpace(id: RepoId): Promise<void>;
  spaceLogs(id: RepoId, kind: 'build' | 'run', tail?: number): Promise<string[]>;

  runJob(namespace: string, spec: JobSpec): Promise<JobInfo>;
  /** `null`: the Hub does not know the job. */
  job(namespace: string, id: string): Promise<JobInfo | null>;
  jobs(namespace: string, labels?: Record<string, string>): Promise<JobInfo[]>;
  jobLogs(namespace: string, id: string, tail?: number): Promise<string[]>;
  cancelJob(namespace: string, id: string): Promise<void>;
  jobHardware(): Promise<HardwareOffer[]>;
  /** Those with a price. */
  spaceHardware(): Promise<HardwareOffer[]>;
}

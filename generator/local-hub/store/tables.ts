/** Every kind of row the hub keeps. Rows are replaced whole, never changed in place. */

export type TokenRole = 'read' | 'write' | 'fineGrained' | 'god';
export type OrgRole = 'admin' | 'write' | 'contributor' | 'read' | 'no_access';

export interface Scope {
  name: string;
  type: string;
  permissions: string[];
}

export interface UserRow {
  id: string;
  name: string;
  fullname: string;
  email: string | null;
  pro: boolean;
  credits?: number;
  createdAt: string;
}

export interface OrgRow {
  id: string;
  name: string;
  fullname: string;
  plan: string | null;
  credits?: number;
  createdAt: string;
  members: Record<string, OrgRole>;
}

/** Keyed by the sha256 of the token: the token itself is not kept. */
export interface TokenRow {
  user: string;
  displayName: string;
  role: TokenRole;
  scopes: Scope[];
  createdAt: string;
  /** Set for OAuth tokens: the granted OAuth scopes. */
  oauth?: { scopes: string[]; clientId: string; expiresAt: number };
}

export interface BucketRow {
  id: string;
  /** `namespace/name`. */
  repo: string;
  author: string;
  private: boolean;
  createdAt: string;
  updatedAt: string;
  cdnRegions: { provider: string; region: string }[];
}

export interface FileRow {
  size: number;
  xetHash: string;
  mtime: string;
  uploadedAt: string;
  contentType: string;
}

/** How a file is put together: chunks `[start, end)` of xorbs, in order. */
export interface ReconstructionRow {
  size: number;
  terms: { xorb: string; start: number; end: number; length: number }[];
}

export interface VariableRow {
  key: string;
  value: string;
  description?: string;
  updatedAt: string;
}

export interface SpaceRow {
  id: string;
  repo: string;
  author: string;
  private: boolean;
  sdk: string;
  createdAt: string;
  lastModified: string;
  sha: string;
  /** Path to blob: size in bytes and git blob sha1. */
  files: Record<string, { size: number; oid: string }>;
  variables: Record<string, VariableRow>;
  secrets: Record<string, VariableRow>;
  hardware: string;
  sleepTime: number;
  paused: boolean;
  port: number | null;
  volumes?: JobVolume[];
  oauth: { clientId: string; clientSecret: string };
}

export interface JobVolume {
  type: string;
  source: string;
  mountPath: string;
  readOnly?: boolean;
  path?: string;
}

export type JobStage = 'SCHEDULING' | 'RUNNING' | 'COMPLETED' | 'CANCELED' | 'ERROR' | 'DELETED';

export interface JobRow {
  id: string;
  namespace: string;
  createdBy: string;
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  dockerImage: string | null;
  spaceId: string | null;
  command: string[];
  arguments: string[];
  environment: Record<string, string>;
  /** Names only; the values live in memory until the job has ended. */
  secrets: string[];
  flavor: string;
  timeoutSeconds: number;
  attempts: number;
  labels: Record<string, string>;
  volumes: JobVolume[];
  /** Members of a group run at the same time and reach each other; `aliases` are names in it. */
  network?: { group: string; aliases?: string[] };
  stage: JobStage;
  message: string | null;
  failureCount: number;
}

export interface Tables {
  meta: string;
  users: UserRow;
  orgs: OrgRow;
  tokens: TokenRow;
  buckets: BucketRow;
  reconstructions: ReconstructionRow;
  spaces: SpaceRow;
  jobs: JobRow;
  [files: `files:${string}`]: FileRow;
}

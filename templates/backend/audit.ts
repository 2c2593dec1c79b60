/** The audit log: what was written or refused, by whom. One file per flush, so that no flush can lose another's rows. */

export interface AuditRow {
  agent_id: string | null;
  /** Path template of the route: `/v1/messages`. */
  route: string;
  via: 'bucket' | 'raw' | 'dashboard' | 'inline' | 'job' | 'server' | null;
  /** `hf://…` as resolved, when there is one. */
  source: string | null;
  target_path: string | null;
  bytes: number;
  status_code: number;
  caller_ip?: string;
  user_agent?: string;
  [extra: string]: unknown;
}

export interface Audit {
  /** Queues a row; `ts` is put in front. Never throws, never waits. */
  record(row: AuditRow): void;
  /** Resolves when every queued row is in the private bucket. */
  flush(): Promise<void>;
}

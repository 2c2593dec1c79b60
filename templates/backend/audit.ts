/** The audit log: what was written or refused, by whom. One file per flush, so that no flush can lose another's rows. */
import { fileStamp, isoStamp } from '@collab/contract/stamps.ts';
import type { Log } from './log.ts';
import type { PrivateFiles } from './store/types.ts';

export interface AuditRow {
  agent_id: string | null;
  /** Path template of the route: `/v1/messages`. */
  route: string;
  via: 'bucket' | 'raw' | 'dashboard' | 'inline' | 'job' | 'server' | null;
  /** `hf://…` as resolved, when there is one. */
  source: string | null;
  target_path: string | null;
  /** Of what was written; 0 when nothing was. */
  bytes: number;
  status_code: number;
  [extra: string]: unknown;
}

/** Where a request came from, as far as that is known. */
export interface Caller {
  ip?: string | undefined;
  userAgent?: string | undefined;
}

export interface Audit {
  /** Queues a row; `ts`, `caller_ip` and `user_agent` are put in. Never throws, never waits. */
  record(from: Caller, row: AuditRow): void;
  /** Resolves when every queued row is in the private bucket. */
  flush(): Promise<void>;
}

export interface AuditDeps {
  files: PrivateFiles;
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  signal: AbortSignal;
  log: Log;
}

/** Rows wait so long for company before they are written, in ms. */
const GATHER_MS = 1_000;

/** Rows leave the queue only when the Hub has taken their file: a failed flush is repeated under the same name. */
export function createAudit(deps: AuditDeps): Audit {
  let queue: string[] = [];
  let flight: Promise<void> | null = null;
  let last = 0;

  const name = () => {
    last = Math.max(deps.now(), last + 1);
    const stamp = fileStamp(last);
    return `audit/${stamp.slice(0, 6)}/${stamp}.jsonl`;
  };

  const write = async () => {
    while (queue.length > 0) {
      const rows = queue;
      queue = [];
      const path = name();
      for (let attempt = 0; ; attempt++) {
        try {
          await deps.files.writeText(path, rows.join(''));
          break;
        } catch (error) {
          deps.log('error', 'audit_retry', { error, rows: rows.length });
          if (deps.signal.aborted && attempt >= 3) {
            deps.log('error', 'audit_not_written', { rows });
            throw error;
          }
          await deps.sleep(Math.min(500 * 2 ** attempt, 30_000));
        }
      }
    }
  };

  const flush = () => {
    flight ??= write().finally(() => {
      flight = null;
    });
    return flight;
  };

  let timer = false;
  return {
    record({ ip: caller_ip, userAgent: user_agent }, row) {
      const { agent_id, route, via, source, target_path, bytes, status_code, ...extras } = row;
      const fixed = { agent_id, route, via, source, target_path, bytes, status_code, caller_ip, user_agent };
      queue.push(`${JSON.stringify({ ts: isoStamp(deps.now()), ...fixed, ...extras })}\n`);
      if (timer) return;
      timer = true;
      void deps.sleep(GATHER_MS, deps.signal).then(() => {
        timer = false;
        return flush().catch(() => {});
      });
    },
    async flush() {
      await flush();
      // Rows that came in while the last file was on its way.
      if (queue.length > 0) await flush();
    },
  };
}

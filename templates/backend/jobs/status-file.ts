import type { JobInfo } from '@collab/hub/port.ts';

export type JobStatus = 'running' | 'completed' | 'error' | 'canceled' | 'deleted' | 'timed_out' | 'unknown';

/** How a job ended, or that it goes on. */
export function statusOf(stage: string, timedOut = false): JobStatus {
  if (timedOut) return 'timed_out';
  const known: Record<string, JobStatus> = {
    SCHEDULING: 'running',
    RUNNING: 'running',
    COMPLETED: 'completed',
    ERROR: 'error',
    CANCELED: 'canceled',
    DELETED: 'deleted',
  };
  return known[stage] ?? 'unknown';
}

export function isTerminal(stage: string): boolean {
  return ['COMPLETED', 'CANCELED', 'ERROR', 'DELETED'].includes(stage);
}

/** `job_status.json`: two spaces, sorted keys, as the reference writes it. */
export function statusFile(fields: Record<string, string | number | undefined>): string {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return `${JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
}

/** Seconds a job ran, by the Hub's own times; `fallback` where it gives none. */
export function runSeconds(job: JobInfo, fallback: number): number {
  const from = Date.parse(job.startedAt ?? '');
  const to = Date.parse(job.finishedAt ?? '');
  return Number.isFinite(from) && Number.isFinite(to) ? Math.max(0, (to - from) / 1000) : fallback;
}

/** Exit code the Hub tells in its message; `null` when it tells none. */
export function exitCode(message: string | undefined): number | null {
  const match = /exit(?:ed)?(?:\s+with)?(?:\s+(?:code|status))*\s*[:=]?\s*(\d{1,3})\b/i.exec(message ?? '');
  return match ? Number(match[1]) : null;
}

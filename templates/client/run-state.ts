import { ClientError } from './errors.ts';
import type { ClientIo } from './io.ts';
import type { Scratch } from './scratch.ts';

/** `{run_prefix}/job_status.json`, kept by the server. */
export interface JobStatus {
  status: 'running' | 'completed' | 'error' | 'canceled' | 'deleted' | 'timed_out' | 'unknown';
  stage?: string;
  message?: string;
  job_id?: string;
  job_url?: string;
  submission_prefix?: string;
}

/** What the harness wrote: at least the score field. */
export type Summary = Record<string, unknown> & {
  gates?: { id: string; value: number | null; limit: number; op: string; pass: boolean; note?: string }[];
  error?: unknown;
};

/** The score of a run: its own field, or the mean of `score` where the field has that very name. */
export function scoreOf(summary: Summary | null, field: string): number | null {
  const value = summary?.[field];
  const mean = (value as { mean?: unknown } | null | undefined)?.mean;
  const score = field === 'score' && typeof value === 'object' ? mean : value;
  return typeof score === 'number' ? score : null;
}

/**
 * Waits until the server says that the job of this run has ended.
 * @param limitMs gives up then; the job itself goes on
 * @throws ClientError RUN_NOT_FINISHED, CANCELLED
 */
export async function waitForRun(
  io: ClientIo,
  scratch: Scratch,
  runPrefix: string,
  limitMs: number,
): Promise<JobStatus> {
  const began = io.now();
  for (;;) {
    if (io.signal.aborted) throw new ClientError('CANCELLED', 'Cancelled; the job goes on.');
    const status = await scratch.json<JobStatus>(`${runPrefix}/job_status.json`);
    if (status && status.status !== 'running') return status;
    const waited = io.now() - began;
    if (waited > limitMs)
      throw new ClientError('RUN_NOT_FINISHED', `The run ${runPrefix} is not finished yet.`, {
        next: [{ command: `node collab.mjs run --wait-for ${runPrefix}`, why: 'goes on waiting' }],
      });
    // Seldom enough for a job of an hour, soon enough for one of seconds.
    await io.sleep(Math.min(Math.max(waited * 0.05, 300), 10_000));
  }
}

/** The summary of a run that has ended. @throws ClientError RUN_FAILED with the end of its log */
export async function summaryOf(scratch: Scratch, runPrefix: string, status: JobStatus): Promise<Summary> {
  const summary = await scratch.json<Summary>(`${runPrefix}/summary.json`);
  if (status.status === 'completed' && summary) return summary;
  const log = (await scratch.text(`${runPrefix}/job_logs.txt`)) ?? '';
  const reason = summary?.error ? JSON.stringify(summary.error) : (status.message ?? status.status);
  throw new ClientError('RUN_FAILED', `The run ended as ${status.status}: ${reason}`, {
    hint: log.trim().split('\n').slice(-8).join(' ⏎ ') || 'the job left no log',
    next: [
      {
        command: `hf buckets cp hf://buckets/${scratch.bucket}/${runPrefix}/job_logs.txt -`,
        why: 'the whole log',
      },
    ],
  });
}

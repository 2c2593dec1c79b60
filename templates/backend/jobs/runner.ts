import { HubError, type HubPort, type JobInfo, type JobSpec } from '@collab/hub/port.ts';
import { RUN_LABEL, reduceLabels } from './spec.ts';
import { isTerminal } from './status-file.ts';

export interface RunnerDeps {
  hub: Pick<HubPort, 'runJob' | 'job' | 'jobs' | 'cancelJob'>;
  /** Namespace that pays. */
  org: string;
  pollMs: number;
  graceMs: number;
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

/** How a watch ended. `stopped`: this server is going down, the job goes on. */
export type Ending = { how: 'ended'; job: JobInfo; timedOut: boolean } | { how: 'gone' } | { how: 'stopped' };

/** Launches one job. When the Hub's answer got lost, the job is looked for by its label. @throws HubError */
export async function launchJob({ hub, org }: RunnerDeps, spec: JobSpec): Promise<JobInfo> {
  try {
    return await hub.runJob(org, spec);
  } catch (error) {
    if (!(error instanceof HubError) || error.kind !== 'unknown_outcome') throw error;
    // A failed search leaves the outcome as unknown as it was.
    const found = await findByRun({ hub, org }, spec.labels?.[RUN_LABEL] ?? '').catch(() => null);
    if (found) return found;
    throw error;
  }
}

/** The job with this run label; `null`: the Hub has none. */
export async function findByRun(
  { hub, org }: Pick<RunnerDeps, 'hub' | 'org'>,
  runId: string,
): Promise<JobInfo | null> {
  const labels = reduceLabels({ [RUN_LABEL]: runId });
  const jobs = await hub.jobs(org, labels);
  return jobs.find((job) => job.labels[RUN_LABEL] === labels[RUN_LABEL]) ?? null;
}

/** Looks at a job until it has ended; cancels it when it outlives limit and grace. Failed looks are repeated. */
export async function watchJob(deps: RunnerDeps, jobId: string, deadlineMs: number): Promise<Ending> {
  let cancelled = false;
  for (;;) {
    await deps.sleep(deps.pollMs, deps.signal);
    if (deps.signal.aborted) return { how: 'stopped' };
    const job = await look(deps, jobId);
    if (job === null) return { how: 'gone' };
    if (job && isTerminal(job.stage)) return { how: 'ended', job, timedOut: cancelled };
    if (deps.now() > deadlineMs + deps.graceMs) cancelled = await cancel(deps, jobId);
  }
}

/** `undefined`: could not tell this time. */
async function look({ hub, org }: RunnerDeps, jobId: string): Promise<JobInfo | null | undefined> {
  return hub.job(org, jobId).catch(() => undefined);
}

async function cancel({ hub, org }: RunnerDeps, jobId: string): Promise<boolean> {
  return hub.cancelJob(org, jobId).then(
    () => true,
    () => false,
  );
}

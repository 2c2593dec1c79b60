import { ApiError } from '@collab/contract/errors.ts';
import { scratchBucket } from '@collab/contract/paths.ts';
import { HubError, type HubPort, type JobInfo } from '@collab/hub/port.ts';
import type { Reservation } from '../domain/quota/ledger.ts';
import { blamesHarness, SUBMISSION_FAULT } from '../domain/verification/decide.ts';
import { MAX_SUMMARY_BYTES, readSummary } from '../domain/verification/summary.ts';
import type { Settings } from '../settings.ts';
import type { EndedJob, JobDesk } from './desk.ts';
import type { LedgerBook } from './ledger-book.ts';
import { LOG_FILE, logFile } from './log-file.ts';
import { benchmarkSpec } from './spec.ts';
import { exitCode, statusFile, statusOf } from './status-file.ts';

export interface BenchmarkDeps {
  settings: Settings;
  hub: Pick<HubPort, 'write' | 'readFile'>;
  ledger: LedgerBook;
  desk: JobDesk;
  now(): number;
  newId(): string;
}

export interface BenchmarkRequest {
  agent: string;
  user: string;
  /** Both without slashes at their ends. */
  submissionPrefix: string;
  runPrefix: string;
  idempotency?: string;
}

export interface BenchmarkRun {
  entry: Reservation;
  jobId: string;
  jobUrl: string;
  remaining: { agent_remaining: number; user_remaining: number };
}

export interface Benchmarks {
  /** Reserves, then launches. The reservation is on the Hub before anything is billed. */
  run(request: BenchmarkRequest): Promise<BenchmarkRun>;
}

export function benchmarks(deps: BenchmarkDeps): Benchmarks {
  const { settings, ledger, desk } = deps;
  desk.onEnd('benchmark', async (ended) => {
    await recordEnd(deps, ended);
    return platformFault(deps, ended);
  });

  return {
    async run(request) {
      const { agent, user, submissionPrefix, runPrefix, idempotency } = request;
      const target = { submission_prefix: submissionPrefix, run_prefix: runPrefix };
      const id = deps.newId();
      const reserved = await ledger.reserve({ id, kind: 'benchmark', agent, user, target, idempotency });
      if (!reserved.ok) throw reserved.refusal;
      const { entry, remaining } = reserved;
      if (reserved.replay) return replay(settings, entry, remaining);
      const job = await launch(
        deps,
        entry,
        benchmarkSpec(settings, { agent, submissionPrefix, runPrefix }, id),
      );
      await writeStatus(deps, entry, {
        ...launchFields(deps, entry, job),
        status: 'running',
        stage: job.stage,
      }).catch(
        // The job runs and its end is written; a missing intermediate state costs nothing.
        () => undefined,
      );
      return { entry, jobId: job.id, jobUrl: job.url, remaining };
    },
  };
}

async function launch(
  deps: BenchmarkDeps,
  entry: Reservation,
  spec: ReturnType<typeof benchmarkSpec>,
): Promise<JobInfo> {
  try {
    // A file below the run prefix must exist before it can be mounted.
    await writeStatus(deps, entry, { ...launchFields(deps, entry), status: 'running', stage: 'LAUNCHING' });
    return await deps.desk.launch(entry, spec);
  } catch (error) {
    await deps.desk.abandon(entry, error);
    if (error instanceof HubError && error.kind === 'unknown_outcome')
      throw new ApiError('WRITE_UNSETTLED', 'the Hub did not say whether the job was launched', {
        hint: 'repeat the request with the same Idempotency-Key',
        cause: error,
      });
    throw launchFailure(error);
  }
}

function launchFailure(error: unknown): ApiError {
  if (!(error instanceof HubError))
    return new ApiError('JOB_LAUNCH_FAILED', 'the job was not launched', {
      hint: 'nothing was counted against your quota; try again',
      cause: error,
    });
  // A Hub that is down or short of calls refuses nothing: the caller has only to come again.
  if (error.kind === 'rate_limited' || error.kind === 'unavailable')
    return new ApiError('HUB_UNAVAILABLE', 'the Hub did not launch the job', {
      hint: 'nothing was counted against your quota; try again after Retry-After',
      retryAfterS: error.retryAfterS ?? 30,
      cause: error,
    });
  const hint =
    error.kind === 'payment'
      ? 'the organization has no credits for jobs; tell an organizer'
      : 'nothing was counted against your quota; try again';
  return new ApiError('JOB_LAUNCH_FAILED', `the Hub refused the job (${error.kind})`, { hint, cause: error });
}

/** The same request again: the answer it had, or that it is still being launched. */
function replay(settings: Settings, entry: Reservation, remaining: BenchmarkRun['remaining']): BenchmarkRun {
  if (!entry.job_id)
    throw new ApiError('WRITE_UNSETTLED', 'the first request with this key is not settled yet', {
      retryAfterS: 5,
    });
  const jobUrl = `${settings.HF_ENDPOINT}/jobs/${settings.ORG}/${entry.job_id}`;
  return { entry, jobId: entry.job_id, jobUrl, remaining };
}

type Fields = Record<string, string | number | undefined>;

function launchFields({ settings, now }: BenchmarkDeps, entry: Reservation, job?: JobInfo): Fields {
  return {
    agent_id: entry.agent_id,
    hf_user: entry.hf_user,
    submission_prefix: entry.target.submission_prefix,
    timeout_minutes: settings.JOB_TIMEOUT_MINUTES,
    launched_at: entry.launched_at ?? new Date(now()).toISOString(),
    job_id: job?.id ?? entry.job_id,
    job_url: job?.url,
  };
}

async function recordEnd(deps: BenchmarkDeps, { entry, job, timedOut, logs }: EndedJob): Promise<void> {
  const status = statusOf(job?.stage ?? 'DELETED', timedOut);
  const message =
    status === 'completed'
      ? `benchmark completed; see summary.json for ${deps.settings.SCORE_FIELD}`
      : `benchmark ${status}: ${job?.message ?? 'see job_logs.txt'}`;
  const ended = {
    status,
    stage: job?.stage ?? 'DELETED',
    finished_at: new Date(deps.now()).toISOString(),
    message,
  };
  const fields = { ...launchFields(deps, entry, job ?? undefined), ...ended };
  await writeStatus(deps, entry, fields, { [LOG_FILE]: logFile(logs) });
}

/**
 * Did the run fail through no fault of its submission: the Hub lost it, or the harness says so of itself. The folder
 * is the agent's own, so it could say so in the harness's name: refunds are few for that reason.
 */
async function platformFault({ hub, settings }: BenchmarkDeps, { entry, job }: EndedJob): Promise<boolean> {
  if (job === null || job.stage === 'DELETED') return true;
  if (job.stage !== 'ERROR' || exitCode(job.message) === SUBMISSION_FAULT) return false;
  const bucket = scratchBucket(settings.ORG, settings.COLLAB_SLUG, entry.agent_id);
  const path = `${entry.target.run_prefix}/summary.json`;
  const bytes = await hub.readFile(bucket, path, { maxBytes: MAX_SUMMARY_BYTES }).catch(() => null);
  const summary = bytes && readSummary(new TextDecoder().decode(bytes), settings.SCORE_FIELD);
  return blamesHarness(summary);
}

async function writeStatus(
  { hub, settings }: BenchmarkDeps,
  entry: Reservation,
  fields: Fields,
  more: Record<string, string> = {},
): Promise<void> {
  const bucket = scratchBucket(settings.ORG, settings.COLLAB_SLUG, entry.agent_id);
  const files = { 'job_status.json': statusFile(fields), ...more };
  const adds = Object.entries(files).map(([name, content]) => ({
    path: `${entry.target.run_prefix}/${name}`,
    content,
  }));
  const { failed } = await hub.write(bucket, { adds });
  if (failed[0]) throw new Error(`${failed[0].path}: ${failed[0].error}`);
}

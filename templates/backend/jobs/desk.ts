import { HubError, type HubPort, type JobInfo, type JobSpec } from '@collab/hub/port.ts';
import type { JobKind, Reservation } from '../domain/quota/ledger.ts';
import type { Log } from '../log.ts';
import type { LedgerBook } from './ledger-book.ts';
import { findByRun, launchJob, type RunnerDeps, watchJob } from './runner.ts';
import { RUN_LABEL } from './spec.ts';
import { isTerminal, runSeconds } from './status-file.ts';

/** A job that has ended, as far as the Hub can tell. */
export interface EndedJob {
  entry: Reservation;
  /** `null`: the Hub no longer knows it. */
  job: JobInfo | null;
  timedOut: boolean;
  logs: string[];
}

export interface DeskDeps extends RunnerDeps {
  hub: Pick<HubPort, 'runJob' | 'job' | 'jobs' | 'cancelJob' | 'jobLogs'>;
  ledger: LedgerBook;
  log: Log;
  /** How long a run may take. */
  limitMs(entry: Reservation): number;
  logTail: number;
  /** `{slug}-benchmark` and `{slug}-verification`. */
  taskLabel(kind: JobKind): string;
}

/** Records how a job ended. @returns whether it failed through no fault of its owner */
export type EndHandler = (ended: EndedJob) => Promise<boolean>;

/** Launches reserved jobs, follows them to their end, and finds them again after a restart. */
export interface JobDesk {
  onEnd(kind: JobKind, handler: EndHandler): void;
  /** Launches a reserved job and follows it. Nothing was billed when it throws, unless the outcome is unknown. */
  launch(entry: Reservation, spec: JobSpec): Promise<JobInfo>;
  /** A launch that failed: gives the reservation back, or looks for the job until it is known whether there is one. */
  abandon(entry: Reservation, error: unknown): Promise<void>;
  /** Takes up every job that a former process left behind; cancels those nobody reserved. */
  resume(): Promise<void>;
  /** Reservations that are being followed, by id. */
  readonly following: ReadonlyMap<string, Reservation>;
  /** Called whenever a followed job has ended and was recorded. */
  onIdle(listener: () => void): void;
  /** Grows whenever a job is taken up or let go. */
  readonly version: number;
  /** Resolves when nothing is followed any more (tests, shutdown). */
  idle(): Promise<void>;
}

const HANDLER_ATTEMPTS = 8;
const UNKNOWN_WAIT_MS = 30_000;
const LAUNCH_MS = 600_000;

export function jobDesk(deps: DeskDeps): JobDesk {
  const handlers = new Map<JobKind, EndHandler>();
  const following = new Map<string, Reservation>();
  const running = new Set<Promise<void>>();
  const listeners: (() => void)[] = [];
  let version = 0;
  const startedAt = deps.now();

  function follow(entry: Reservation): void {
    if (following.has(entry.id)) return;
    following.set(entry.id, entry);
    version++;
    const task = watchToEnd(entry)
      .catch((error) => deps.log('error', 'job_not_followed', { run: entry.id, error }))
      .finally(() => {
        following.delete(entry.id);
        running.delete(task);
        version++;
        for (const listener of listeners) listener();
      });
    running.add(task);
  }

  async function watchToEnd(entry: Reservation): Promise<void> {
    const since = Date.parse(entry.launched_at ?? entry.ts);
    const jobId = entry.job_id as string;
    const ending = await watchJob(deps, jobId, since + deps.limitMs(entry));
    if (ending.how === 'stopped') return;
    const job = ending.how === 'ended' ? ending.job : null;
    const timedOut = ending.how === 'ended' && ending.timedOut;
    const logs = job ? await deps.hub.jobLogs(deps.org, jobId, deps.logTail).catch(() => []) : [];
    let refund = false;
    const done = await persist(async () => {
      refund = (await handlers.get(entry.kind)?.({ entry, job, timedOut, logs })) ?? false;
    });
    const seconds = job ? runSeconds(job, (deps.now() - since) / 1000) : (deps.now() - since) / 1000;
    if (done !== 'stopped') await persist(() => deps.ledger.settled(entry.id, seconds, refund));
  }

  /** Repeats what has to reach the Hub, with growing pauses. */
  async function persist(task: () => Promise<void>): Promise<'done' | 'stopped' | 'failed'> {
    for (let attempt = 1; ; attempt++) {
      try {
        await task();
        return 'done';
      } catch (error) {
        deps.log('warn', 'job_end_not_recorded', { attempt, error });
      }
      if (attempt === HANDLER_ATTEMPTS) return 'failed';
      await deps.sleep(Math.min(1000 * 2 ** attempt, 60_000), deps.signal);
      if (deps.signal.aborted) return 'stopped';
    }
  }

  /** Reserved by this very process a moment ago. */
  function mayBeLaunching(entry: Reservation): boolean {
    return (
      entry.state === 'reserved' &&
      Date.parse(entry.ts) >= startedAt &&
      deps.now() - Date.parse(entry.ts) < LAUNCH_MS
    );
  }

  async function adopt(entry: Reservation): Promise<void> {
    if (entry.job_id) return follow(entry);
    const job = await findByRun(deps, entry.id);
    if (!job) return deps.ledger.released(entry.id);
    await deps.ledger.launched(entry.id, job.id);
    follow({ ...entry, state: 'launched', job_id: job.id, launched_at: job.createdAt || entry.ts });
  }

  async function ourRunningJobs(): Promise<JobInfo[]> {
    const kinds = ['benchmark', 'verification'] as const;
    const jobs = await Promise.all(
      kinds.map((kind) => deps.hub.jobs(deps.org, { task: deps.taskLabel(kind) })),
    );
    return jobs.flat().filter((job) => !isTerminal(job.stage));
  }

  /** A running job of ours that no open reservation stands for bills for nothing. */
  async function cancelZombies(jobs: readonly JobInfo[], open: ReadonlySet<string>): Promise<void> {
    for (const job of jobs.filter((each) => !open.has(each.labels[RUN_LABEL] ?? ''))) {
      deps.log('warn', 'zombie_job_cancelled', { job: job.id });
      await deps.hub.cancelJob(deps.org, job.id);
    }
  }

  /** After an unknown outcome the job may still appear: the reservation stands until the Hub has been asked again. */
  async function settleUnknown(entry: Reservation): Promise<void> {
    await deps.sleep(UNKNOWN_WAIT_MS, deps.signal);
    if (!deps.signal.aborted) await persist(() => adopt(entry));
  }

  return {
    following,
    onIdle: (listener) => void listeners.push(listener),
    get version() {
      return version;
    },
    async abandon(entry, error) {
      const unknown = error instanceof HubError && error.kind === 'unknown_outcome';
      if (!unknown) return deps.ledger.released(entry.id);
      const task = settleUnknown(entry).then(() => void running.delete(task));
      running.add(task);
    },
    onEnd: (kind, handler) => void handlers.set(kind, handler),
    async launch(entry, spec) {
      const job = await launchJob(deps, spec);
      const launched_at = new Date(deps.now()).toISOString();
      // The job runs now: a ledger that cannot be written is made good by the label at the next start.
      await deps.ledger.launched(entry.id, job.id).catch((error) => {
        deps.log('warn', 'launch_not_recorded', { run: entry.id, error });
      });
      follow({ ...entry, state: 'launched', job_id: job.id, launched_at });
      return job;
    },
    async resume() {
      // Jobs before ledger: a job launched in between has its reservation in what is read after it.
      const jobs = await ourRunningJobs();
      const { entries } = await deps.ledger.read();
      const open = entries.filter(
        ({ state, evaluator }) => !evaluator && (state === 'reserved' || state === 'launched'),
      );
      const left = open.filter((entry) => !following.has(entry.id) && !mayBeLaunching(entry));
      for (const entry of left) await adopt(entry);
      await cancelZombies(jobs, new Set(open.map((entry) => entry.id)));
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

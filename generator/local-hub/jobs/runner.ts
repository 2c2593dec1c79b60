import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../process/log.ts';
import { type Database, put } from '../store/database.ts';
import type { JobRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';
import type { JobGuard } from './guard.ts';
import { JobLog, readJobLog } from './job-log.ts';
import { type JobLimits, limitsOf } from './limits.ts';
import { groupOf, NetworkGroups } from './network.ts';
import { type JobProcess, runProcess } from './process.ts';
import { JobQueue } from './queue.ts';

interface Deps {
  db: Database;
  cas: Cas;
  dir: string;
  now(): number;
  endpoint(): string;
  /** Jobs at once: one, so that timings are not disturbed. */
  concurrency: number;
  /** Default: what the job's hardware has. */
  limits?: JobLimits;
  /** Default: everything may run. */
  guard?: JobGuard;
}

type Outcome = Pick<JobRow, 'stage' | 'message'>;

interface Live {
  secrets: Record<string, string>;
  log: JobLog;
  process: JobProcess | null;
  cancelled: boolean;
  ending: boolean;
}

const RETRY_MS = 5000;
const ENDED = new Set(['COMPLETED', 'CANCELED', 'ERROR', 'DELETED']);

/** Runs jobs as child processes, in order, and keeps their records. */
export class JobRunner {
  private readonly deps: Deps;
  private readonly live = new Map<string, Live>();
  private readonly queue: JobQueue;
  private readonly groups: NetworkGroups;
  private stopped = false;

  constructor(deps: Deps) {
    this.deps = deps;
    this.groups = new NetworkGroups(join(deps.dir, 'groups'));
    const start = async (id: string) => {
      if (this.live.has(id)) await this.run(id);
    };
    this.queue = new JobQueue(deps.concurrency, (id) => this.seatOf(id), start);
  }

  /** Jobs that a former hub process left behind cannot be going on. */
  async recover(): Promise<void> {
    const left = this.deps.db.values('jobs').filter((job) => !ENDED.has(job.stage));
    const finishedAt = this.time();
    const message = 'The hub stopped while this job was waiting or running.';
    await this.deps.db.write(
      ...left.map((job) => put('jobs', job.id, { ...job, stage: 'ERROR', message, finishedAt })),
    );
    await Promise.all(left.map((job) => this.cleanUp(job.id)));
  }

  /** Records a job and starts it when it is its turn. */
  async submit(job: JobRow, secrets: Record<string, string>): Promise<void> {
    await this.deps.db.write(put('jobs', job.id, job));
    await mkdir(this.folder(job.id), { recursive: true, mode: 0o700 });
    const log = new JobLog(join(this.folder(job.id), 'log.ndjson'), this.deps.now);
    this.live.set(job.id, { secrets, log, process: null, cancelled: false, ending: false });
    this.queue.push(job.id);
  }

  /** Whether a job runs now. */
  get busy(): boolean {
    return this.queue.busy;
  }

  /** Secrets of a job that has not ended. */
  secretsOf(id: string): Record<string, string> | undefined {
    return this.live.get(id)?.secrets;
  }

  async cancel(job: JobRow): Promise<JobRow> {
    const live = this.live.get(job.id);
    if (!live || ENDED.has(job.stage)) return job;
    live.cancelled = true;
    if (live.process) await live.process.stop();
    else await this.finish(job.id, { stage: 'CANCELED', message: null });
    return this.deps.db.get('jobs', job.id) ?? job;
  }

  /** Lines so far, then new ones until the job ends. */
  async *follow(id: string, signal: AbortSignal, tail?: number): AsyncGenerator<LogLine> {
    const live = this.live.get(id);
    if (live) {
      yield* live.log.live.follow(signal, tail);
      return;
    }
    const lines = await readJobLog(join(this.folder(id), 'log.ndjson'));
    yield* tail === undefined ? lines : lines.slice(-tail);
  }

  async stopAll(): Promise<void> {
    this.stopped = true;
    this.queue.close();
    await Promise.allSettled([...this.live.values()].map((live) => live.process?.stop()));
    await this.queue.ended();
    await Promise.allSettled([...this.live.keys()].map((id) => this.interrupted(id)));
  }

  private seatOf(id: string): string {
    const job = this.deps.db.get('jobs', id);
    return (job && groupOf(job)) ?? id;
  }

  private async run(id: string): Promise<void> {
    const live = this.live.get(id) as Live;
    try {
      const job = await this.update(id, { stage: 'RUNNING', startedAt: this.time() });
      let outcome = await this.attempt(job, live);
      for (let failed = 1; failed < job.attempts && this.mayRetry(outcome, live); failed++) {
        await this.update(id, { failureCount: failed });
        live.log.add(`===== ${outcome.message}; attempt ${failed + 1} of ${job.attempts} =====`);
        await this.cleanUp(id);
        outcome = await this.attempt(job, live);
      }
      if (this.stopped) await this.interrupted(id);
      else await this.finish(id, live.cancelled ? { stage: 'CANCELED', message: null } : outcome);
    } catch (error) {
      await this.finish(id, { stage: 'ERROR', message: (error as Error).message }).catch(() => undefined);
    }
  }

  private mayRetry(outcome: Outcome, live: Live): boolean {
    return outcome.stage === 'ERROR' && !live.cancelled && !this.stopped;
  }

  private async attempt(job: JobRow, live: Live): Promise<Outcome> {
    const { db, cas, now, endpoint, guard } = this.deps;
    live.log.add(`===== Job started at ${this.time()} =====`);
    const network = await this.groups.join(job);
    const limits = this.deps.limits ?? limitsOf(job.flavor);
    const [dir, log] = [this.folder(job.id), live.log];
    const process = runProcess(
      { db, cas, now, endpoint: endpoint(), dir, log, limits, network, guard },
      job,
      live.secrets,
    );
    live.process = process;
    if (live.cancelled || this.stopped) void process.stop();
    return process.outcome.finally(() => this.groups.leave(job));
  }

  private async interrupted(id: string): Promise<void> {
    if (this.live.has(id))
      await this.finish(id, { stage: 'ERROR', message: 'The hub stopped while this job was running.' });
  }

  private async finish(id: string, result: Outcome): Promise<void> {
    const live = this.live.get(id);
    if (!live || live.ending) return;
    live.ending = true;
    await this.cleanUp(id).catch(() => undefined);
    const failures = this.deps.db.get('jobs', id)?.failureCount ?? 0;
    const failureCount = failures + (result.stage === 'ERROR' ? 1 : 0);
    await this.recordEnd(id, { ...result, finishedAt: this.time(), failureCount });
    // Last: who follows the log until it ends finds the job ended.
    await live.log.end();
    this.live.delete(id);
  }

  /** A full disk must not leave a job "running" for ever: its end is written as soon as there is space. */
  private async recordEnd(id: string, change: Partial<JobRow>): Promise<void> {
    for (;;) {
      try {
        await this.update(id, change);
        return;
      } catch (error) {
        if (this.stopped) throw error;
        await sleep(RETRY_MS, undefined, { ref: false });
      }
    }
  }

  private async update(id: string, change: Partial<JobRow>): Promise<JobRow> {
    const job = { ...(this.deps.db.get('jobs', id) as JobRow), ...change };
    await this.deps.db.write(put('jobs', id, job));
    return job;
  }

  /** Removes the working copies; the log stays. */
  private async cleanUp(id: string): Promise<void> {
    for (const part of ['mounts', 'work', 'home', 'tmp'])
      await rm(join(this.folder(id), part), { recursive: true, force: true });
  }

  private folder(id: string): string {
    return join(this.deps.dir, id);
  }

  private time(): string {
    return new Date(this.deps.now()).toISOString();
  }
}

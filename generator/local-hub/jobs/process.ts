import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Child, type Exit, startChild } from '../process/child.ts';
import { periodically } from '../process/periodically.ts';
import { killStrays } from '../process/strays.ts';
import type { Database } from '../store/database.ts';
import type { JobRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';
import type { JobGuard } from './guard.ts';
import { JOB_HARDWARE } from './hardware.ts';
import type { JobLog } from './job-log.ts';
import { type JobLimits, overDisk, overMemory } from './limits.ts';
import { BucketMount, rewritePaths } from './mounts.ts';
import type { Membership } from './network.ts';

const WRITE_BACK_MS = 3000;
const MEMORY_MS = 1000;
const DISK_MS = 5000;

export interface JobProcess {
  outcome: Promise<Pick<JobRow, 'stage' | 'message'>>;
  stop(): Promise<void>;
}

interface Deps {
  db: Database;
  cas: Cas;
  dir: string;
  endpoint: string;
  now(): number;
  log: JobLog;
  limits: JobLimits;
  /** How the job finds the other members of its network group. */
  network: Membership;
  /** Default: everything may run. */
  guard?: JobGuard;
}

/** Runs a job's command in a folder of its own, with its volumes as local folders and a scrubbed environment. */
export function runProcess(deps: Deps, job: JobRow, secrets: Record<string, string>): JobProcess {
  let child: Child | null = null;
  let stopped = false;
  const begin = async () => {
    const mounts = job.volumes.map(
      (volume, i) => new BucketMount(deps, volume, join(deps.dir, 'mounts', String(i))),
    );
    for (const mount of mounts) await mount.materialize();
    const refusal = await deps.guard?.refuse(job, mounts);
    if (refusal) {
      deps.log.add(refusal);
      // No failure of what was to run: nobody may be blamed for it.
      return { stage: 'CANCELED', message: refusal } as const;
    }
    const started = await prepare(deps, job, secrets, mounts);
    if (stopped) return { stage: 'ERROR', message: 'stopped' } as const;
    child = startChild({ ...started, onLine: (line) => deps.log.add(line) });
    return supervise(child, job, mounts, deps);
  };
  const outcome = begin();
  const stop = async () => {
    stopped = true;
    await child?.stop();
    await outcome.catch(() => undefined);
  };
  return { outcome, stop };
}

async function supervise(
  child: Child,
  job: JobRow,
  mounts: BucketMount[],
  { log, limits, dir }: Deps,
): Promise<Pick<JobRow, 'stage' | 'message'>> {
  let ended: string | null = null;
  const end = (reason: string | null) => {
    if (reason === null || ended !== null) return;
    ended = reason;
    void child.stop();
  };
  const limit = setTimeout(() => end(`Job timeout: over ${job.timeoutSeconds} s`), job.timeoutSeconds * 1000);
  const syncing = periodically(WRITE_BACK_MS, () => writeBack(mounts, log));
  const watching = [
    periodically(MEMORY_MS, async () => end(overMemory(limits, child.pid ?? 0))),
    periodically(DISK_MS, async () => end(await overDisk(limits, dir))),
  ];
  const exit = await child.exited;
  clearTimeout(limit);
  for (const watch of watching) await watch.stop();
  await killStrays(job.id);
  await syncing.stop();
  for (const mount of mounts) await mount.writeBack();
  if (ended !== null) return { stage: 'ERROR', message: ended };
  if (exit.code === 0) return { stage: 'COMPLETED', message: null };
  return { stage: 'ERROR', message: reasonOf(exit) };
}

/** A file that changes while it is read is taken the next time. */
async function writeBack(mounts: BucketMount[], log: JobLog): Promise<void> {
  try {
    for (const mount of mounts) await mount.writeBack();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      log.add('===== The hub has no disk space left =====');
  }
}

async function prepare(deps: Deps, job: JobRow, secrets: Record<string, string>, mounts: BucketMount[]) {
  const at = (part: string) => join(deps.dir, part);
  for (const part of ['work', 'home', 'tmp']) await mkdir(at(part), { recursive: true, mode: 0o700 });
  const rewrite = (text: string) => rewritePaths(text, mounts);
  const [program, ...args] = [...job.command, ...job.arguments].map(rewrite) as [string, ...string[]];
  const hardware = JOB_HARDWARE.find((entry) => entry.name === job.flavor);
  const given = Object.entries({ ...job.environment, ...secrets }).map(([key, value]) => [
    key,
    rewrite(value),
  ]);
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: at('home'),
    TMPDIR: at('tmp'),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    HF_ENDPOINT: deps.endpoint,
    ...deps.network.env,
    ...Object.fromEntries(given),
    JOB_ID: job.id,
    ACCELERATOR: hardware?.accelerator?.model ?? 'none',
    CPU_CORES: String(availableParallelism()),
    MEMORY: hardware?.ram.replace(' GB', 'Gi') ?? '16Gi',
  };
  const [command, ...rest] = [
    ...deps.network.wrapper,
    program === 'python' ? 'python3' : program,
    ...args,
  ] as [string, ...string[]];
  return { command, args: rest, cwd: at('work'), env };
}

function reasonOf(exit: Exit): string {
  if (exit.error) return `The command could not be started: ${exit.error}`;
  return exit.signal ? `Job failed: killed by ${exit.signal}` : `Job failed with exit code: ${exit.code}`;
}

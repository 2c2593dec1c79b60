import { ApiError } from '@collab/contract/errors.ts';
import type { JobSpec } from '@collab/hub/port.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { isExam, limitMinutes } from '../jobs/limit.ts';
import { serialised } from '../store/private.ts';
import { type Admission, admitRun } from './admit-run.ts';
import { conclude } from './conclude.ts';
import { admitExam, dueExam, leaveOpen } from './exam.ts';
import { waitingResults } from './queue.ts';
import { recordEnd, unexplained } from './run-end.ts';
import type { VerifierDeps } from './types.ts';

/** A run that an evaluator holds. */
interface Lease {
  entry: Reservation;
  /** Milliseconds since 1970; it is lost after that. */
  expiresAt: number;
}

/** What runs next, an exam or a waiting result. */
interface Next {
  filename: string;
  admit(evaluator: string): Promise<Admission>;
}

export interface Claimed {
  id: string;
  result: string;
  spec: JobSpec;
  expiresAt: number;
}

/** How a run ended, as its evaluator tells it. */
export interface RunReport {
  /** Absent: the harness never ran, or was ended. */
  exitCode?: number;
  timedOut: boolean;
  message: string;
  seconds: number;
  logs: readonly string[];
  /** What the harness left, by name. */
  files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Runs that evaluators outside the server hold instead of jobs: the same queue, ledger, evidence and judgement. A lease is
 * durable in the ledger; its renewals live in memory, and after a restart every lease starts afresh.
 */
export interface Leases {
  /** The next waiting result, for the evaluator of this name; `null`: nothing waits. What it held before counts as lost. */
  claim(evaluator: string): Promise<Claimed | null>;
  /** @returns when it expires now. @throws ApiError LEASE_LOST */
  renew(id: string): Promise<number>;
  /** Nothing is counted. @throws ApiError LEASE_LOST */
  release(id: string): Promise<void>;
  /** Keeps the evidence and judges it. Doing it twice is doing it once. @returns the result. @throws ApiError LEASE_LOST */
  end(id: string, report: RunReport): Promise<string>;
  /** Takes back what nobody renewed, whatever the mode is today. */
  sweep(): Promise<void>;
  /** What is held now, by id. */
  held(): ReadonlyMap<string, Reservation>;
  /** When an evaluator last asked, in milliseconds since 1970; `null`: never since this server started. */
  readonly seenAt: number | null;
  /** Grows with every change. */
  readonly version: number;
}

/** A result that could not be admitted is left alone for so long. */
const BACKOFF_MS = 60_000;
const LOST = 'the evaluator went silent while it ran';

export function runLeases(deps: VerifierDeps): Leases {
  const { settings, rules, ledger, desk, log, now } = deps;
  const leases = new Map<string, Lease>();
  const blocked = new Map<string, number>();
  /** Results that were given back a short while ago: what cannot be run where it was must not hold others up. */
  const givenBack = new Map<string, number>();
  const alone = serialised();
  const leaseMs = settings.EVALUATOR_LEASE_S * 1000;
  let restored = false;
  let seenAt: number | null = null;
  let version = 0;

  const drop = (id: string) => {
    leases.delete(id);
    version++;
  };

  /** Leases that a former process gave. */
  async function restore(): Promise<void> {
    if (restored) return;
    const { entries } = await ledger.recent();
    for (const entry of entries)
      if (entry.evaluator && entry.state === 'launched')
        leases.set(entry.id, { entry, expiresAt: now() + leaseMs });
    restored = true;
    version++;
  }

  /** It may be the run that took the evaluator down: it counts as an attempt, and attempts are bounded. */
  async function lose({ entry }: Lease): Promise<void> {
    const { result = '' } = entry.target;
    log('warn', 'evaluator_lost', { run: entry.id, result, evaluator: entry.evaluator });
    await ledger.lost(entry.id);
    drop(entry.id);
    if (isExam(entry.target)) return leaveOpen(deps, result, entry.target.run_path ?? '');
    // A fresh run is of a result that is judged already.
    const decided = entry.target.fresh ? null : await unexplained(deps, result, LOST);
    if (decided) await conclude(deps, result, decided);
  }

  async function loseWhere(isLost: (lease: Lease) => boolean): Promise<void> {
    await restore();
    const ending = ({ expiresAt }: Lease) => expiresAt === Number.POSITIVE_INFINITY;
    for (const lease of [...leases.values()]) if (isLost(lease) && !ending(lease)) await lose(lease);
  }

  /** The run of an evaluator must not outlive what a job would have been given. */
  const endsAt = ({ launched_at, ts, target }: Reservation) =>
    Date.parse(launched_at ?? ts) +
    limitMinutes(settings, target) * 60_000 +
    settings.JOB_WATCH_GRACE_S * 1000;

  const mine = (id: string): Lease => {
    const lease = leases.get(id);
    if (lease && lease.expiresAt > now()) return lease;
    throw new ApiError('LEASE_LOST', 'this run is no longer yours', {
      hint: 'end it and POST /v1/queue:claim for another',
    });
  };

  const held = () => new Map([...leases].map(([id, { entry }]) => [id, entry]));

  function firstOf(book: Ledger): Next | null {
    const running = new Map([...desk.following, ...held()]);
    const is = (until: ReadonlyMap<string, number>) => (each: Next) =>
      (until.get(each.filename) ?? 0) > now();
    const exam = dueExam(deps, book, new Set([...running.values()].map(({ target }) => target.result)));
    const queue = waitingResults(deps, book, running);
    const all: Next[] = [
      ...(exam ? [{ filename: exam.filename, admit: (who: string) => admitExam(deps, exam, who) }] : []),
      ...queue.map((item) => ({
        filename: item.filename,
        admit: (who: string) => admitRun(deps, item, who),
      })),
    ];
    const free = all.filter((each) => !is(blocked)(each));
    return free.find((each) => !is(givenBack)(each)) ?? free[0] ?? null;
  }

  /** Evaluators ask again and again: the Hub is asked only when something waits. */
  async function next(): Promise<Next | null> {
    return firstOf(await ledger.recent()) && firstOf(await ledger.read());
  }

  async function take({ filename, admit }: Next, evaluator: string): Promise<Claimed | null> {
    const admitted = await admit(evaluator);
    if (admitted.what === 'waits') blocked.set(filename, now() + BACKOFF_MS);
    if (admitted.what !== 'run') return null;
    const { entry } = admitted;
    try {
      const spec = await admitted.spec();
      const expiresAt = now() + leaseMs;
      leases.set(entry.id, { entry, expiresAt });
      version++;
      return { id: entry.id, result: filename, spec, expiresAt };
    } catch (error) {
      await ledger.released(entry.id);
      throw error;
    }
  }

  async function claim(evaluator: string): Promise<Claimed | null> {
    if (!rules.byEvaluator) return null;
    await deps.standings.ready();
    await loseWhere(({ entry, expiresAt }) => entry.evaluator === evaluator || expiresAt <= now());
    while (leases.size < settings.VERIFIER_SLOTS && !deps.signal.aborted) {
      const item = await next();
      if (!item) return null;
      const claimed = await take(item, evaluator);
      if (claimed) return claimed;
    }
    return null;
  }

  async function end(id: string, report: RunReport): Promise<string> {
    if (!leases.has(id)) return settledBefore(id);
    const lease = mine(id);
    const { entry } = lease;
    // Nobody else takes it while it is being written down; when that fails, the evaluator tells it again.
    lease.expiresAt = Number.POSITIVE_INFINITY;
    try {
      await keepEvidence(deps, entry, report);
      await recordEnd(deps, endedRun(entry, report));
      await ledger.settled(id, report.seconds, false);
    } catch (error) {
      lease.expiresAt = now() + leaseMs;
      throw error;
    }
    drop(id);
    deps.times.add(report.seconds);
    return entry.target.result ?? '';
  }

  /** An answer that got lost is given once more. */
  async function settledBefore(id: string): Promise<string> {
    const { entries } = await ledger.read();
    const entry = entries.find((each) => each.id === id && each.evaluator && each.state === 'settled');
    if (entry && !entry.lost) return entry.target.result ?? '';
    return mine(id).entry.id;
  }

  return {
    claim(evaluator) {
      seenAt = now();
      return alone('queue', () => claim(evaluator));
    },
    async renew(id) {
      seenAt = now();
      await restore();
      const lease = mine(id);
      lease.expiresAt = Math.min(now() + leaseMs, endsAt(lease.entry));
      return lease.expiresAt;
    },
    release: (id) =>
      alone('queue', async () => {
        await restore();
        const { entry } = mine(id);
        await ledger.released(entry.id);
        givenBack.set(entry.target.result ?? '', now() + BACKOFF_MS);
        drop(id);
      }),
    end: (id, report) =>
      alone(`run ${id}`, async () => {
        await restore();
        return end(id, report);
      }),
    sweep: () => alone('queue', () => loseWhere(({ expiresAt }) => expiresAt <= now())),
    held,
    get seenAt() {
      return seenAt;
    },
    get version() {
      return version;
    },
  };
}

async function keepEvidence(
  { store }: VerifierDeps,
  entry: Reservation,
  { files }: RunReport,
): Promise<void> {
  const { run_path: runPath = '' } = entry.target;
  const theirs = [...files].filter(([name]) => !OURS.has(name));
  await store.private.writeFiles(theirs.map(([name, content]) => ({ path: `${runPath}/${name}`, content })));
}

/** Written by the server itself. */
const OURS = new Set(['verification_request.json', 'job_status.json', 'job_logs.txt']);

/** In the words of a job: what follows is the same code. */
function endedRun(entry: Reservation, { exitCode, timedOut, message, logs }: RunReport) {
  const stage = timedOut ? 'CANCELED' : exitCode === 0 ? 'COMPLETED' : 'ERROR';
  const ended = exitCode === undefined ? 'the harness did not end by itself' : `exit code ${exitCode}`;
  const job = { stage, message: message === '' ? ended : `${ended}: ${message}`, url: undefined };
  return { entry, job, timedOut, logs: [...logs] };
}

import type { Queued } from '../domain/queue/order.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { type Admission, admitRun } from './admit-run.ts';
import { admitExam, dueExam } from './exam.ts';
import type { Leases } from './leases.ts';
import { waitingResults } from './queue.ts';
import { recordEnd } from './run-end.ts';
import type { VerifierDeps } from './types.ts';

/** Runs waiting results as jobs, one slot at a time, and writes what came out of them. */
export interface Verifier {
  /** Starts what can be started now. Never throws. */
  pump(): Promise<void>;
  queue(): Promise<{ running: Reservation[]; waiting: Queued[]; ledger: Ledger; secondsPerRun: number }>;
}

/** A result whose launch failed is left alone for so long, twice as long after each further failure. */
const BACKOFF_MS = 60_000;
const MAX_BACKOFF_MS = 30 * 60_000;

/** @param leases runs that evaluators hold: they stand in the same queue. */
export function verifier(deps: VerifierDeps, leases: Pick<Leases, 'held'>): Verifier {
  const { settings, rules, ledger, desk, standings, log, now, times } = deps;
  const blocked = new Map<string, { until: number; backoffMs: number }>();
  let pumping: Promise<void> | null = null;
  let again = false;

  desk.onEnd('verification', async (ended) => {
    await recordEnd(deps, ended);
    if (ended.job) times.add((now() - Date.parse(ended.entry.launched_at ?? ended.entry.ts)) / 1000);
    return ended.job === null || ended.job.stage === 'DELETED';
  });

  const inProgress = () => new Map([...desk.following, ...leases.held()]);
  const running = () => [...inProgress().values()].filter((entry) => entry.kind === 'verification');

  async function examine(book: Ledger, busy: ReadonlySet<string | undefined>, deepest: number) {
    const due = dueExam(deps, book, busy, deepest);
    return due !== undefined && launched(deps, due.filename, await admitExam(deps, due));
  }

  async function fill(): Promise<void> {
    await standings.ready();
    while (running().length < settings.VERIFIER_SLOTS && !deps.signal.aborted) {
      const book = await ledger.read();
      const busy = new Set([...inProgress().values()].map((entry) => entry.target.result));
      // Who stands first unexamined is looked at before anybody else; other exams keep no first verdict waiting.
      if (await examine(book, busy, 1)) continue;
      const queue = waitingResults(deps, book, inProgress());
      const next = queue.find((item) => (blocked.get(item.filename)?.until ?? 0) <= now());
      if ((!next || next.fresh) && (await examine(book, busy, settings.VERIFIER_TOP_K))) continue;
      if (!next) return;
      // Blocked while it is being started; the reservation shows it as running once it has one.
      const backoffMs = blocked.get(next.filename)?.backoffMs ?? BACKOFF_MS;
      blocked.set(next.filename, {
        until: now() + backoffMs,
        backoffMs: Math.min(2 * backoffMs, MAX_BACKOFF_MS),
      });
      if (await launched(deps, next.filename, await admitRun(deps, next))) blocked.delete(next.filename);
    }
  }

  async function pump(): Promise<void> {
    if (!rules.byJobs) return;
    again = true;
    pumping ??= (async () => {
      while (again) {
        again = false;
        await fill().catch((error) => log('warn', 'verification_not_started', { error }));
      }
    })().finally(() => {
      pumping = null;
    });
    await pumping;
  }

  return {
    pump,
    async queue() {
      await standings.ready();
      const book = await ledger.recent();
      const waiting = waitingResults(deps, book, inProgress());
      const secondsPerRun = times.mean(settings.JOB_TIMEOUT_MINUTES * 30);
      const unjudged = (entry: Reservation) =>
        entry.target.fresh === 'true' || deps.book.judgement(entry.target.result ?? '').state === 'pending';
      return { running: running().filter(unjudged), waiting, ledger: book, secondsPerRun };
    },
  };
}

/** @returns false when it was not started and should wait. */
async function launched({ desk, log }: VerifierDeps, result: string, admitted: Admission): Promise<boolean> {
  if (admitted.what !== 'run') return admitted.what === 'concluded';
  const { entry, spec } = admitted;
  try {
    await desk.launch(entry, await spec());
    return true;
  } catch (error) {
    log('warn', 'verification_not_launched', { result, error });
    await desk.abandon(entry, error);
    return false;
  }
}

/** Everything that judges, wired from the server's services. */

import { resultPath, VERIFICATION_INDEX } from '@collab/contract/paths.ts';
import { PUBLIC_HUB } from '@collab/contract/settings.ts';
import type { Deps } from '../deps.ts';
import type { Reservation } from '../domain/quota/ledger.ts';
import { type Benchmarks, benchmarks } from '../jobs/benchmark.ts';
import { type JobDesk, jobDesk } from '../jobs/desk.ts';
import { type LedgerBook, ledgerBook } from '../jobs/ledger-book.ts';
import { limitMinutes } from '../jobs/limit.ts';
import type { RunningStore } from '../store/store.ts';
import { expiry } from './expire.ts';
import { type Leases, runLeases } from './leases.ts';
import { type Peers, peers } from './peers.ts';
import { type Publisher, publisher } from './publisher.ts';
import { type Rules, rulesOf } from './rules.ts';
import { runTimes } from './run-times.ts';
import { type Standings, standings } from './standings.ts';
import { type VerdictBook, verdictBook } from './verdict-book.ts';
import { type Verifier, verifier } from './verifier.ts';

export interface Evaluation {
  rules: Rules;
  ledger: LedgerBook;
  desk: JobDesk;
  book: VerdictBook;
  standings: Standings;
  benchmarks: Benchmarks;
  verifier: Verifier;
  peers: Peers;
  leases: Leases;
  /** Takes up what a former process left, then starts what waits, until the server's signal fires. */
  run(): Promise<void>;
}

type Needs = Pick<Deps, 'settings' | 'hub' | 'log' | 'now' | 'random' | 'sleep'> & {
  store: RunningStore;
  signal: AbortSignal;
};

/** How often the queue is looked at without a reason (quota windows pass, failed launches may be tried again). */
const TICK_MS = 30_000;
/** How often jobs are looked for whose end could not be recorded, or that nobody reserved. */
const RESUME_EVERY_MS = 3_600_000;

export function createEvaluation(s: Needs): Evaluation {
  const { settings, store, log, now } = s;
  const rules = rulesOf(settings);
  const newId = () => Buffer.from(s.random(12)).toString('hex');
  const ledger = ledgerBook({ files: store.private, settings, now, skipBad: rules.compat });
  const desk = jobDesk({
    ...{ hub: s.hub, org: settings.ORG, ledger, log, now, sleep: s.sleep, signal: s.signal },
    pollMs: settings.JOB_WATCH_POLL_S * 1000,
    graceMs: settings.JOB_WATCH_GRACE_S * 1000,
    limitMs: ({ target }) => limitMinutes(settings, target) * 60_000,
    logTail: settings.JOB_LOG_TAIL_LINES,
    taskLabel: (kind) => `${settings.COLLAB_SLUG}-${kind}`,
  });
  const book = verdictBook(store, log, settings.LISTING_TTL_S === 0);
  const board = standings(
    {
      ...{ rules, store, book },
      place: { hub: hubName(settings.HF_ENDPOINT), flavor: settings.JOB_FLAVOR },
      calibrationPath: `${settings.HARNESS_PREFIX}/calibration.json`,
      queueState: (result) =>
        queueState(s, [...desk.following.values(), ...leases.held().values()], rules, result),
      queueVersion: () => desk.version + leases.version,
    },
    now,
  );
  const deps = {
    ...{ hub: s.hub, settings, rules, store, book, standings: board, ledger, desk, log, now, newId },
    times: runTimes(),
    signal: s.signal,
  };
  const leases = runLeases(deps);
  const judge = verifier(deps, leases);
  const atHand = { settings, rules, store, book, standings: board, now };
  const reviews = peers(atHand);
  const bench = benchmarks({ settings, hub: s.hub, ledger, desk, now, newId });
  return {
    ...{ rules, ledger, desk, book, standings: board, verifier: judge, leases, benchmarks: bench },
    peers: reviews,
    async run() {
      await untilDone(s, 'verdicts_not_loaded', () => book.ready());
      const withJobs = settings.JOBS_ENABLED || rules.byJobs;
      const byJobs = withJobs ? keepJobs(s, desk, judge) : finishJobs(s, desk, ledger);
      const jobs = Promise.all([byJobs, keepWaiting(s, reviews, expiry(atHand))]);
      const record = keepRecord(s, book, publisher(store, board, rules, settings));
      await Promise.all([record, keepLeases(s, leases), jobs]);
    },
  };
}

/** As `eval calibrate` names it. */
function hubName(endpoint: string): string {
  return endpoint === PUBLIC_HUB ? endpoint : 'local';
}

/** Waiting results are `queued` where they are re-run, `pending` where people do. */
function queueState({ store }: Needs, busy: readonly Reservation[], rules: Rules, result: string) {
  if (busy.some((entry) => entry.target.result === result)) return 'running' as const;
  const status = store.get(resultPath(result))?.frontmatter.status;
  return rules.reruns && !rules.compat && status !== 'negative' ? ('queued' as const) : undefined;
}

/** People's verdicts and the published board: they need no jobs, and wait for none. */
async function keepRecord(s: Needs, book: VerdictBook, board: Publisher): Promise<void> {
  const take = () => book.importEdits().catch((error) => s.log('warn', 'index_not_imported', { error }));
  const stop = s.store.onChange((paths) => {
    if (!paths.includes(VERIFICATION_INDEX)) return;
    const index = s.store.get(VERIFICATION_INDEX);
    // Its hash is known of what a listing showed, not of what this server wrote.
    if (index === null || index.xetHash) void take();
  });
  while (!s.signal.aborted) {
    await take();
    await board.publish().catch((error) => s.log('warn', 'board_not_published', { error }));
    await s.sleep(TICK_MS, s.signal);
  }
  stop();
}

/** In every mode: an evaluator of a former mode holds its run no longer than its lease. */
async function keepLeases(s: Needs, leases: Leases): Promise<void> {
  while (!s.signal.aborted) {
    await leases.sweep().catch((error) => s.log('warn', 'leases_not_swept', { error }));
    await s.sleep(TICK_MS, s.signal);
  }
}

/** What waits and needs no job: reviews that have come to a verdict, and windows that have passed. */
async function keepWaiting(s: Needs, reviews: Peers, expire: () => Promise<void>): Promise<void> {
  while (!s.signal.aborted) {
    if (s.settings.VERIFICATION_MODE === 'peer')
      await reviews.settleAll().catch((error) => s.log('warn', 'reviews_not_settled', { error }));
    await expire().catch((error) => s.log('warn', 'old_results_not_expired', { error }));
    await s.sleep(TICK_MS, s.signal);
  }
}

/** Jobs that ran when the mode was another one: they are followed to their end, and judged. */
async function finishJobs(s: Needs, desk: JobDesk, ledger: LedgerBook): Promise<void> {
  const isOpen = ({ state, evaluator }: Reservation) =>
    !evaluator && (state === 'reserved' || state === 'launched');
  await untilDone(s, 'jobs_not_resumed', async () => {
    if ((await ledger.recent()).entries.some(isOpen)) await desk.resume();
  });
  await desk.idle();
}

/** Jobs of a former process first: until they are known, nothing new is launched by itself. */
async function keepJobs(s: Needs, desk: JobDesk, judge: Verifier): Promise<void> {
  await untilDone(s, 'jobs_not_resumed', () => desk.resume());
  const stop = s.store.onChange((paths) => {
    if (paths.some((path) => path.startsWith('results/'))) void judge.pump();
  });
  desk.onIdle(() => void judge.pump());
  for (let resumedAt = s.now(); !s.signal.aborted; ) {
    if (s.now() - resumedAt >= RESUME_EVERY_MS) {
      resumedAt = s.now();
      await desk.resume().catch((error) => s.log('warn', 'jobs_not_resumed', { error }));
    }
    await judge.pump();
    await s.sleep(TICK_MS, s.signal);
  }
  stop();
  await desk.idle();
}

async function untilDone(s: Needs, event: string, task: () => Promise<void>): Promise<void> {
  for (let attempt = 0; !s.signal.aborted; attempt++) {
    try {
      return await task();
    } catch (error) {
      s.log('warn', event, { attempt, error });
      await s.sleep(Math.min(1000 * 2 ** attempt, 30_000), s.signal);
    }
  }
}

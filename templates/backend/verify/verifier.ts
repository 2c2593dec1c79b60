import { resultPath } from '@collab/contract/paths.ts';
import type { Queued } from '../domain/queue/order.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { readSnapshotRef } from '../domain/results/snapshot.ts';
import type { JobDesk } from '../jobs/desk.ts';
import type { LedgerBook } from '../jobs/ledger-book.ts';
import { verificationSpec } from '../jobs/spec.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings.ts';
import type { Store } from '../store/types.ts';
import { conclude } from './conclude.ts';
import { waitingResults } from './queue.ts';
import type { Rules } from './rules.ts';
import { recordEnd } from './run-end.ts';
import type { Standings } from './standings.ts';
import type { VerdictBook } from './verdict-book.ts';

export interface VerifierDeps {
  settings: Settings;
  rules: Rules;
  store: Store;
  book: VerdictBook;
  standings: Standings;
  ledger: LedgerBook;
  desk: JobDesk;
  log: Log;
  now(): number;
  newId(): string;
  signal: AbortSignal;
}

/** Runs waiting results as jobs, one slot at a time, and writes what came out of them. */
export interface Verifier {
  /** Starts what can be started now. Never throws. */
  pump(): Promise<void>;
  queue(): Promise<{ running: Reservation[]; waiting: Queued[]; ledger: Ledger; secondsPerRun: number }>;
}

/** A result whose launch failed is left alone for so long. */
const BACKOFF_MS = 60_000;
const DURATIONS = 20;

export function verifier(deps: VerifierDeps): Verifier {
  const { settings, rules, ledger, desk, standings, log, now } = deps;
  const blocked = new Map<string, number>();
  const durations: number[] = [];
  let pumping: Promise<void> | null = null;
  let again = false;

  desk.onEnd('verification', async (ended) => {
    await recordEnd(deps, ended);
    if (ended.job) durations.unshift((now() - Date.parse(ended.entry.launched_at ?? ended.entry.ts)) / 1000);
    durations.length = Math.min(durations.length, DURATIONS);
    return false;
  });

  const running = () => [...desk.following.values()].filter((entry) => entry.kind === 'verification');

  async function fill(): Promise<void> {
    await standings.ready();
    while (running().length < settings.VERIFIER_SLOTS && !deps.signal.aborted) {
      const book = await ledger.read();
      const queue = waitingResults(
        { rules, standings, topK: settings.VERIFIER_TOP_K, now },
        book,
        desk.following,
      );
      const next = queue.find((item) => (blocked.get(item.filename) ?? 0) <= now());
      if (!next) return;
      // Blocked while it is being started; the reservation shows it as running once it has one.
      blocked.set(next.filename, now() + BACKOFF_MS);
      if (await start(deps, next)) blocked.delete(next.filename);
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
      const waiting = waitingResults(
        { rules, standings, topK: settings.VERIFIER_TOP_K, now },
        book,
        desk.following,
      );
      const mean = durations.reduce((sum, each) => sum + each, 0) / durations.length;
      const secondsPerRun = durations.length > 0 ? mean : settings.JOB_TIMEOUT_MINUTES * 30;
      const unjudged = (entry: Reservation) =>
        deps.book.judgement(entry.target.result ?? '').state === 'pending';
      return { running: running().filter(unjudged), waiting, ledger: book, secondsPerRun };
    },
  };
}

/** @returns false when it was not started and should wait. */
async function start(deps: VerifierDeps, item: Queued): Promise<boolean> {
  const { settings, store, ledger, desk, log } = deps;
  const record = store.get(resultPath(item.filename));
  const snapshot = record && readSnapshotRef(record.frontmatter);
  if (!snapshot) {
    const state = deps.rules.compat ? 'pending' : 'inconclusive';
    await conclude(deps, item.filename, { state, reason: NO_SUBMISSION });
    return true;
  }
  const id = deps.newId();
  const runPath = await freshRunPath(deps, item.filename, id);
  const withPrivate = (await store.private.list(`${settings.PRIVATE_DATASET_PREFIX}/`)).length > 0;
  const target = { result: item.filename, run_path: runPath, snapshot, private_data: String(withPrivate) };
  const { agent, user } = item;
  const reserved = await ledger.reserve({ id, kind: 'verification', agent, user, target });
  if (!reserved.ok) {
    log('info', 'verification_waits', { result: item.filename, why: reserved.refusal.message });
    return false;
  }
  try {
    await store.private.writeJson(`${runPath}/verification_request.json`, requestOf(deps, item, target));
    const submission = { bucket: settings.CENTRAL_BUCKET, prefix: snapshot };
    const mounts = { result: item.filename, submission, runPath, withPrivate };
    await desk.launch(reserved.entry, verificationSpec(settings, mounts, id));
    return true;
  } catch (error) {
    log('warn', 'verification_not_launched', { result: item.filename, error });
    await desk.abandon(reserved.entry, error);
    return false;
  }
}

const NO_SUBMISSION =
  "couldn't reproduce it: no submission was found when the result was posted; post again with `submission:` naming a folder of your own bucket";

function requestOf(deps: VerifierDeps, item: Queued, target: Record<string, string>) {
  return {
    filename: item.filename,
    reported_score: item.claimed.exact ?? item.claimed.score,
    submission_bucket: deps.settings.CENTRAL_BUCKET,
    submission_prefix: target.snapshot,
    run_path: target.run_path,
    requested_at: new Date(deps.now()).toISOString(),
    by: deps.rules.verifier,
    reason: item.reason,
  };
}

/** A folder of its own for every run: an old summary.json can never be read as the new one. */
async function freshRunPath(
  { settings, store }: VerifierDeps,
  filename: string,
  id: string,
): Promise<string> {
  const base = `${settings.VERIFICATION_RUNS_PREFIX}/${filename}`;
  const before = await store.private.list(`${base}/`);
  return before.length === 0 ? base : `${base}/run-${id.slice(0, 12)}`;
}

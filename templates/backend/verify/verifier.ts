import { inboxPath, messagePath, recordName, resultPath } from '@collab/contract/paths.ts';
import { writeRecord } from '../codec/frontmatter.ts';
import type { Queued } from '../domain/queue/order.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { readSnapshotRef } from '../domain/results/snapshot.ts';
import { readScore } from '../domain/score/score.ts';
import { announcement } from '../domain/verification/announce.ts';
import { type Decision, decide, decideCompat, type RunEnd } from '../domain/verification/decide.ts';
import { MAX_SUMMARY_BYTES, type RunSummary, readSummary } from '../domain/verification/summary.ts';
import type { Verdict } from '../domain/verification/verdict.ts';
import type { EndedJob, JobDesk } from '../jobs/desk.ts';
import type { LedgerBook } from '../jobs/ledger-book.ts';
import { verificationSpec } from '../jobs/spec.ts';
import { exitCode, statusFile, statusOf } from '../jobs/status-file.ts';
import type { Log } from '../log.ts';
import type { Settings } from '../settings.ts';
import type { DraftFiles, Moment, Store } from '../store/types.ts';
import { waitingResults } from './queue.ts';
import type { Rules } from './rules.ts';
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
  const target = { result: item.filename, run_path: runPath, snapshot };
  const { agent, user } = item;
  const reserved = await ledger.reserve({ id, kind: 'verification', agent, user, target });
  if (!reserved.ok) {
    log('info', 'verification_waits', { result: item.filename, why: reserved.refusal.message });
    return false;
  }
  try {
    await store.private.writeJson(`${runPath}/verification_request.json`, requestOf(deps, item, target));
    const withPrivate = (await store.private.list(`${settings.PRIVATE_DATASET_PREFIX}/`)).length > 0;
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

async function recordEnd(deps: VerifierDeps, { entry, job, timedOut, logs }: EndedJob): Promise<void> {
  const { store, settings, rules } = deps;
  const { run_path: runPath = '', result = '' } = entry.target;
  const stage = job?.stage ?? 'DELETED';
  const status = {
    status: statusOf(stage, timedOut),
    stage,
    message: job?.message,
    job_id: entry.job_id,
    job_url: job?.url,
  };
  const finished_at = new Date(deps.now()).toISOString();
  await store.private.writeText(`${runPath}/job_logs.txt`, `${logs.join('\n')}\n`);
  await store.private.writeText(
    `${runPath}/job_status.json`,
    statusFile({ ...status, filename: result, finished_at }),
  );
  await deps.book.ready();
  if (deps.book.verdicts(result).some((verdict) => verdict.evidence === runPath)) return;
  const summary = await readRunSummary(deps, runPath);
  const end: RunEnd = { stage, exitCode: exitCode(job?.message), timedOut, summary };
  const decision = rules.compat
    ? compatDecision(deps, result, end)
    : decide(end, rules.headline, rules.gates);
  const concluded =
    decision.action === 'verdict' ? decision : await unexplained(deps, result, decision.reason);
  if (concluded) await conclude(deps, result, { ...concluded, summary, runPath, jobId: entry.job_id });
  else deps.log('info', 'verification_repeated', { result, limit: settings.VERIFIER_MAX_ATTEMPTS });
}

async function readRunSummary({ store, rules }: VerifierDeps, runPath: string): Promise<RunSummary | null> {
  const path = `${runPath}/summary.json`;
  const file = (await store.private.list(path)).find((each) => each.path === path);
  if (!file || file.size > MAX_SUMMARY_BYTES) return null;
  const text = await store.private.readText(path, MAX_SUMMARY_BYTES);
  return text === null ? null : readSummary(text, rules.scoreField);
}

/** The reference leaves what it cannot decide pending. */
function compatDecision({ store, rules, settings }: VerifierDeps, result: string, end: RunEnd): Decision {
  const frontmatter = store.get(resultPath(result))?.frontmatter ?? {};
  const claimed = readScore(frontmatter[rules.scoreField])?.score ?? 0;
  const {
    VERIFIER_SCORE_TOL: tolerance,
    VERIFIER_GUARD_FIELD: guardField,
    VERIFIER_GUARD_CAP: guardCap,
  } = settings;
  const compat = { scoreField: rules.scoreField, tolerance, guardField, guardCap };
  const decided = end.stage === 'COMPLETED' ? decideCompat(end.summary, claimed, compat) : null;
  if (!decided) return { action: 'unexplained', reason: 'the run could not be compared with the claim' };
  return { action: 'verdict', state: decided.state, reason: JSON.stringify(decided.details) };
}

/** Bounded: after the last attempt nobody is blamed, and a person may look. `null`: run it again. */
async function unexplained(
  { ledger, settings, rules }: VerifierDeps,
  result: string,
  reason: string,
): Promise<{ state: 'inconclusive' | 'pending'; reason: string; quiet?: boolean } | null> {
  if (rules.compat) return { state: 'pending', reason, quiet: true };
  const { entries } = await ledger.read();
  const attempts = entries.filter(
    (entry) => entry.target.result === result && entry.state !== 'released',
  ).length;
  if (attempts < settings.VERIFIER_MAX_ATTEMPTS) return null;
  return { state: 'inconclusive', reason: `${reason}; ${attempts} runs could not tell` };
}

interface Conclusion {
  state: Verdict['state'];
  reason: string;
  summary?: RunSummary | null;
  runPath?: string;
  jobId?: string;
  /** Nothing is announced. */
  quiet?: boolean;
}

/** Verdict, index, announcement and the owner's inbox copy: one batch. */
async function conclude(
  deps: VerifierDeps,
  result: string,
  { state, reason, summary, runPath, jobId, quiet }: Conclusion,
): Promise<void> {
  const { book, rules } = deps;
  await book.record(
    {
      schema: 1,
      result,
      state,
      by: { kind: 'machine', id: rules.verifier },
      reason,
      evidence: runPath ?? null,
      gates: summary?.gates ?? [],
      measured: summary?.measured ? { ...summary.measured, job_id: jobId } : null,
      submission_sha256: summary?.submissionSha256 ?? null,
      harness_sha256: summary?.harnessSha256 ?? null,
      provenance: summary?.provenance ?? null,
    },
    (verdict, at) => (quiet ? {} : announceFiles(deps, verdict, at)),
  );
}

function announceFiles({ store, rules }: VerifierDeps, verdict: Verdict, at: Moment): DraftFiles {
  const record = store.get(resultPath(verdict.result));
  const owner = record?.author ?? '';
  const claimed = record ? (readScore(record.frontmatter[rules.scoreField])?.score ?? null) : null;
  const body = announcement({ verdict, owner, claimed, scoreField: rules.scoreField });
  const head = {
    type: 'verification',
    refs: [verdict.result],
    agent: rules.verifier,
    timestamp: at.minute,
    via: 'server',
  };
  const name = recordName(at.file, rules.verifier);
  const content = writeRecord(head, body);
  const inbox = inboxPath(owner, name);
  return {
    adds: [
      { path: messagePath(name), content },
      { path: inbox, content },
    ],
    soft: [inbox],
  };
}

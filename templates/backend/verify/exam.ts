/**
 * The exam of results near the top: gates whose `when` is `top-k` or `champion` are measured by a job of its own, once a
 * result is valid and stands there. Until then the result stays what it is; a failed gate makes it invalid.
 */
import { resultPath } from '@collab/contract/paths.ts';
import type { JobSpec } from '@collab/hub/port.ts';
import type { Entry } from '../domain/leaderboard/row.ts';
import { authorOf } from '../domain/queue/fresh.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { readSnapshotRef } from '../domain/results/snapshot.ts';
import { blamesHarness, type RunEnd, SUBMISSION_FAULT } from '../domain/verification/decide.ts';
import { judgeGates } from '../domain/verification/divisions.ts';
import type { RunSummary } from '../domain/verification/summary.ts';
import type { StampedVerdict } from '../domain/verification/verdict.ts';
import { EXAM, isExam, limitMinutes } from '../jobs/limit.ts';
import { verificationSpec } from '../jobs/spec.ts';
import type { Admission } from './admit-run.ts';
import { conclude } from './conclude.ts';
import { handedBack } from './handed-back.ts';
import type { Rules } from './rules.ts';
import { DEFAULT_STATES, type Standings } from './standings.ts';
import type { VerifierDeps } from './types.ts';
import type { VerdictBook } from './verdict-book.ts';

/** Ids of the gates that a place on the board asks for beyond those of every result. */
export function examGates({ gates, divisions }: Rules, rank: number, topK: number): string[] {
  const asked = new Set(divisions.flatMap((division) => division.gates));
  const due = gates.filter(
    ({ when }) => (when === 'top-k' && rank <= topK) || (when === 'champion' && rank === 1),
  );
  return due.map(({ id }) => id).filter((id) => asked.has(id));
}

/** Valid results, down to the rank `deepest`, whose place asks for gates that no run of them has measured; best first. */
export function examsDue(
  { rules, standings, book }: { rules: Rules; standings: Standings; book: VerdictBook },
  topK: number,
  deepest = topK,
): Entry[] {
  if (rules.compat || rules.gates.every(({ when }) => (when ?? 'every') === 'every')) return [];
  const view = { groupBy: 'agent', states: DEFAULT_STATES, division: rules.headline.id } as const;
  const rows = standings.measured(view).rows.filter((row) => row.rank !== null && row.rank <= deepest);
  const entries = new Map(standings.entries().map((entry) => [entry.filename, entry]));
  return rows.flatMap((row) => {
    const entry = entries.get(row.filename);
    const verdicts = book.verdicts(row.filename);
    const since = handedBack(verdicts);
    const told = new Set(
      verdicts.flatMap(({ gates, stamp }) => (stamp > since ? gates.map(({ id }) => id) : [])),
    );
    const due = examGates(rules, row.rank ?? Number.POSITIVE_INFINITY, topK).some((id) => !told.has(id));
    return entry && due && entry.state === 'valid' ? [entry] : [];
  });
}

/** Exams of a result, since a person last handed it back. */
function examsOf({ book }: Pick<VerifierDeps, 'book'>, ledger: Ledger, result: string): Reservation[] {
  const handedBack = book
    .verdicts(result)
    .findLast(({ by, state }) => by.kind === 'human' && state === 'pending');
  return ledger.entries.filter(
    ({ target, state, ts }) =>
      target.result === result && isExam(target) && state !== 'released' && ts > (handedBack?.at ?? ''),
  );
}

/** The best result, down to the rank `deepest`, whose exam may start now. */
export function dueExam(
  deps: VerifierDeps,
  ledger: Ledger,
  busy: ReadonlySet<string | undefined>,
  deepest = deps.settings.VERIFIER_TOP_K,
): Entry | undefined {
  const { settings } = deps;
  const tried = (entry: Entry) => examsOf(deps, ledger, entry.filename).length;
  return examsDue(deps, settings.VERIFIER_TOP_K, deepest).find(
    (entry) =>
      !busy.has(entry.filename) &&
      tried(entry) < settings.VERIFIER_MAX_ATTEMPTS &&
      snapshotOf(deps, entry) !== null,
  );
}

/** Reserves the exam of a result, whoever is to run it: a job, or the evaluator named. */
export async function admitExam(deps: VerifierDeps, due: Entry, evaluator?: string): Promise<Admission> {
  const { settings, store } = deps;
  const known = examOfEqual(deps, due);
  if (known) {
    await concludeExam(deps, due.filename, known.end, known.runPath);
    return { what: 'concluded' };
  }
  const snapshot = snapshotOf(deps, due) ?? '';
  const id = deps.newId();
  const { filename: result, agent } = due;
  const runPath = `${settings.VERIFICATION_RUNS_PREFIX}/${result}/exam-${id.slice(0, 12)}`;
  const target = { result, run_path: runPath, snapshot, private_data: 'true', [EXAM]: 'true' };
  const user = due.user ?? `agent ${agent}`;
  const reserved = await deps.ledger.reserve({
    ...{ id, kind: 'verification', agent, user, target, evaluator },
    own: true,
  });
  if (!reserved.ok) {
    deps.log('info', 'exam_waits', { result, why: reserved.refusal.message });
    return { what: 'waits' };
  }
  return {
    what: 'run',
    entry: reserved.entry,
    async spec() {
      const asked = { filename: result, run_path: runPath, exam: true, by: deps.rules.verifier };
      await store.private.writeJson(`${runPath}/verification_request.json`, asked);
      return spec(deps, { result, snapshot, runPath, lost: examsLost(deps, due) }, id);
    },
  };
}

/**
 * The exam of an equal content, by the same harness: nobody pays for it twice, and posting again is no second chance.
 * `undefined`: there is none that would say something.
 */
function examOfEqual(
  { book, rules, standings }: VerifierDeps,
  due: Entry,
): { end: ExamEnd; runPath: string } | undefined {
  const before = lastRun(book, due.filename);
  const { sha256 } = due.judgement;
  if (!before || sha256 === undefined) return undefined;
  const equal = standings
    .entries()
    .filter(({ filename, judgement }) => filename !== due.filename && judgement.sha256 === sha256);
  const exams = equal.flatMap(({ filename }) => book.verdicts(filename)).filter(isExamVerdict(rules));
  const same = exams.findLast((verdict) => verdict.harness_sha256 === before.harness_sha256);
  if (!same) return undefined;
  const told = examIds(rules);
  const gates = same.gates.filter(({ id }) => told.has(id));
  const summary = { gates, provenance: same.provenance ?? {}, numbers: new Map<string, number>() };
  const harnessSha256 = same.harness_sha256 ?? undefined;
  const end = { stage: 'COMPLETED', exitCode: 0, timedOut: false, summary: { ...summary, harnessSha256 } };
  return examVerdict(end, before, rules) ? { end, runPath: same.evidence ?? '' } : undefined;
}

const examIds = ({ gates }: Rules): Set<string> =>
  new Set(gates.filter(({ when }) => (when ?? 'every') !== 'every').map(({ id }) => id));

/** A verdict of the machine that holds what an exam measured. */
function isExamVerdict(rules: Rules): (verdict: StampedVerdict) => boolean {
  const told = examIds(rules);
  return ({ by, gates }) => by.kind === 'machine' && gates.some(({ id }) => told.has(id));
}

/** The verdict of the run that made a result valid; what an exam said is put beside it. */
function lastRun(book: VerdictBook, result: string): StampedVerdict | undefined {
  const ofRuns = book.verdicts(result).filter(({ by, measured }) => by.kind === 'machine' && measured);
  return ofRuns.findLast(({ measured }) => !measured?.fresh) ?? ofRuns.at(-1);
}

function snapshotOf({ store }: VerifierDeps, { filename }: Entry): string | null {
  const record = store.get(resultPath(filename));
  return (record && readSnapshotRef(record.frontmatter)) ?? null;
}

/** So many lost exams are told to the harness at most. */
const MOST_LOST = 8;

/**
 * Exams that the author lost, with whatever content: the harness asks more of the next one, so that posting again with a
 * byte changed is no fresh chance. What a person handed back since does not count.
 */
function examsLost({ book, rules, standings }: VerifierDeps, due: Entry): number {
  const told = examIds(rules);
  const own = standings.entries().filter((entry) => authorOf(entry) === authorOf(due));
  const lost = own.flatMap(({ filename }) => {
    const verdicts = book.verdicts(filename);
    const since = handedBack(verdicts);
    return verdicts.filter(
      ({ by, gates, stamp }) =>
        by.kind === 'machine' && stamp > since && gates.some(({ id, pass }) => told.has(id) && !pass),
    );
  });
  return Math.min(MOST_LOST, new Set(lost.map(({ evidence }) => evidence)).size);
}

function spec(
  { settings }: VerifierDeps,
  { result, snapshot, runPath, lost }: { result: string; snapshot: string; runPath: string; lost: number },
  id: string,
): JobSpec {
  const submission = { bucket: settings.CENTRAL_BUCKET, prefix: snapshot };
  const JOB_TIMEOUT_MINUTES = limitMinutes(settings, { [EXAM]: 'true' });
  const VERIFIER_EXTRA_ARGS = [
    ...(settings.VERIFIER_EXTRA_ARGS as string[]),
    ...(lost > 0 ? ['--lost', String(lost)] : []),
  ];
  const JOB_HARNESS_ENTRYPOINT = settings.JOB_EXAM_ENTRYPOINT;
  const ofExam = { JOB_HARNESS_ENTRYPOINT, JOB_TIMEOUT_MINUTES, VERIFIER_EXTRA_ARGS };
  return verificationSpec({ ...settings, ...ofExam }, { result, submission, runPath, withPrivate: true }, id);
}

export type ExamEnd = Pick<RunEnd, 'stage' | 'exitCode' | 'timedOut' | 'summary'>;

/** Exit code by which the harness says that it is at fault itself. */
const HARNESS_FAULT = 1;

/** Perhaps by what it ran. */
const died = ({ stage, exitCode, timedOut, summary }: ExamEnd): boolean =>
  timedOut || (stage === 'ERROR' && exitCode !== HARNESS_FAULT && !blamesHarness(summary));

/** Who ends every exam before it says anything is not blamed, and does not stay valid either. */
export async function leaveOpen(deps: VerifierDeps, result: string, runPath: string): Promise<void> {
  const runs = examsOf(deps, await deps.ledger.read(), result).length;
  if (runs < deps.settings.VERIFIER_MAX_ATTEMPTS) return;
  const reason = `exam: ${runs} runs of it died or outlived their time, and nobody can tell why`;
  await conclude(deps, result, { state: 'inconclusive', reason, runPath, privateData: true });
}

/**
 * What an exam adds to the verdict that made the result valid: its gates beside those of the run, and that run's
 * measurement, which stays one. `null`: it said nothing, and nobody is judged by it.
 */
export function examVerdict(
  { stage, exitCode, summary }: Pick<ExamEnd, 'stage' | 'exitCode' | 'summary'>,
  before: StampedVerdict | undefined,
  rules: Rules,
): Pick<StampedVerdict, 'state' | 'reason' | 'gates' | 'measured'> | null {
  const kept = { gates: before?.gates ?? [], measured: before?.measured ?? null };
  // Without gates: those of the run would say that all is well.
  if (stage === 'ERROR' && exitCode === SUBMISSION_FAULT)
    return {
      ...kept,
      gates: [],
      state: 'invalid',
      reason: `exam: ${summary?.error ?? 'the harness refused the submission'}`,
    };
  if (stage !== 'COMPLETED' || !summary || summary.error || summary.gates.length === 0) return null;
  if (rules.strictIsolation && (summary.provenance.isolation as { strict?: unknown } | null)?.strict !== true)
    return null;
  const measuredNow = new Set(summary.gates.map(({ id }) => id));
  const gates = [...kept.gates.filter(({ id }) => !measuredNow.has(id)), ...summary.gates];
  const judged = judgeGates(rules.headline, rules.gates, gates);
  return { ...kept, gates, state: judged.state, reason: judged.reason };
}

/**
 * Who could not be examined while others were does not stay valid: what ends every exam before it says anything may be the
 * submission, whatever it looks like. Where nobody could be examined the harness is at fault, and all stay as they are.
 */
async function settleUnexamined(deps: VerifierDeps, endedPath: string): Promise<void> {
  const { book, rules, settings, standings } = deps;
  const others = standings.entries().flatMap(({ filename }) => book.verdicts(filename));
  if (!others.some(isExamVerdict(rules))) return;
  const ledger = await deps.ledger.read();
  for (const { filename } of examsDue(deps, settings.VERIFIER_TOP_K)) {
    const exams = examsOf(deps, ledger, filename);
    const open = exams.some(({ state, target }) => state !== 'settled' && target.run_path !== endedPath);
    if (open || exams.length < settings.VERIFIER_MAX_ATTEMPTS) continue;
    const reason = `exam: ${exams.length} runs of it said nothing, and those of other results did`;
    const runPath = exams.at(-1)?.target.run_path;
    await conclude(deps, filename, { state: 'inconclusive', reason, runPath, privateData: true });
  }
}

/** Judges an exam that has ended. One that said nothing is tried again within bounds. */
export async function concludeExam(
  deps: VerifierDeps,
  result: string,
  end: ExamEnd,
  runPath: string,
): Promise<void> {
  const before = lastRun(deps.book, result);
  const found = examVerdict(end, before, deps.rules);
  if (found) await record(deps, result, { end, runPath, before, found });
  else {
    deps.log('warn', 'exam_said_nothing', { result, stage: end.stage, error: end.summary?.error });
    if (died(end)) await leaveOpen(deps, result, runPath);
  }
  await settleUnexamined(deps, runPath);
}

interface Said {
  end: ExamEnd;
  runPath: string;
  before: StampedVerdict | undefined;
  found: NonNullable<ReturnType<typeof examVerdict>>;
}

async function record(
  deps: VerifierDeps,
  result: string,
  { end, runPath, before, found }: Said,
): Promise<void> {
  const { measured, gates, state, reason } = found;
  const summary: RunSummary = {
    gates,
    ...(measured ? { measured } : {}),
    submissionSha256: before?.submission_sha256 ?? end.summary?.submissionSha256,
    harnessSha256: end.summary?.harnessSha256,
    provenance: end.summary?.provenance ?? {},
    numbers: new Map(),
  };
  const about = { summary, runPath, jobId: measured?.job_id, privateData: true };
  // A result that stays valid is no news.
  await conclude(deps, result, { ...about, state, reason, quiet: state === 'valid' });
}

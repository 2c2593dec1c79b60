import { resultPath } from '@collab/contract/paths.ts';
import type { JobInfo } from '@collab/hub/port.ts';
import { attemptsAt } from '../domain/quota/admit.ts';
import { readScore } from '../domain/score/score.ts';
import { type Decision, decide, decideCompat, type RunEnd } from '../domain/verification/decide.ts';
import { MAX_SUMMARY_BYTES, type RunSummary, readSummary } from '../domain/verification/summary.ts';
import type { EndedJob } from '../jobs/desk.ts';
import { isExam } from '../jobs/limit.ts';
import { LOG_FILE, logFile } from '../jobs/log-file.ts';
import { exitCode, statusFile, statusOf } from '../jobs/status-file.ts';
import { conclude } from './conclude.ts';
import { concludeControl, hasBaseline, isControl } from './control.ts';
import { concludeExam } from './exam.ts';
import type { VerifierDeps } from './types.ts';

/** A verification run that has ended: a job, or what an evaluator tells of it. */
export interface EndedRun extends Omit<EndedJob, 'job'> {
  job: (Pick<JobInfo, 'stage' | 'message'> & { url?: string }) | null;
}

/** Keeps what a verification run left, and judges it. Doing it twice is doing it once. */
export async function recordEnd(deps: VerifierDeps, { entry, job, timedOut, logs }: EndedRun): Promise<void> {
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
  await store.private.writeText(`${runPath}/${LOG_FILE}`, logFile(logs));
  await store.private.writeText(
    `${runPath}/job_status.json`,
    statusFile({ ...status, filename: result, finished_at }),
  );
  await deps.book.ready();
  if (deps.book.verdicts(result).some((verdict) => verdict.evidence === runPath)) return;
  const summary = await readRunSummary(deps, runPath);
  const message = job?.message;
  const end: RunEnd = { stage, exitCode: exitCode(message), timedOut, message, summary };
  if (isExam(entry.target)) return concludeExam(deps, result, end, runPath);
  if (isControl(entry.target)) return concludeControl(deps, entry, end);
  const decision = rules.compat
    ? compatDecision(deps, result, end)
    : decide(end, rules.headline, rules.gates, rules.strictIsolation);
  const privateData = entry.target.private_data !== 'false';
  const fresh = entry.target.fresh === 'true';
  const concluded =
    decision.action === 'verdict'
      ? decision
      : fresh
        ? null
        : await unexplained(deps, result, decision.reason, decision.died);
  const about = { summary, runPath, jobId: entry.job_id, privateData, fresh };
  if (concluded) await conclude(deps, result, { ...about, ...concluded });
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
  const { state, details, gates } = decided;
  return { action: 'verdict', state, reason: JSON.stringify(details), gates };
}

/**
 * Bounded: after the last attempt nobody is blamed, and a person may look; unless the submission may have ended its runs
 * (`died`) and a control run of the baseline can tell. `null`: it stays in the queue.
 */
export async function unexplained(
  deps: VerifierDeps,
  result: string,
  reason: string,
  died = false,
): Promise<{ state: 'inconclusive' | 'pending'; reason: string; quiet?: boolean } | null> {
  if (deps.rules.compat) return { state: 'pending', reason, quiet: true };
  const attempts = attemptsAt(await deps.ledger.read(), result).length;
  if (attempts < deps.settings.VERIFIER_MAX_ATTEMPTS) return null;
  if (died && (await hasBaseline(deps))) return null;
  return { state: 'inconclusive', reason: `${reason}; ${attempts} runs could not tell` };
}

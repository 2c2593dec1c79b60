import type { GateOutcome, VerdictState } from '@collab/contract/schemas.ts';
import { z } from 'zod';
import type { Division, Gate } from './divisions.ts';
import { judgeGates } from './divisions.ts';
import type { RunSummary } from './summary.ts';

/** How a verification job ended. */
export interface RunEnd {
  /** Stage as the Hub spells it. */
  stage: string;
  /** `null`: the Hub did not tell. */
  exitCode: number | null;
  timedOut: boolean;
  /** What the Hub says of it. */
  message?: string;
  /** `null`: there is no readable summary.json. */
  summary: RunSummary | null;
}

export type Decision =
  | {
      action: 'verdict';
      state: Extract<VerdictState, 'valid' | 'invalid' | 'inconclusive'>;
      reason: string;
      /** What was held against limits beside the harness's own gates. */
      gates?: GateOutcome[];
    }
  /** Nobody can tell whose fault it was. `died`: the submission may have ended it, and a control run of the baseline tells. */
  | { action: 'unexplained'; reason: string; died?: boolean };

/** Exit code by which the harness says that the submission is at fault. */
export const SUBMISSION_FAULT = 3;

/**
 * Judges one verification run. Only its gates decide; the claim is not looked at. A run that says nothing (no
 * summary, no score) never makes a result valid and never alone makes it invalid.
 */
export function decide(
  end: RunEnd,
  division: Division,
  gates: readonly Gate[],
  strictIsolation = false,
): Decision {
  const { stage, summary, exitCode } = end;
  if (
    stage === 'ERROR' &&
    (exitCode === SUBMISSION_FAULT || (exitCode === null && blamesSubmission(summary)))
  )
    return {
      action: 'verdict',
      state: 'invalid',
      reason: summary?.error ?? 'the harness refused the submission',
    };
  // What the harness says of itself is no death of the submission.
  if (stage === 'ERROR' && summary?.error && blamesHarness(summary))
    return { action: 'unexplained', reason: summary.error };
  if (stage !== 'COMPLETED')
    return { action: 'unexplained', reason: explainEnd(end), died: stage === 'ERROR' || end.timedOut };
  if (!summary) return { action: 'unexplained', reason: 'the run left no readable summary.json' };
  if (summary.error) return { action: 'unexplained', reason: summary.error };
  if (!summary.measured) return { action: 'unexplained', reason: 'the run measured no score' };
  if (strictIsolation && !isolated(summary))
    return { action: 'unexplained', reason: `the run was not isolated in full: ${missingLayers(summary)}` };
  return { action: 'verdict', ...judgeGates(division, gates, summary.gates) };
}

const Isolation = z.object({ strict: z.boolean(), missing: z.record(z.string(), z.string()).optional() });

/** As the harness says of its own run: every layer that `strict` asks for held. */
const isolated = ({ provenance }: RunSummary): boolean =>
  Isolation.safeParse(provenance.isolation).data?.strict === true;

function missingLayers({ provenance }: RunSummary): string {
  const missing = Isolation.safeParse(provenance.isolation).data?.missing;
  return missing ? `without ${Object.keys(missing).join(', ')}` : 'it does not say behind what it ran';
}

/** Where the Hub does not tell the exit code: the harness marks its own faults. */
function blamesSubmission(summary: RunSummary | null): boolean {
  return summary?.error !== undefined && !blamesHarness(summary);
}

/** Does the harness say that it, or the machine, is at fault? */
export function blamesHarness(summary: RunSummary | null): boolean {
  return summary?.error?.startsWith('harness:') ?? false;
}

function explainEnd({ stage, exitCode, timedOut, message }: RunEnd): string {
  if (timedOut) return 'the run outlived its time limit and was cancelled';
  const why = exitCode !== null ? ` with exit code ${exitCode}` : message ? `: ${message.slice(0, 500)}` : '';
  return `the run ended as ${stage}${why}`;
}

export interface CompatRules {
  scoreField: string;
  /** Relative. */
  tolerance: number;
  /** Empty: no guard. */
  guardField: string;
  guardCap: number;
}

/** The reference's verdict: the re-run agrees with the claim and the guard holds. `null`: undecided. */
export function decideCompat(
  summary: RunSummary | null,
  claimed: number,
  rules: CompatRules,
): { state: 'valid' | 'invalid'; details: Record<string, unknown>; gates: GateOutcome[] } | null {
  const rerun = summary?.numbers.get(rules.scoreField);
  const guard = summary?.numbers.get(rules.guardField);
  if (rerun === undefined || rerun <= 0 || claimed <= 0) return null;
  if (rules.guardField !== '' && guard === undefined) return null;
  const delta = Math.abs(rerun - claimed) / claimed;
  const scoreOk = delta <= rules.tolerance;
  const guardOk = guard === undefined || guard <= rules.guardCap;
  const details = {
    rerun_score: rerun,
    score_delta_frac: Number(delta.toFixed(6)),
    score_ok: scoreOk,
    ...(guard === undefined ? {} : { rerun_guard: guard, guard_ok: guardOk }),
  };
  const agrees = { id: 'claim', value: details.score_delta_frac, op: '<=', limit: rules.tolerance };
  const capped = { id: rules.guardField, value: guard, op: '<=', limit: rules.guardCap };
  const gates = [
    { ...agrees, pass: scoreOk },
    ...(guard === undefined ? [] : [{ ...capped, pass: guardOk }]),
  ];
  return { state: scoreOk && guardOk ? 'valid' : 'invalid', details, gates };
}

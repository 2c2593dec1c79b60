import { z } from 'zod';
import type { ScoreOrder } from '../domain/score/score.ts';
import { type Division, type Gate, headlineDivision } from '../domain/verification/divisions.ts';
import type { Settings } from '../settings.ts';

/** What the challenge's settings say about judging and ranking. */
export interface Rules {
  /** Judges and ranks as the reference does. */
  compat: boolean;
  /** Results are re-run by jobs. */
  byJobs: boolean;
  /** Results are re-run by an evaluator outside the server. */
  byEvaluator: boolean;
  /** Every result is re-run, by whomever. */
  reruns: boolean;
  scoreField: string;
  order: ScoreOrder;
  requiredFields: readonly string[];
  gates: readonly Gate[];
  divisions: readonly Division[];
  headline: Division;
  /** Zero and below are scores too. */
  allowNonPositive: boolean;
  minImprovement: number;
  /** Runs more that a content in the top k gets, and is then ranked by. */
  freshRuns: number;
  claimTolerance: number;
  /** A run without every layer of isolation is no verdict. */
  strictIsolation: boolean;
  /** Author of machine verdicts and of the messages that announce them. */
  verifier: string;
}

const Gates = z.array(
  z.looseObject({ id: z.string(), when: z.enum(['every', 'top-k', 'champion']).optional() }),
);
const Divisions = z.array(
  z.looseObject({
    id: z.string(),
    label: z.string().optional(),
    gates: z.array(z.string()),
    headline: z.boolean().optional(),
  }),
);

/** @throws ZodError when GATES or DIVISIONS have another shape. */
export function rulesOf(settings: Settings): Rules {
  const gates = Gates.parse(settings.GATES);
  const divisions = Divisions.parse(settings.DIVISIONS);
  const headline = headlineDivision(divisions, gates);
  const byJobs = settings.VERIFICATION_MODE === 'jobs' || settings.VERIFIER_ENABLED;
  const byEvaluator = settings.VERIFICATION_MODE === 'eval-space' && !byJobs;
  const compat = settings.WRITE_AUTH === 'open';
  const reruns = byJobs || byEvaluator;
  return {
    compat,
    byJobs,
    byEvaluator,
    reruns,
    scoreField: settings.SCORE_FIELD,
    order: settings.SCORE_ORDER,
    requiredFields: settings.REQUIRED_RESULT_FIELDS,
    gates,
    divisions: divisions.length > 0 ? divisions : [headline],
    headline,
    allowNonPositive: settings.SCORE_ALLOW_NON_POSITIVE && !compat,
    minImprovement: settings.SCORE_MIN_IMPROVEMENT,
    freshRuns: reruns && !compat ? settings.VERIFIER_FRESH_RUNS : 0,
    claimTolerance: settings.VERIFIER_SCORE_TOL,
    strictIsolation: settings.VERIFICATION_ISOLATION === 'strict',
    verifier: settings.VERIFIER_AGENT || 'verifier',
  };
}

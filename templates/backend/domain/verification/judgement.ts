import type { GateOutcome, VerdictState } from '@collab/contract/schemas.ts';
import type { MeasuredRun, StampedVerdict } from './verdict.ts';

/** What all verdicts on one result say together. */
export interface Judgement {
  state: VerdictState;
  /** The verdict that decides; absent while there is none. */
  decided?: StampedVerdict;
  gates: GateOutcome[];
  /** One per machine run that measured something. */
  runs: MeasuredRun[];
  sha256?: string;
  /** The owner asked for another look after the verdict that decides. */
  appealed: boolean;
}

export const UNJUDGED: Judgement = { state: 'pending', gates: [], runs: [], appealed: false };

/**
 * Joins the verdicts on one result. The latest human verdict decides whenever there is one; a human `pending`
 * hands the result back to the machine, whose later verdicts then count. Measured runs are evidence in any case.
 */
export function judge(verdicts: readonly StampedVerdict[]): Judgement {
  if (verdicts.length === 0) return UNJUDGED;
  const ordered = verdicts.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
  const decided = decide(ordered.filter((verdict) => verdict.by.kind !== 'owner'));
  const appeal = ordered.findLast((verdict) => verdict.by.kind === 'owner');
  const measured = ordered.filter((verdict) => verdict.by.kind === 'machine' && verdict.measured);
  const last = measured.at(-1);
  return {
    state: decided?.state ?? 'pending',
    decided,
    gates: last?.gates ?? decided?.gates ?? [],
    runs: distinctRuns(measured),
    sha256: last?.submission_sha256 ?? undefined,
    appealed: appeal !== undefined && appeal.stamp > (decided?.stamp ?? ''),
  };
}

function decide(ordered: readonly StampedVerdict[]): StampedVerdict | undefined {
  const human = ordered.findLast((verdict) => verdict.by.kind === 'human');
  if (!human) return ordered.at(-1);
  if (human.state !== 'pending') return human;
  return ordered.findLast((verdict) => verdict.stamp > human.stamp) ?? human;
}

/** A job that was judged twice (re-judging from stored evidence) measured once. */
function distinctRuns(measured: readonly StampedVerdict[]): MeasuredRun[] {
  const byJob = new Map<string, MeasuredRun>();
  for (const verdict of measured) {
    const run = verdict.measured as MeasuredRun;
    byJob.set(run.job_id ?? verdict.evidence ?? verdict.stamp, run);
  }
  return [...byJob.values()];
}

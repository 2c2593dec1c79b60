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
 * Fresh runs of a result that was found valid vote with the run that found it so, and the majority decides: with every
 * further run a lone unlucky gate would otherwise grow more likely.
 */
export function judge(verdicts: readonly StampedVerdict[]): Judgement {
  if (verdicts.length === 0) return UNJUDGED;
  const ordered = verdicts.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
  const decided = decide(ordered.filter((verdict) => verdict.by.kind !== 'owner'));
  const appeal = ordered.findLast((verdict) => verdict.by.kind === 'owner');
  const measured = ordered.filter((verdict) => verdict.by.kind === 'machine' && verdict.measured);
  const last = measured.at(-1);
  const told = decided?.measured ? decided : last;
  return {
    state: decided?.state ?? 'pending',
    decided,
    gates: told?.gates ?? decided?.gates ?? [],
    runs: distinctRuns(measured),
    sha256: last?.submission_sha256 ?? undefined,
    appealed: appeal !== undefined && appeal.stamp > (decided?.stamp ?? ''),
  };
}

function decide(ordered: readonly StampedVerdict[]): StampedVerdict | undefined {
  const human = ordered.findLast((verdict) => verdict.by.kind === 'human');
  if (!human) return majority(ordered);
  if (human.state !== 'pending') return human;
  return majority(ordered.filter((verdict) => verdict.stamp > human.stamp)) ?? human;
}

/** The last verdict of the machine, or of the fresh runs after it the one that the majority agrees with. */
function majority(machine: readonly StampedVerdict[]): StampedVerdict | undefined {
  const first = machine.findLastIndex(({ measured, rejudged }) => !measured?.fresh || rejudged);
  const votes = machine.slice(Math.max(0, first));
  const count = (state: VerdictState) => votes.filter((verdict) => verdict.state === state).length;
  if (votes.length < 2) return votes[0];
  const state = count('invalid') > count('valid') ? 'invalid' : 'valid';
  return votes.findLast((verdict) => verdict.state === state) ?? votes.at(-1);
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

import type { ScoreOrder } from '../score/score.ts';
import type { MeasuredRun } from '../verification/verdict.ts';
import { type Calibration, type Estimate, pool } from './pool.ts';

/** One content of an author, with the runs that judged it. Earliest first. */
export interface Content {
  key: string;
  runs: readonly MeasuredRun[];
}

interface Family {
  keys: string[];
  runs: MeasuredRun[];
  estimate: Interval;
}

type Interval = Estimate & { variance: number; ci95: [number, number] };

/**
 * Contents of one author that noise alone can explain are one estimate: a byte changed and posted twenty times is one
 * code measured twenty times, not twenty chances. A content that cannot be told apart from the author's best so far
 * joins it; one that is clearly better, or clearly worse, stands alone. Fresh runs tell
 * more apart than the run that put a content in front, which was itself the luckiest of several and therefore neither
 * compares nor ranks once there are fresh ones. Without a calibration every content stands alone.
 * @returns the runs behind each content's score.
 */
export function families(
  contents: readonly Content[],
  order: ScoreOrder,
  calibration: Calibration | null,
): Map<string, readonly MeasuredRun[]> {
  if (!calibration) return new Map(contents.map(({ key, runs }) => [key, ranking(runs)]));
  const found: Family[] = [];
  for (const { key, runs } of contents) {
    const alone = familyOf([key], ranking(runs), calibration);
    const best = bestOf(found, order);
    if (!alone) continue;
    if (!best || apart(alone, best)) found.push(alone);
    else Object.assign(best, familyOf([...best.keys, key], [...best.runs, ...runs], calibration));
  }
  return new Map(found.flatMap((family) => family.keys.map((key) => [key, family.runs] as const)));
}

/** The runs a content is ranked by: fresh ones if there are any. */
export function ranking(runs: readonly MeasuredRun[]): readonly MeasuredRun[] {
  const fresh = runs.filter((run) => run.fresh);
  return fresh.length > 0 ? fresh : runs;
}

function familyOf(keys: string[], runs: readonly MeasuredRun[], calibration: Calibration): Family | null {
  const estimate = pool(runs, calibration);
  if (estimate?.ci95 == null || estimate.variance === null) return null;
  return { keys, runs: [...runs], estimate: estimate as Interval };
}

/** One-sided 99 %: with a laxer one an author who stops at a lucky post gains more than by pooling (test/bench/verdicts.py). */
const Z99 = 2.326;

/** Two fresh means by the variance of their difference; where luck chose, more carefully: their intervals are disjoint. */
function apart(alone: Family, best: Family): boolean {
  const [a, b] = [alone.estimate, best.estimate];
  if (alone.runs.every((run) => run.fresh))
    return Math.abs(a.score - b.score) > Z99 * Math.sqrt(a.variance + b.variance);
  return a.ci95[0] > b.ci95[1] || b.ci95[0] > a.ci95[1];
}

function bestOf(found: readonly Family[], order: ScoreOrder): Family | undefined {
  const sign = order === 'desc' ? -1 : 1;
  return found.toSorted((a, b) => sign * (a.estimate.score - b.estimate.score))[0];
}

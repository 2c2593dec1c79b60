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
  /** What its first content is measured by. */
  founding: Interval;
  /** All runs of all its contents. */
  runs: MeasuredRun[];
  pooled: Interval;
}

type Interval = Estimate & { variance: number; ci95: [number, number] };

/**
 * Contents of one author that noise alone can explain are one estimate: a byte changed and posted twenty times is one
 * code measured twenty times, not twenty chances. A content that cannot be told apart from the author's best so far
 * joins it; one that is clearly better, or clearly worse, stands alone. Joining never raises what is shown: it is what
 * the first content measured, or the mean of all when that is worse. Otherwise an author would post again after an
 * unlucky run and stop after a lucky one. Fresh runs tell more apart than the run that put a content in front, which was
 * itself the luckiest of several and therefore neither compares nor ranks once there are fresh ones. Without a
 * calibration every content stands alone.
 * @returns the estimate that each content is ranked by.
 */
export function families(
  contents: readonly Content[],
  order: ScoreOrder,
  calibration: Calibration | null,
): Map<string, Estimate | null> {
  if (!calibration) return new Map(contents.map(({ key, runs }) => [key, pool(ranking(runs), null)]));
  const found: Family[] = [];
  for (const { key, runs } of contents) {
    const own = interval(ranking(runs), calibration);
    if (!own) continue;
    const best = bestOf(found, order);
    if (!best || apart(ranking(runs), own, best.pooled))
      found.push({ keys: [key], founding: own, runs: [...ranking(runs)], pooled: own });
    else join(best, key, runs, calibration);
  }
  return new Map(found.flatMap((family) => family.keys.map((key) => [key, shown(family, order)] as const)));
}

/** The runs a content is ranked by: fresh ones if there are any. */
export function ranking(runs: readonly MeasuredRun[]): readonly MeasuredRun[] {
  const fresh = runs.filter((run) => run.fresh);
  return fresh.length > 0 ? fresh : runs;
}

function join(family: Family, key: string, runs: readonly MeasuredRun[], calibration: Calibration): void {
  family.keys.push(key);
  family.runs.push(...runs);
  family.pooled = interval(family.runs, calibration) ?? family.pooled;
}

function interval(runs: readonly MeasuredRun[], calibration: Calibration): Interval | null {
  const estimate = pool(runs, calibration);
  return estimate?.ci95 == null || estimate.variance === null ? null : (estimate as Interval);
}

/** One-sided 99.5 %: at 99 % an author who stops at a lucky post gains more than 0.2 % (docs/verdicts.md). */
const Z995 = 2.576;

/** Two fresh means by the variance of their difference; where luck chose, more carefully: their intervals are disjoint. */
function apart(runs: readonly MeasuredRun[], own: Interval, best: Interval): boolean {
  if (runs.every((run) => run.fresh))
    return Math.abs(own.score - best.score) > Z995 * Math.sqrt(own.variance + best.variance);
  return own.ci95[0] > best.ci95[1] || best.ci95[0] > own.ci95[1];
}

function shown({ founding, pooled }: Family, order: ScoreOrder): Interval {
  const raised = order === 'desc' ? pooled.score > founding.score : pooled.score < founding.score;
  return raised ? founding : pooled;
}

function bestOf(found: readonly Family[], order: ScoreOrder): Family | undefined {
  const sign = order === 'desc' ? -1 : 1;
  return found.toSorted((a, b) => sign * (shown(a, order).score - shown(b, order).score))[0];
}

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
  runs: readonly MeasuredRun[];
  /** What `runs` measured. */
  founding: Interval;
  /** Contents that could not be told apart from it. */
  joined: Content[];
  /** What all of them measured. */
  all: Interval;
}

type Interval = Estimate & { variance: number; ci95: [number, number] };

/**
 * Contents of one author that noise alone can explain are one estimate: a byte changed and posted twenty times is one
 * code measured twenty times, not twenty chances. A content that cannot be told apart from the author's best so far
 * joins it; one that is clearly better, or clearly worse, stands alone. Joining does not raise what is shown: it is what
 * the first content measured, or the mean of all when that is worse. Otherwise an author would post again after an
 * unlucky run and stop after a lucky one. Contents that joined stand alone once they are clearly better together.
 * Fresh runs tell more apart than the run that put a content in front, which was itself the luckiest of several and
 * therefore neither compares nor ranks once there are fresh ones; contents that joined are weighed by all their runs.
 * Without a calibration every content stands alone.
 * @returns the estimate that each content is ranked by.
 */
export function families(
  contents: readonly Content[],
  order: ScoreOrder,
  calibration: Calibration | null,
): Map<string, Estimate | null> {
  if (!calibration) return new Map(contents.map(({ key, runs }) => [key, pool(ranking(runs), null)]));
  const found: Family[] = [];
  for (const content of contents) {
    const alone = familyOf([content.key], ranking(content.runs), calibration);
    if (!alone) continue;
    const best = bestOf(found, order);
    const apart = best === undefined || isApart(alone, best.all);
    found.push(...(apart ? [alone] : join(best, content, order, calibration)));
  }
  const keysOf = ({ keys, joined }: Family) => [...keys, ...joined.map(({ key }) => key)];
  return new Map(
    found.flatMap((family) => keysOf(family).map((key) => [key, shown(family, order)] as const)),
  );
}

/** The runs a content is ranked by: fresh ones if there are any. */
export function ranking(runs: readonly MeasuredRun[]): readonly MeasuredRun[] {
  const fresh = runs.filter((run) => run.fresh);
  return fresh.length > 0 ? fresh : runs;
}

function familyOf(keys: string[], runs: readonly MeasuredRun[], calibration: Calibration): Family | null {
  const founding = interval(runs, calibration);
  return founding && { keys, runs, founding, joined: [], all: founding };
}

/** @returns the family that those which joined now are, if together they are clearly better. */
function join(best: Family, content: Content, order: ScoreOrder, calibration: Calibration): Family[] {
  best.joined.push(content);
  const keys = best.joined.map(({ key }) => key);
  const runs = best.joined.flatMap((each) => each.runs);
  const together = familyOf(keys, runs, calibration);
  const better = together !== null && isBetter(together.all, best.founding, order);
  if (better && differ(together.all, best.founding)) {
    Object.assign(best, { joined: [], all: best.founding });
    return [together];
  }
  best.all = interval([...best.runs, ...runs], calibration) ?? best.all;
  return [];
}

function interval(runs: readonly MeasuredRun[], calibration: Calibration): Interval | null {
  const estimate = pool(runs, calibration);
  return estimate?.ci95 == null || estimate.variance === null ? null : (estimate as Interval);
}

function shown({ founding, all }: Family, order: ScoreOrder): Interval {
  return isBetter(all, founding, order) ? founding : all;
}

/** One-sided 99.5 %: at 99 % an author who stops at a lucky post gains more than 0.2 % (docs/verdicts.md). */
const Z995 = 2.576;

const differ = (a: Interval, b: Interval) =>
  Math.abs(a.score - b.score) > Z995 * Math.sqrt(a.variance + b.variance);

/** Two fresh means by the variance of their difference; where luck chose, more carefully: their intervals are disjoint. */
function isApart({ runs, founding }: Family, best: Interval): boolean {
  if (runs.every((run) => run.fresh)) return differ(founding, best);
  return founding.ci95[0] > best.ci95[1] || best.ci95[0] > founding.ci95[1];
}

const isBetter = (a: Estimate, b: Estimate, order: ScoreOrder) =>
  order === 'desc' ? a.score > b.score : a.score < b.score;

function bestOf(found: readonly Family[], order: ScoreOrder): Family | undefined {
  const sign = order === 'desc' ? -1 : 1;
  return found.toSorted((a, b) => sign * (shown(a, order).score - shown(b, order).score))[0];
}

import type { ScoreOrder } from '../score/score.ts';
import type { MeasuredRun } from '../verification/verdict.ts';
import { type Calibration, pool } from './pool.ts';

/** One content of an author, with the runs that judged it. Earliest first. */
export interface Content {
  key: string;
  runs: readonly MeasuredRun[];
}

interface Family {
  keys: string[];
  runs: MeasuredRun[];
  interval: [number, number];
}

/**
 * Contents of one author that noise alone can explain are one estimate: a byte changed and posted twenty times is one
 * code measured twenty times, not twenty chances. A content that cannot be told apart from the author's best so far
 * joins it; one that is clearly better, or clearly worse, stands alone (95 % intervals of the calibration).
 * Without a calibration nothing can be told apart or together: every content stands alone.
 * @returns the runs behind each content's score.
 */
export function families(
  contents: readonly Content[],
  order: ScoreOrder,
  calibration: Calibration | null,
): Map<string, readonly MeasuredRun[]> {
  if (!calibration) return new Map(contents.map(({ key, runs }) => [key, runs]));
  const found: Family[] = [];
  for (const { key, runs } of contents) {
    const alone = familyOf([key], [...runs], calibration);
    const best = bestOf(found, order);
    if (!alone) continue;
    if (!best || apart(alone.interval, best.interval)) found.push(alone);
    else Object.assign(best, familyOf([...best.keys, key], [...best.runs, ...runs], calibration));
  }
  return new Map(found.flatMap((family) => family.keys.map((key) => [key, family.runs] as const)));
}

function familyOf(keys: string[], runs: MeasuredRun[], calibration: Calibration): Family | null {
  const interval = pool(runs, calibration)?.ci95;
  return interval ? { keys, runs, interval } : null;
}

const apart = (a: readonly [number, number], b: readonly [number, number]) => a[0] > b[1] || b[0] > a[1];

function bestOf(found: readonly Family[], order: ScoreOrder): Family | undefined {
  const middle = ({ interval: [low, high] }: Family) => (low + high) / 2;
  const sign = order === 'desc' ? -1 : 1;
  return found.toSorted((a, b) => sign * (middle(a) - middle(b)))[0];
}

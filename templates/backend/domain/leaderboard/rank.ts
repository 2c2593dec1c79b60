import { firstAt } from '../collect.ts';
import { betterFirst, type Score, type ScoreOrder } from '../score/score.ts';

/** Something with a place on the board. */
export interface Placed {
  stamp: string;
  value: Score;
  /** Where the true value lies, 95 %; a point when nothing is known of the noise. */
  interval: readonly [number, number];
}

/**
 * Who holds first place: entries are taken in the order they came, and each needs `minImprovement` (relative) over
 * the holder's score to take the title from it. With 0 the holder is the best score, ties to the earlier one.
 */
export function titleHolder<T extends Placed>(
  entries: readonly T[],
  order: ScoreOrder,
  minImprovement: number,
): T | undefined {
  const inTime = entries.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
  const better = betterFirst(order);
  let holder: T | undefined;
  for (const entry of inTime) {
    if (holder && better(entry.value, holder.value) >= 0) continue;
    if (!holder || improvement(entry.value.score, holder.value.score) >= minImprovement) holder = entry;
  }
  return holder;
}

function improvement(fresh: number, held: number): number {
  return held === 0 ? Number.POSITIVE_INFINITY : Math.abs(fresh - held) / Math.abs(held);
}

/**
 * `rank_low` = 1 + rows that are better beyond doubt; `rank_high` = rows less those that are worse beyond doubt.
 * Rows with overlapping intervals share their range of ranks.
 */
export function rankIntervals(
  rows: readonly Placed[],
  order: ScoreOrder,
): (row: Placed) => { rank_low: number; rank_high: number } {
  const sign = order === 'desc' ? 1 : -1;
  const bounds = rows.map((row) => signed(row.interval, sign));
  const lows = bounds.map(([low]) => low).sort((a, b) => a - b);
  const highs = bounds.map(([, high]) => high).sort((a, b) => a - b);
  return (row) => {
    const [low, high] = signed(row.interval, sign);
    const surelyBetter = lows.length - firstAt(lows, (each) => each > high);
    const surelyWorse = firstAt(highs, (each) => each >= low);
    return { rank_low: 1 + surelyBetter, rank_high: rows.length - surelyWorse };
  };
}

function signed([low, high]: readonly [number, number], sign: 1 | -1): [number, number] {
  return sign === 1 ? [low, high] : [-high, -low];
}

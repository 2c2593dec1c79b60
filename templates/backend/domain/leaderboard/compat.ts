import type { VerificationState } from '@collab/contract/schemas.ts';
import { betterFirst, type ScoreOrder } from '../score/score.ts';
import { type Claim, eligible, wireState } from './eligible.ts';
import { type Board, type Entry, type Row, rowBase } from './row.ts';

export interface CompatOptions {
  order: ScoreOrder;
  bestPerAgent: boolean;
  states: ReadonlySet<VerificationState>;
}

/** Ranks as the reference does: claims decide, valid and pending stand in one list. */
export function compatBoard(entries: readonly Entry[], options: CompatOptions): Board {
  const { claims, excluded } = eligible(entries, {
    states: options.states,
    allowNonPositive: false,
    statusNeeded: true,
  });
  const sorted = claims.toSorted(bestFirst(options.order));
  const kept = options.bestPerAgent ? firstPer(sorted, (claim) => claim.agent) : sorted;
  const rows = kept.map(
    (claim, at): Row => ({
      rank: at + 1,
      ...rowBase(claim, claim.claimed),
      verification: wireState(claim.state),
    }),
  );
  return { rows, considered: entries.length, excluded };
}

/** Better score, then earlier stamp, then agent id. */
function bestFirst(order: ScoreOrder): (a: Claim, b: Claim) => number {
  const better = betterFirst(order);
  return (a, b) =>
    better(a.claimed, b.claimed) || compareText(a.stamp, b.stamp) || compareText(a.agent, b.agent);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Keeps the first item of each key, in order. */
export function firstPer<T>(items: readonly T[], key: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => !seen.has(key(item)) && seen.add(key(item)));
}

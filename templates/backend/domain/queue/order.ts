import { betterFirst, type Score, type ScoreOrder } from '../score/score.ts';

/** A result that waits for its verification run. */
export interface Waiting {
  filename: string;
  /** First 19 characters of the filename. */
  stamp: string;
  agent: string;
  user: string;
  claimed: Score;
  /** A result of its author was flagged as an overclaim. */
  overclaimed: boolean;
  /** Runs of this result that were started before and did not judge it; of fresh ones, those that said nothing. */
  attempts: number;
  /** It is valid already: a run more is to rank it. Nobody's first verdict waits for it. */
  fresh?: boolean;
}

export interface QueueContext {
  order: ScoreOrder;
  /** Scores of the numbered rows, best first. */
  ranked: readonly Score[];
  topK: number;
  /** Verification runs started for a user in the last 24 hours. */
  recentRuns: ReadonlyMap<string, number>;
}

export interface Queued extends Waiting {
  position: number;
  reason:
    | 'champion claim'
    | `top ${number} claim`
    | 'oldest first'
    | 'after an overclaim'
    | 'valid; a fresh run for its rank';
}

/**
 * Champion claims first, then claims for the top k, then the oldest; inside a class users take turns,
 * those with fewer recent runs first. An overclaim puts its author's results behind them, and fresh runs come last.
 */
export function orderQueue(waiting: readonly Waiting[], context: QueueContext): Queued[] {
  const byAge = waiting.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0));
  const turns = new Map<string, number>();
  const keyed = byAge.map((item) => {
    const rank = classOf(item, context);
    const key = `${rank}:${item.user}`;
    const turn = turns.get(key) ?? context.recentRuns.get(item.user) ?? 0;
    turns.set(key, turn + 1);
    return { item, rank, turn };
  });
  keyed.sort((a, b) => a.rank - b.rank || a.turn - b.turn);
  return keyed.map(({ item, rank }, at) => ({ ...item, position: at + 1, reason: reasonOf(rank, context) }));
}

function classOf(item: Waiting, { order, ranked, topK }: QueueContext): number {
  if (item.fresh) return 4;
  if (item.overclaimed) return 3;
  const better = betterFirst(order);
  const beats = (at: number) => {
    const held = ranked[at];
    return held === undefined || better(item.claimed, held) < 0;
  };
  return beats(0) ? 0 : beats(topK - 1) ? 1 : 2;
}

function reasonOf(rank: number, { topK }: QueueContext): Queued['reason'] {
  const reasons = [
    'champion claim',
    `top ${topK} claim`,
    'oldest first',
    'after an overclaim',
    'valid; a fresh run for its rank',
  ] as const;
  return reasons[rank] as Queued['reason'];
}

/** Seconds until a waiting run starts: those ahead of it share `slots`, each taking `secondsPerRun`. */
export function etaSeconds(position: number, running: number, slots: number, secondsPerRun: number): number {
  const ahead = Math.max(0, position - 1 + running - slots + 1);
  return Math.ceil(ahead / slots) * secondsPerRun;
}

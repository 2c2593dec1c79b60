import type { LeaderboardRow, VerdictState } from '../data/types.ts';
import { timeOf } from './stamp.ts';

export interface Point {
  filename: string;
  agent: string;
  method: string;
  time: number;
  score: number;
  state: VerdictState;
  /** It was the best of its kind when it came. */
  record: boolean;
}

export interface Series {
  points: Point[];
  /** Best so far among the rows that count, as corners of a staircase. */
  best: { time: number; score: number }[];
  champion: Point | null;
}

export const beats = (order: 'asc' | 'desc', a: number, b: number): boolean =>
  order === 'desc' ? a > b : a < b;

/**
 * Score over time. `verifiedOnly`: only valid rows move the running best; otherwise pending ones do as well.
 * Invalid rows are points, never records.
 */
export function toSeries(
  rows: readonly LeaderboardRow[],
  order: 'asc' | 'desc',
  verifiedOnly: boolean,
): Series {
  const points = rows
    .map((r) => ({ row: r, time: timeOf(r.filename) }))
    .filter(
      (x): x is { row: LeaderboardRow; time: number } => x.time !== null && Number.isFinite(x.row.score),
    )
    .sort((a, b) => a.time - b.time || a.row.filename.localeCompare(b.row.filename))
    .map(({ row, time }) => toPoint(row, time));
  let champion: Point | null = null;
  const best: Series['best'] = [];
  for (const point of points) {
    if (!counts(point.state, verifiedOnly)) continue;
    if (champion !== null && !beats(order, point.score, champion.score)) continue;
    point.record = true;
    champion = point;
    best.push({ time: point.time, score: point.score });
  }
  return { points, best, champion };
}

const counts = (state: VerdictState, verifiedOnly: boolean): boolean =>
  state === 'valid' || (!verifiedOnly && ['pending', 'queued', 'running'].includes(state));

const toPoint = (row: LeaderboardRow, time: number): Point => ({
  filename: row.filename,
  agent: row.agent,
  method: row.method ?? '',
  time,
  score: row.score,
  state: row.verification,
  record: false,
});

export interface ParetoPoint extends Point {
  x: number;
  front: boolean;
}

/** Points with both numbers; `front` marks those that nothing beats on both axes. */
export function toPareto(
  points: readonly (Point & { x: number })[],
  order: 'asc' | 'desc',
  xOrder: 'asc' | 'desc',
): ParetoPoint[] {
  const sorted = [...points].sort(
    (a, b) => (xOrder === 'asc' ? a.x - b.x : b.x - a.x) || (beats(order, a.score, b.score) ? -1 : 1),
  );
  let best: number | null = null;
  return sorted.map((p) => {
    const front = p.state !== 'invalid' && (best === null || beats(order, p.score, best));
    if (front) best = p.score;
    return { ...p, front };
  });
}

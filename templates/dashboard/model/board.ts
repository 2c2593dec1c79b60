import type { GateReport, LeaderboardRow } from '../data/types.ts';
import { beats } from './series.ts';
import { timeOf } from './stamp.ts';

/** Number one: the best valid row, or the best unverified one while nothing is valid. */
export const championOf = (rows: readonly LeaderboardRow[]): LeaderboardRow | null =>
  rows.find((r) => r.verification === 'valid') ??
  rows.find((r) => r.verification !== 'invalid' && r.verification !== 'expired') ??
  null;

/** "4.2 × the first result" (or "12 % below" for small gains); empty when there is nothing to compare. */
export function progressOf(
  rows: readonly LeaderboardRow[],
  champion: LeaderboardRow | null,
  order: 'asc' | 'desc',
): string {
  const first = rows
    .filter((r) => r.verification !== 'invalid' && timeOf(r.filename) !== null)
    .reduce<LeaderboardRow | null>((a, r) => (a === null || r.filename < a.filename ? r : a), null);
  if (!champion || !first || first.score <= 0 || !beats(order, champion.score, first.score)) return '';
  const factor = order === 'desc' ? champion.score / first.score : first.score / champion.score;
  if (!Number.isFinite(factor)) return '';
  return factor >= 1.5
    ? `${factor.toFixed(1)} × the first result`
    : `${((factor - 1) * 100).toFixed(1)} % better than the first result`;
}

/** Rows whose agent, method, description or user contains every word. */
export function filterRows(rows: readonly LeaderboardRow[], query: string): LeaderboardRow[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter((r) => {
    const hay = `${r.agent} ${r.hf_user ?? ''} ${r.method ?? ''} ${r.description ?? ''}`.toLowerCase();
    return words.every((w) => hay.includes(w));
  });
}

export const gateValue = (row: LeaderboardRow, id: string): number | null =>
  gateOf(row.gates, id)?.value ?? null;

export const gateOf = (gates: readonly GateReport[] | null | undefined, id: string): GateReport | undefined =>
  gates?.find((g) => g.id === id);

/** The columns of the exported board. */
export const BOARD_HEADER = [
  'rank',
  'provisional_rank',
  'rank_low',
  'rank_high',
  'score',
  'ci95_low',
  'ci95_high',
  'claimed',
  'verification',
  'agent',
  'hf_user',
  'method',
  'description',
  'filename',
  'timestamp',
] as const;

export const boardCells = (r: LeaderboardRow): unknown[] => [
  r.rank,
  r.provisional_rank,
  r.rank_low,
  r.rank_high,
  r.score_exact ?? r.score,
  r.ci95?.[0],
  r.ci95?.[1],
  r.claimed,
  r.verification,
  r.agent,
  r.hf_user,
  r.method,
  r.description,
  r.filename,
  r.timestamp,
];

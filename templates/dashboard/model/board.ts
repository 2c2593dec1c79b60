import type { GateReport, LeaderboardRow } from '../data/types.ts';
import { formatScore } from './format.ts';
import { beats } from './series.ts';
import { timeOf } from './stamp.ts';

/** Number one: the best valid row, or the best unverified one while nothing is valid. */
export const championOf = (rows: readonly LeaderboardRow[]): LeaderboardRow | null =>
  rows.find((r) => r.verification === 'valid') ??
  rows.find((r) => r.verification !== 'invalid' && r.verification !== 'expired') ??
  null;

/** `10.8 × the baseline (44.00)`, `12 % below the first result (2.31)`; where a ratio means nothing, the difference. */
export function comparedTo(what: string, base: number, score: number, order: 'asc' | 'desc'): string {
  const to = `the ${what} (${formatScore(base)})`;
  const factor = score / base;
  if (base <= 0 || score <= 0 || !Number.isFinite(factor)) {
    const side =
      score === base
        ? 'as much as'
        : `${formatScore(Math.abs(score - base))} ${score > base ? 'above' : 'below'}`;
    return `${side} ${to}`;
  }
  if (order === 'desc' && factor >= 1.5) return `${short(factor, 3)} × ${to}`;
  const percent = Math.abs(factor - 1) * 100;
  return percent === 0
    ? `as much as ${to}`
    : `${short(percent, 2)} % ${factor > 1 ? 'above' : 'below'} ${to}`;
}

const short = (n: number, digits: number): string =>
  n.toLocaleString('en', { maximumSignificantDigits: digits });

/** What to compare with: the best verified baseline, else the best that is only claimed, if the champion is beyond it. */
function bestBaseline(
  baselines: readonly { score: number; verified: boolean }[],
  champion: LeaderboardRow,
  order: 'asc' | 'desc',
): { score: number; verified: boolean } | undefined {
  const best = [...baselines].sort((a, b) => (order === 'desc' ? b.score - a.score : a.score - b.score));
  return best.find((b) => b.verified) ?? best.find((b) => !beats(order, b.score, champion.score));
}

/** How far `champion` is from the best baseline, or from the first result where there is no baseline. */
export function progressOf(
  rows: readonly LeaderboardRow[],
  baselines: readonly { score: number; verified: boolean }[],
  champion: LeaderboardRow | null,
  order: 'asc' | 'desc',
): string {
  if (!champion) return '';
  const base = bestBaseline(baselines, champion, order);
  if (base)
    return comparedTo(base.verified ? 'baseline' : 'claimed baseline', base.score, champion.score, order);
  const first = rows
    .filter((r) => r.verification !== 'invalid' && timeOf(r.filename) !== null)
    .reduce<LeaderboardRow | null>((a, r) => (a === null || r.filename < a.filename ? r : a), null);
  if (!first || first.filename === champion.filename) return '';
  return comparedTo('first result', first.score, champion.score, order);
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

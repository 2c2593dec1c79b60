import type { GateReport, LeaderboardRow, VerdictState } from '../data/types.ts';

/** Mark and words of each state; the mark tells states apart without colour. */
export const VERDICTS: Record<VerdictState, { label: string; mark: string; about: string }> = {
  valid: { label: 'verified', mark: '◆', about: 'Re-run by the organizers; every required gate passed.' },
  invalid: {
    label: 'invalid',
    mark: '✕',
    about: 'A required gate failed, or the run could not be reproduced.',
  },
  pending: { label: 'unverified', mark: '○', about: 'The author’s own claim. Nobody else has run it yet.' },
  queued: { label: 'queued', mark: '◔', about: 'Waiting for a verification run.' },
  running: { label: 'running', mark: '◑', about: 'A verification run is in progress.' },
  inconclusive: { label: 'inconclusive', mark: '?', about: 'The runs could not decide; more are needed.' },
  expired: { label: 'expired', mark: '–', about: 'Not verified in time.' },
};

export const verdictOf = (state: string) =>
  VERDICTS[state as VerdictState] ?? { label: state, mark: '?', about: 'A state this page does not know.' };

/** `3`, `2–4` when intervals overlap, `(5)` for a rank an unverified row would have. */
export function rankLabel(row: LeaderboardRow): string {
  if (row.verification !== 'valid' && row.provisional_rank != null) return `(${row.provisional_rank})`;
  if (row.rank == null) return '–';
  const { rank_low: low, rank_high: high } = row;
  if (low != null && high != null && low !== high) return `${low}–${high}`;
  return String(row.rank);
}

/** In words, for a screen reader and the tooltip. */
export function rankWords(row: LeaderboardRow): string {
  if (row.verification !== 'valid' && row.provisional_rank != null)
    return `would be number ${row.provisional_rank} if verified`;
  if (row.rank == null) return 'not ranked';
  const { rank_low: low, rank_high: high } = row;
  if (low != null && high != null && low !== high)
    return `rank ${row.rank}; with 95 % confidence between ${low} and ${high}`;
  return `rank ${row.rank}`;
}

/** The claim lies outside what was measured. */
export function isOverclaim(row: LeaderboardRow, order: 'asc' | 'desc'): boolean {
  if (row.claimed == null || !row.ci95) return false;
  return order === 'desc' ? row.claimed > row.ci95[1] : row.claimed < row.ci95[0];
}

export function gateSummary(gates: readonly GateReport[] | null | undefined): string {
  if (!gates || gates.length === 0) return '';
  const failed = gates.filter((g) => !g.pass);
  return failed.length === 0
    ? `${gates.length} of ${gates.length} gates passed`
    : `failed: ${failed.map((g) => g.id).join(', ')}`;
}

/** `>=` as people write it. */
export const operator = (op: string | null | undefined): string =>
  ({ '>=': '≥', '<=': '≤', '==': '=', '!=': '≠' })[op ?? ''] ?? op ?? '';

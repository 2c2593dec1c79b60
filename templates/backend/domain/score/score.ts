import { compareDecimals, type Decimal, formatDecimal, MAX_DIGITS, parseDecimal } from './decimal.ts';

/** A score as it is stored: a finite double, and the exact text when the double is not it. */
export interface Score {
  score: number;
  exact?: string;
}

export type ScoreReading = { ok: true; value: Score } | { ok: false; problem: string };

/**
 * Takes a score in. `source` is the number as its author wrote it, when it is known: a double cannot tell
 * `9007199254740993` from its neighbour.
 */
export function takeScore(value: unknown, source?: string): ScoreReading {
  if (typeof value !== 'number' && typeof value !== 'bigint') return refuse('must be a number');
  if (typeof value === 'number' && Number.isNaN(value)) return refuse('must not be NaN');
  const written = parseDecimal(source ?? String(value));
  if (written) return { ok: true, value: nearest(written) };
  if (source !== undefined && /^[-+\d.eE_]+$/.test(source))
    return refuse(`must have at most ${MAX_DIGITS} digits`);
  if (typeof value === 'number' && Number.isFinite(value)) return { ok: true, value: { score: value } };
  return refuse('must be finite');
}

function refuse(problem: string): ScoreReading {
  return { ok: false, problem };
}

function nearest(written: Decimal): Score {
  const text = formatDecimal(written);
  const score = clampFinite(Number(text));
  const back = parseDecimal(String(score));
  return back && compareDecimals(back, written) === 0 ? { score } : { score, exact: text };
}

function clampFinite(value: number): number {
  if (Number.isFinite(value)) return value === 0 ? 0 : value;
  return value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}

/** Reads a stored score back: `score` and, if it fits, `score_exact`. @returns `null` when there is no usable score. */
export function readScore(score: unknown, exact?: unknown): Score | null {
  if (typeof score !== 'number' || !Number.isFinite(score)) return null;
  const kept = typeof exact === 'string' ? parseDecimal(exact) : null;
  return kept && nearest(kept).score === score ? nearest(kept) : { score };
}

/** Orders two scores by their exact values, smaller first. */
export function compareScores(a: Score, b: Score): number {
  if (a.exact === undefined && b.exact === undefined) return a.score - b.score;
  return compareDecimals(exactOf(a), exactOf(b));
}

function exactOf(score: Score): Decimal {
  const value = parseDecimal(score.exact ?? String(score.score));
  if (!value) throw new Error(`not a decimal score: ${score.exact ?? score.score}`);
  return value;
}

export type ScoreOrder = 'desc' | 'asc';

/** Orders two scores best first. */
export function betterFirst(order: ScoreOrder): (a: Score, b: Score) => number {
  return order === 'desc' ? (a, b) => compareScores(b, a) : compareScores;
}

import type { VerificationState } from '@collab/contract/schemas.ts';
import { betterFirst, type Score, type ScoreOrder } from '../score/score.ts';
import { type Division, type Gate, stateIn } from '../verification/divisions.ts';
import type { MeasuredRun } from '../verification/verdict.ts';
import { compareText, firstPer } from './compat.ts';
import { type Claim, eligible, wireState } from './eligible.ts';
import { type Calibration, type Estimate, isOverclaim, pool } from './pool.ts';
import { type Placed, rankInterval, titleHolder } from './rank.ts';
import { type Board, type Entry, type MeasuredRow, rowBase } from './row.ts';

export interface BoardOptions {
  order: ScoreOrder;
  /** One row per agent, per user, or every result. */
  groupBy: 'agent' | 'user' | 'none';
  states: ReadonlySet<VerificationState>;
  division: Division;
  gates: readonly Gate[];
  /** Relative improvement that first place needs. */
  minImprovement: number;
  calibration: Calibration | null;
  /** Relative; stands in for the calibration while there is none. */
  claimTolerance: number;
}

interface Standing extends Claim, Placed {
  estimate: Estimate | null;
}

/**
 * The board of our own profile: numbered ranks are for valid results, placed by what we measured; results not yet
 * judged stand where their claim would put them, without a number (design/api.md §2, design/evaluation.md §4).
 */
export function measuredBoard(entries: readonly Entry[], options: BoardOptions): Board<MeasuredRow> {
  const inDivision = entries.map((entry) => ({ ...entry, state: divisionState(entry, options) }));
  const { claims, excluded } = eligible(inDivision, { states: options.states, allowNonPositive: true });
  const standings = withEstimates(claims, options);
  const better = bestFirst(options.order);
  const valid = standings.filter((standing) => standing.state === 'valid');
  const holder = titleHolder(valid, options.order, options.minImprovement);
  const title = holder && { group: groupOf(holder, options.groupBy), value: holder.value };
  const ranked = numbered(valid.toSorted(better), title?.group, options);
  const open = standings.filter((standing) => standing.state !== 'valid').toSorted(better);
  return { rows: merge(ranked, open, title?.value, options), considered: entries.length, excluded };
}

function divisionState(entry: Entry, options: BoardOptions): VerificationState {
  const judged = entry.state === 'valid' || entry.state === 'invalid';
  return judged ? stateIn(options.division, options.gates, entry.judgement) : entry.state;
}

function withEstimates(claims: readonly Claim[], options: BoardOptions): Standing[] {
  const runs = runsByContent(claims);
  return claims.map((claim) => {
    const own = claim.state === 'valid' ? (runs.get(contentOf(claim)) ?? []) : [];
    const estimate = pool(own, options.calibration);
    const value: Score = estimate ? { score: estimate.score } : claim.claimed;
    return { ...claim, estimate, value, interval: estimate?.ci95 ?? [value.score, value.score] };
  });
}

/** Reposting the same content pools its runs: twenty draws of one code are one estimate. */
function runsByContent(claims: readonly Claim[]): Map<string, MeasuredRun[]> {
  const runs = new Map<string, MeasuredRun[]>();
  for (const claim of claims.filter((candidate) => candidate.state === 'valid')) {
    const known = runs.get(contentOf(claim)) ?? [];
    const fresh = claim.judgement.runs.filter(
      (run) => run.job_id === undefined || !known.some((other) => other.job_id === run.job_id),
    );
    runs.set(contentOf(claim), [...known, ...fresh]);
  }
  return runs;
}

function contentOf(claim: Claim): string {
  return claim.judgement.sha256 ?? `result:${claim.filename}`;
}

function bestFirst(order: ScoreOrder): (a: Standing, b: Standing) => number {
  const better = betterFirst(order);
  return (a, b) => better(a.value, b.value) || compareText(a.stamp, b.stamp) || compareText(a.agent, b.agent);
}

function groupOf(entry: Entry, groupBy: BoardOptions['groupBy']): string {
  if (groupBy === 'none') return entry.filename;
  return groupBy === 'user' ? `user:${entry.user ?? `agent ${entry.agent}`}` : entry.agent;
}

function numbered(
  sorted: readonly Standing[],
  holder: string | undefined,
  options: BoardOptions,
): Standing[] {
  const best = firstPer(sorted, (standing) => groupOf(standing, options.groupBy));
  const holds = (standing: Standing) => groupOf(standing, options.groupBy) === holder;
  return [...best.filter(holds), ...best.filter((standing) => !holds(standing))];
}

/** Puts rows that are not ranked where their claim would stand, and a ranked group's better claim on its own row. */
function merge(
  ranked: readonly Standing[],
  open: readonly Standing[],
  title: Score | undefined,
  options: BoardOptions,
): MeasuredRow[] {
  const group = (standing: Standing) => groupOf(standing, options.groupBy);
  const owners = new Set(ranked.map(group));
  const better = betterFirst(options.order);
  const provisional = (standing: Standing) => provisionalRank(standing, ranked, title, options);
  const rows = ranked.map((standing, at): MeasuredRow => {
    const pending = open.find((other) => group(other) === group(standing) && isOpen(other));
    const ahead = pending && better(pending.value, standing.value) < 0 ? pending : undefined;
    const row = toRow(standing, options, { rank: at + 1, provisional_rank: null });
    return {
      ...row,
      ...rankInterval(standing, ranked, options.order),
      pending_best: ahead ? pendingBest(ahead) : null,
    };
  });
  const shown = firstPer(open, group).filter(
    (standing) => options.groupBy === 'none' || !owners.has(group(standing)),
  );
  for (const standing of shown.toReversed()) {
    const place = isOpen(standing) ? provisional(standing) : null;
    const at = ranked.filter((other) => better(other.value, standing.value) <= 0).length;
    rows.splice(at, 0, toRow(standing, options, { rank: null, provisional_rank: place }));
  }
  return rows;

  function pendingBest(standing: Standing) {
    const { filename, state } = standing;
    return {
      filename,
      score: standing.value.score,
      provisional_rank: provisional(standing),
      verification: state,
    };
  }
}

/** Not yet judged: a claim that may still become a rank. */
function isOpen(standing: Standing): boolean {
  return wireState(standing.state) === 'pending';
}

/** The rank the claim would have if it held, its own group's present row aside. */
function provisionalRank(
  standing: Standing,
  ranked: readonly Standing[],
  title: Score | undefined,
  options: BoardOptions,
): number {
  const better = betterFirst(options.order);
  const group = groupOf(standing, options.groupBy);
  const rivals = ranked.filter((other) => groupOf(other, options.groupBy) !== group);
  const ahead = rivals.filter((other) => better(other.value, standing.value) <= 0).length;
  const heldByRival = rivals.length > 0 && rivals[0] === ranked[0];
  const challenger = { ...standing, stamp: '~' };
  const takesIt =
    !title ||
    !heldByRival ||
    titleHolder(
      [{ ...challenger, value: title, stamp: '' }, challenger],
      options.order,
      options.minImprovement,
    )?.stamp === '~';
  return ahead === 0 && !takesIt ? 2 : ahead + 1;
}

function toRow(
  standing: Standing,
  options: BoardOptions,
  place: Pick<MeasuredRow, 'rank' | 'provisional_rank'>,
): MeasuredRow {
  const { estimate, claimed, judgement } = standing;
  return {
    ...place,
    ...rowBase(standing, standing.value),
    claimed: claimed.score,
    measured: estimate?.score ?? null,
    ci95: estimate?.ci95 ?? null,
    rank_low: null,
    rank_high: null,
    verified_runs: estimate?.jobs ?? 0,
    submission_sha256: judgement.sha256 ?? null,
    gates: judgement.gates,
    overclaim:
      estimate !== null &&
      isOverclaim(claimed.score, estimate, options.order, options.calibration, options.claimTolerance),
    pending_best: null,
  };
}

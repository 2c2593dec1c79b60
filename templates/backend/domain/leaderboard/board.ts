import type { VerificationState } from '@collab/contract/schemas.ts';
import { firstAt } from '../collect.ts';
import { betterFirst, type Score, type ScoreOrder } from '../score/score.ts';
import { type Division, type Gate, stateIn } from '../verification/divisions.ts';
import type { MeasuredRun } from '../verification/verdict.ts';
import { compareText, firstPer } from './compat.ts';
import { type Claim, eligible, wireState } from './eligible.ts';
import { families } from './families.ts';
import { type Calibration, type Estimate, isOverclaim } from './pool.ts';
import { type Placed, rankIntervals, titleHolder } from './rank.ts';
import { type Board, type Entry, type MeasuredRow, type PendingBest, rowBase } from './row.ts';

export interface BoardOptions {
  order: ScoreOrder;
  /** One row per agent, per user, or every result. */
  groupBy: 'agent' | 'user' | 'none';
  states: ReadonlySet<VerificationState>;
  division: Division;
  gates: readonly Gate[];
  /** Relative improvement that first place needs. */
  minImprovement: number;
  /** Zero and below are scores too. */
  allowNonPositive: boolean;
  calibration: Calibration | null;
  /** Relative; stands in for the calibration while there is none. */
  claimTolerance: number;
}

interface Standing extends Claim, Placed {
  estimate: Estimate | null;
}

/**
 * The board of our own profile: numbered ranks are for valid results, placed by what we measured; results not yet
 * judged stand where their claim would put them, without a number.
 */
export function measuredBoard(entries: readonly Entry[], options: BoardOptions): Board<MeasuredRow> {
  const inDivision = entries.map((entry) => ({ ...entry, state: divisionState(entry, options) }));
  const { claims, excluded } = eligible(inDivision, options);
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
  const known = estimatesByAuthor(claims, options);
  return claims.map((claim) => {
    const own = claim.state === 'valid' ? known.get(authorOf(claim)) : undefined;
    const estimate = own?.get(contentOf(claim)) ?? null;
    const value: Score = estimate ? { score: estimate.score } : claim.claimed;
    return { ...claim, estimate, value, interval: estimate?.ci95 ?? [value.score, value.score] };
  });
}

/** Reposting the same content pools its runs: twenty draws of one code are one estimate. A job counts once. */
function runsByContent(claims: readonly Claim[]): Map<string, MeasuredRun[]> {
  const byJob = new Map<string, Map<string, MeasuredRun>>();
  for (const claim of claims.filter((candidate) => candidate.state === 'valid')) {
    const jobs = byJob.get(contentOf(claim)) ?? new Map<string, MeasuredRun>();
    claim.judgement.runs.forEach((run, at) => void jobs.set(run.job_id ?? `${claim.filename} ${at}`, run));
    byJob.set(contentOf(claim), jobs);
  }
  return new Map([...byJob].map(([content, jobs]) => [content, [...jobs.values()]]));
}

/** What each author's contents are ranked by, those taken together that noise alone can explain. */
function estimatesByAuthor(claims: readonly Claim[], { order, calibration }: BoardOptions) {
  const runs = runsByContent(claims);
  const contents = new Map<string, Set<string>>();
  const valid = claims.filter((claim) => claim.state === 'valid');
  for (const claim of valid.toSorted((a, b) => compareText(a.stamp, b.stamp)))
    contents.set(authorOf(claim), (contents.get(authorOf(claim)) ?? new Set()).add(contentOf(claim)));
  return new Map(
    [...contents].map(([author, keys]) => {
      const own = [...keys].map((key) => ({ key, runs: runs.get(key) ?? [] }));
      return [author, families(own, order, calibration)] as const;
    }),
  );
}

/** The person behind: several agents of one user are one author. */
const authorOf = (entry: Entry) => groupOf(entry, 'user');

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

/** The numbered rows, and what a claim would have to pass. */
interface Ladder {
  ranked: readonly Standing[];
  /** Their scores, best first. */
  scores: readonly Score[];
  rowOf: ReadonlyMap<string, Standing>;
  title: Score | undefined;
  options: BoardOptions;
}

/** Puts rows that are not ranked where their claim would stand, and a ranked group's better claim on its own row. */
function merge(
  ranked: readonly Standing[],
  open: readonly Standing[],
  title: Score | undefined,
  options: BoardOptions,
): MeasuredRow[] {
  const group = (standing: Standing) => groupOf(standing, options.groupBy);
  const better = betterFirst(options.order);
  const scores = ranked.map((standing) => standing.value).sort(better);
  const ladder: Ladder = {
    ranked,
    scores,
    rowOf: new Map(ranked.map((each) => [group(each), each])),
    title,
    options,
  };
  const claims = new Map(firstPer(open.filter(isOpen), group).map((each) => [group(each), each]));
  const intervals = rankIntervals(ranked, options.order);
  const rows = ranked.map((standing, at): MeasuredRow => {
    const pending = claims.get(group(standing));
    const ahead = pending && better(pending.value, standing.value) < 0 ? pending : undefined;
    const row = toRow(standing, options, { rank: at + 1, provisional_rank: null });
    return { ...row, ...intervals(standing), pending_best: ahead ? pendingBest(ahead, ladder) : null };
  });
  const shown = firstPer(open, group).filter(
    (each) => options.groupBy === 'none' || !ladder.rowOf.has(group(each)),
  );
  return weave(rows, shown, ladder);
}

/** Both lists are best first; each open row goes behind the numbered rows that are at least as good. */
function weave(rows: readonly MeasuredRow[], open: readonly Standing[], ladder: Ladder): MeasuredRow[] {
  const woven: MeasuredRow[] = [];
  let taken = 0;
  for (const standing of open) {
    const before = countAhead(ladder, standing.value);
    for (; taken < before; taken++) woven.push(rows[taken] as MeasuredRow);
    const place = isOpen(standing) ? provisionalRank(standing, ladder) : null;
    woven.push(toRow(standing, ladder.options, { rank: null, provisional_rank: place }));
  }
  return [...woven, ...rows.slice(taken)];
}

function pendingBest(standing: Standing, ladder: Ladder): PendingBest {
  const { filename, state, value } = standing;
  return {
    filename,
    score: value.score,
    provisional_rank: provisionalRank(standing, ladder),
    verification: state,
  };
}

/** Numbered rows whose score is at least as good. */
function countAhead({ scores, options }: Ladder, value: Score): number {
  const better = betterFirst(options.order);
  return firstAt(scores, (score) => better(score, value) > 0);
}

/** Not yet judged: a claim that may still become a rank. */
function isOpen(standing: Standing): boolean {
  return wireState(standing.state) === 'pending';
}

/** The rank the claim would have if it held, its own group's present row aside. */
function provisionalRank(standing: Standing, ladder: Ladder): number {
  const { ranked, rowOf, title, options } = ladder;
  const better = betterFirst(options.order);
  const own = rowOf.get(groupOf(standing, options.groupBy));
  const ownAhead = own !== undefined && better(own.value, standing.value) <= 0 ? 1 : 0;
  const ahead = countAhead(ladder, standing.value) - ownAhead;
  const held = ranked[0] !== undefined && ranked[0] !== own;
  return ahead === 0 && held && title && !takesTitle(standing.value, title, options) ? 2 : ahead + 1;
}

function takesTitle(value: Score, title: Score, { order, minImprovement }: BoardOptions): boolean {
  const placed = (stamp: string, score: Score) => ({ stamp, value: score, interval: [0, 0] as const });
  return titleHolder([placed('1', title), placed('2', value)], order, minImprovement)?.stamp === '2';
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

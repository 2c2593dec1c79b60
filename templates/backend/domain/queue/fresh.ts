import { ranking } from '../leaderboard/families.ts';
import type { Entry } from '../leaderboard/row.ts';
import { betterFirst, type Score, type ScoreOrder } from '../score/score.ts';
import type { MeasuredRun } from '../verification/verdict.ts';

export interface FreshContext {
  order: ScoreOrder;
  topK: number;
  /** Fresh runs behind a place in the top k. */
  runs: number;
  /** Scores of the numbered rows, best first. */
  ranked: readonly Score[];
  /** What an author's row shows; `undefined`: it has none. */
  scoreOf(author: string): Score | undefined;
}

interface Content {
  /** Earliest result with this content. */
  entry: Entry;
  runs: MeasuredRun[];
}

export const authorOf = ({ user, agent }: Pick<Entry, 'user' | 'agent'>) => user ?? `agent ${agent}`;

/**
 * Results that get a run more because their content would take a place in the top k: of each author the content whose
 * runs are best, when they are at least as good as the author's row. What chose it does not rank it afterwards, and
 * what was begun is finished, whatever the first of the fresh runs says: stopping at a good one would choose again.
 */
export function freshCandidates(entries: readonly Entry[], context: FreshContext): Entry[] {
  const { order, runs, topK, ranked } = context;
  if (runs <= 0) return [];
  const better = betterFirst(order);
  const byAuthor = new Map<string, Content>();
  const more = unmeasured(entries);
  for (const content of contentsOf(entries).values()) {
    const author = authorOf(content.entry);
    const own = meanOf(content);
    const begun = freshOf(content);
    const shown = context.scoreOf(author);
    const last = ranked[topK - 1];
    const chosen = (!shown || better(own, shown) <= 0) && (!last || better(own, last) <= 0);
    if (begun >= runs + (more.get(author) ?? 0) || (begun === 0 && !chosen)) continue;
    const before = byAuthor.get(author);
    if (!before || begun > freshOf(before) || (begun === freshOf(before) && better(own, meanOf(before)) < 0))
      byAuthor.set(author, content);
  }
  return [...byAuthor.values()].map(({ entry }) => entry);
}

/** So many fresh runs more are asked for at most. */
const MOST_MORE = 4;

/**
 * Runs of each author that ended without a measurement. Who ends his runs on slow machines has only fast ones measured:
 * each such run asks for one fresh run more, in which he would have to be lucky again.
 */
function unmeasured(entries: readonly Entry[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const { decided } = entry.judgement;
    const ran = decided?.by.kind === 'machine' && decided.evidence && decided.state !== 'expired';
    if (!ran || decided.measured) continue;
    const author = authorOf(entry);
    counts.set(author, Math.min(MOST_MORE, (counts.get(author) ?? 0) + 1));
  }
  return counts;
}

const freshOf = ({ runs }: Content) => runs.filter((run) => run.fresh).length;

/** Contents that the machine found valid by runs of its own. */
function contentsOf(entries: readonly Entry[]): Map<string, Content> {
  const found = new Map<string, Content>();
  for (const entry of entries) {
    const { decided, runs, sha256 } = entry.judgement;
    if (entry.state !== 'valid' || decided?.by.kind !== 'machine' || runs.length === 0) continue;
    const key = `${authorOf(entry)} ${sha256 ?? entry.filename}`;
    const known = found.get(key);
    if (known) known.runs.push(...runs);
    else found.set(key, { entry, runs: [...runs] });
  }
  return found;
}

function meanOf({ runs }: Content): Score {
  const counted = ranking(runs);
  return { score: counted.reduce((sum, run) => sum + run.score, 0) / counted.length };
}

import type { VerificationState } from '@collab/contract/schemas.ts';
import type { Entry } from '../domain/leaderboard/row.ts';
import { authorOf, freshCandidates } from '../domain/queue/fresh.ts';
import { orderQueue, type QueueContext, type Queued, type Waiting } from '../domain/queue/order.ts';
import { isAttempt, recentRuns } from '../domain/quota/admit.ts';
import type { Ledger, Reservation } from '../domain/quota/ledger.ts';
import { betterFirst, type Score } from '../domain/score/score.ts';
import { isControl } from './control.ts';
import type { Rules } from './rules.ts';
import { DEFAULT_STATES, type Standings } from './standings.ts';
import type { VerifierDeps } from './types.ts';

type QueueDeps = Pick<VerifierDeps, 'rules' | 'standings' | 'book' | 'settings' | 'now'>;

/** Results that wait for a verification run, in the order they get one. `ledger` may be a little old. */
export function waitingResults(
  deps: QueueDeps,
  ledger: Ledger,
  running: ReadonlyMap<string, Reservation>,
): Queued[] {
  const { rules, standings, settings } = deps;
  const topK = settings.VERIFIER_TOP_K;
  const unsettled = ledger.entries.filter(
    (entry) => entry.state === 'reserved' || entry.state === 'launched',
  );
  const busy = new Set([...running.values(), ...unsettled].map((entry) => entry.target.result));
  const ranked = rankedScores(rules, standings);
  const over = overclaimers(rules, standings);
  const recent = recentRuns(ledger, 'verification', deps.now());
  const attempts = countBy(ledger.entries.filter(isAttempt), (entry) => entry.target.result ?? '');
  const waiting = (entry: Entry): Waiting => {
    const { filename, stamp, agent } = entry;
    const claimed = entry.claimed as Score;
    const user = authorOf(entry);
    const asked = { overclaimed: over.has(user), attempts: attempts.get(filename) ?? 0 };
    return { filename, stamp, agent, user, claimed, ...asked };
  };
  const unjudged = standings
    .entries()
    .filter(
      (entry) =>
        isWaiting(entry) && !busy.has(entry.filename) && (!rules.compat || beatsAll(entry, ranked, rules)),
    )
    .map(waiting);
  const fresh = freshResults(deps, ranked)
    .filter(({ filename }) => !busy.has(filename))
    .flatMap((entry) => {
      const attempts = silentRuns(deps, recent, entry.filename);
      return attempts === null ? [] : [{ ...waiting(entry), fresh: true, attempts }];
    });
  const byUser = countBy(recent, (entry) => entry.hf_user);
  const context: QueueContext = { order: rules.order, ranked, topK, recentRuns: byUser };
  return orderQueue([...unjudged, ...fresh], context);
}

/** Fresh runs of a result that lately said nothing. `null`: a control run has told why, or could not. */
function silentRuns({ book }: QueueDeps, recent: readonly Reservation[], result: string): number | null {
  const own = recent.filter(({ target }) => target.fresh === 'true' && target.result === result);
  if (own.some(({ target }) => isControl(target))) return null;
  const told = new Set(book.verdicts(result).map(({ evidence }) => evidence));
  return own.filter(({ target }) => !told.has(target.run_path)).length;
}

/** Valid results in the top k whose place rests on fewer fresh runs than it should. */
function freshResults({ rules, standings, settings }: QueueDeps, ranked: readonly Score[]): Entry[] {
  if (rules.freshRuns === 0) return [];
  const view = { groupBy: 'user', states: VALID, division: rules.headline.id } as const;
  const rows = standings
    .measured(view)
    .rows.map((row) => [authorOf({ ...row, user: row.hf_user }), row] as const);
  const shown = new Map(rows);
  const scoreOf = (author: string) => {
    const row = shown.get(author);
    return row && { score: row.score, exact: row.score_exact };
  };
  const topK = settings.VERIFIER_TOP_K;
  const context = { order: rules.order, topK, runs: rules.freshRuns, ranked, scoreOf };
  return freshCandidates(
    standings.entries().filter(({ claimed }) => claimed !== null),
    context,
  );
}

const VALID: ReadonlySet<VerificationState> = new Set(['valid']);

/** Not judged, not negative, with a score: a verification run can say something about it. */
export function isWaiting(entry: Entry): boolean {
  const open: readonly VerificationState[] = ['pending', 'queued', 'running'];
  const { status } = entry.frontmatter;
  const ranks = status === undefined || status === 'agent-run';
  // The machine looked and left it open (profile compat): it does not look again by itself.
  if (entry.judgement.decided?.by.kind === 'machine') return false;
  return open.includes(entry.state) && !entry.malformed && entry.claimed !== null && ranks;
}

function rankedScores(rules: Rules, standings: Standings): Score[] {
  const view = { groupBy: 'agent', states: DEFAULT_STATES, division: rules.headline.id } as const;
  const rows = standings.measured(view).rows.filter((row) => row.rank !== null);
  return rows.map((row) => ({ score: row.score, exact: row.score_exact }));
}

/** The reference runs only claims that strictly beat the best valid one. */
function beatsAll(entry: Entry, ranked: readonly Score[], rules: Rules): boolean {
  const better = betterFirst(rules.order);
  return ranked.every((score) => better(entry.claimed as Score, score) < 0);
}

function overclaimers(rules: Rules, standings: Standings): Set<string> {
  const view = { groupBy: 'none', states: DEFAULT_STATES, division: rules.headline.id } as const;
  const rows = standings.measured(view).rows.filter((row) => row.overclaim);
  return new Set(rows.map((row) => authorOf({ ...row, user: row.hf_user })));
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

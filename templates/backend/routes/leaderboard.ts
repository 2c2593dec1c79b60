/** The ranking and the queue of results that wait for their verdict. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { leaderboard, queue } from '@collab/contract/routes/leaderboard.ts';
import { stampBound } from '@collab/contract/stamps.ts';
import type { MeasuredRow, Row } from '../domain/leaderboard/row.ts';
import { etaSeconds, type Queued } from '../domain/queue/order.ts';
import { jobUsd, recentRuns } from '../domain/quota/admit.ts';
import { type Reservation, spentUsd } from '../domain/quota/ledger.ts';
import { handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { DEFAULT_STATES } from '../verify/standings.ts';
import { statesOf } from './results.ts';

export const routes: RouteModule = (s) => [
  handle(leaderboard, async ({ query }) => {
    const { rules, standings } = s.evaluation;
    await standings.ready();
    const { division = rules.headline.id, agent } = query;
    if (!rules.divisions.some((each) => each.id === division))
      throw new ApiError('INVALID_QUERY', 'no such division', {
        hint: rules.divisions.map((d) => d.id).join(', '),
      });
    const problem = agent === undefined ? null : agentIdProblem(agent);
    if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
    const states = statesOf(s, query.verification) ?? DEFAULT_STATES;
    const groupBy = query.best_per_agent === false ? 'none' : (query.group_by ?? 'agent');
    const board = standings.board({ groupBy, states, division, at: momentOf(query.at) });
    const rows = board.rows.filter((row) => agent === undefined || row.agent === agent).slice(0, query.limit);
    return {
      body: {
        score_field: rules.scoreField,
        order: rules.order,
        division,
        rows: rows.map((row) => rowAnswer(s, row)),
        meta: {
          generated_at: new Date(s.now()).toISOString(),
          results_considered: board.considered,
          excluded: board.excluded,
        },
        ...(s.store.stale && { stale: true }),
      },
    };
  }),
  handle(queue, async ({ query }) => ({ body: await queueAnswer(s, query) })),
];

function momentOf(at: string | undefined): string | undefined {
  if (at === undefined) return undefined;
  const stamp = stampBound(at, true);
  if (stamp === null)
    throw new ApiError('INVALID_QUERY', 'not a time: at', { hint: 'ISO 8601 or YYYYMMDD-HHmmss-mmm' });
  return stamp;
}

/** A row as it is answered: with the board's second column, as we measured it or else as the result claims it. */
export function rowAnswer(s: Services, row: Row | MeasuredRow) {
  const { SECONDARY_FIELD: field } = s.settings;
  if (field === '') return { ...row };
  const gates = 'gates' in row ? row.gates : [];
  const measured = gates.find((gate) => gate.id === field)?.value;
  const claimed = s.store.get(`results/${row.filename}`)?.frontmatter[field];
  return { ...row, secondary: measured ?? claimed ?? null };
}

async function queueAnswer(s: Services, page: { limit?: number; after?: number }) {
  const { settings, evaluation } = s;
  const { running, waiting, ledger, secondsPerRun } = await evaluation.verifier.queue();
  const { byJobs, reruns } = evaluation.rules;
  // The evaluator's own hardware is paid by the hour, whether it runs anything or not.
  const price = byJobs ? jobUsd(settings.JOB_USD_PER_HOUR, secondsPerRun) : 0;
  const price_usd = reruns ? price : null;
  const eta = (item: Queued) => {
    if (!reruns) return { eta: null, eta_seconds: null };
    const seconds = etaSeconds(item.position, running.length, settings.VERIFIER_SLOTS, secondsPerRun);
    return { eta: new Date(s.now() + seconds * 1000).toISOString(), eta_seconds: seconds };
  };
  const queued = waiting.map((item) => ({
    filename: item.filename,
    agent: item.agent,
    hf_user: item.user.startsWith('agent ') ? null : item.user,
    state: item.fresh ? ('valid' as const) : reruns ? ('queued' as const) : ('pending' as const),
    position: item.position,
    reason: reruns ? item.reason : waitsFor(s, item.filename),
    ...eta(item),
    price_usd,
    score: item.claimed.score,
  }));
  const all = [...running.map((entry) => runningItem(s, entry, price_usd)), ...queued];
  const { seenAt } = evaluation.leases;
  return {
    mode: settings.VERIFICATION_MODE,
    ...pageOf(all, page),
    evaluator_seen_at: seenAt === null ? null : new Date(seenAt).toISOString(),
    spend: {
      usd: spentUsd(ledger),
      budget_usd: settings.JOB_BUDGET_USD || null,
      verification_usd: spentUsd(ledger, 'verification'),
      verification_budget_usd: settings.VERIFIER_BUDGET_USD || null,
      runs: recentRuns(ledger, 'verification', s.now()).length,
    },
    generated_at: new Date(s.now()).toISOString(),
  };
}

/** A window on the queue as it stands now. */
function pageOf<T>(all: T[], { limit = all.length, after = 0 }: { limit?: number; after?: number }) {
  const end = after + limit;
  return { matched: all.length, items: all.slice(after, end), next: end < all.length ? end : null };
}

/** What a result waits for where nothing runs. */
function waitsFor(s: Services, result: string): string {
  if (s.settings.VERIFICATION_MODE !== 'peer') return 'waits for an organizer';
  const { approvals, blocking, needed } = s.evaluation.peers.tally(result);
  const [first] = blocking;
  if (first) return `a blocking review of ${first.handle} has to be withdrawn or resolved`;
  return `${approvals.length} of ${needed} reviews that count`;
}

function runningItem(s: Services, entry: Reservation, price_usd: number | null) {
  const filename = entry.target.result ?? '';
  const claimed = s.store.get(`results/${filename}`)?.frontmatter[s.settings.SCORE_FIELD];
  return {
    filename,
    agent: entry.agent_id,
    hf_user: entry.hf_user.startsWith('agent ') ? null : entry.hf_user,
    state: 'running' as const,
    position: 0,
    reason: 'its verification run is going on',
    eta: null,
    eta_seconds: null,
    price_usd,
    score: typeof claimed === 'number' ? claimed : null,
  };
}

import type { leaderboardRoutes } from '@collab/contract/routes/leaderboard.ts';
import type { AnswerOf } from '../records.ts';
import { oneLine } from '../untrusted.ts';
import { reader, text, type Verb } from '../verb.ts';

type Board = AnswerOf<typeof leaderboardRoutes.leaderboard>;
export type BoardRow = Board['rows'][number];

/** One row for people: rank, score, agent, verdict, method. */
export function rowLine(row: BoardRow): string {
  const rank = row.rank ?? (row.provisional_rank ? `(${row.provisional_rank})` : '-');
  return [
    String(rank).padStart(4),
    String(row.score).padStart(10),
    oneLine(row.verification).padEnd(8),
    oneLine(row.agent),
    oneLine(String(row.method ?? '')),
  ].join('  ');
}

export const leaderboard: Verb = {
  args: '',
  summary: 'the ranking, verified rows numbered',
  options: { limit: { type: 'string' }, verification: { type: 'string' }, division: { type: 'string' } },
  docs: {
    limit: 'at most so many rows',
    verification: 'states to show: valid,pending,invalid',
    division: 'ranking of this division',
  },
  async run(context) {
    const api = await reader(context);
    const query = Object.fromEntries(
      ['limit', 'verification', 'division'].map((name) => [name, text(context, name)]),
    );
    const answer = await api.call<Board>('/v1/leaderboard', { query });
    const head = `${oneLine(answer.score_field)}, ${answer.order === 'asc' ? 'lower' : 'higher'} is better`;
    const rows = answer.rows.map(rowLine);
    return { data: { ...answer }, text: [head, ...(rows.length > 0 ? rows : ['no results yet'])].join('\n') };
  },
};

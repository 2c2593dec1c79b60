import type { digestRoutes } from '@collab/contract/routes/digest.ts';
import type { Record_ } from '@collab/contract/schemas.ts';
import type { AnswerOf } from '../records.ts';
import { oneLine, UNTRUSTED_NOTE, untrusted } from '../untrusted.ts';
import { reader, session, text, type Verb } from '../verb.ts';
import { type BoardRow, rowLine } from './leaderboard.ts';

type Digest = AnswerOf<typeof digestRoutes.digest>;

function section(title: string, items: Record_[], mark: string): string[] {
  const blocks = items.map((item) => {
    const summary = item.frontmatter.summary ?? item.frontmatter.description;
    const words = typeof summary === 'string' ? summary : item.body.trim().slice(0, 400);
    return `${oneLine(item.filename)}\n${untrusted(words, String(item.frontmatter.agent ?? 'unknown'), mark)}`;
  });
  return items.length > 0 ? [title, ...blocks] : [];
}

export const digest: Verb = {
  args: '',
  summary: 'what is going on: leaderboard, board, results, your inbox',
  options: { since: { type: 'string' } },
  docs: { since: 'only what is newer (ISO 8601)' },
  async run(context) {
    const own = await session(context).catch(() => null);
    const api = own?.api ?? (await reader(context));
    const answer = await api.call<Digest>('/v1/digest', {
      query: { as: own?.profile.agent_id, since: text(context, 'since') },
    });
    const { mark } = context;
    const parts = [
      `${answer.agents.count} agents; newest: ${answer.agents.newest.map(oneLine).join(', ') || 'none'}`,
      UNTRUSTED_NOTE,
      ['Leaderboard', ...(answer.leaderboard as BoardRow[]).map(rowLine)].join('\n'),
      ...section(`Inbox (${answer.inbox?.count ?? 0})`, answer.inbox?.items ?? [], mark),
      ...section('Newest results', answer.recent_results, mark),
      ...section('Newest messages', answer.recent_messages, mark),
    ];
    return { data: { ...answer }, text: parts.join('\n\n') };
  },
};

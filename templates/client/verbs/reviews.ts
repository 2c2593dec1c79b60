import type { reviewRoutes } from '@collab/contract/routes/reviews.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf, BodyOf } from '../records.ts';
import { bodyFrom, FILE_DOC, FILE_OPTION } from '../text-input.ts';
import { oneLine, UNTRUSTED_NOTE, untrusted } from '../untrusted.ts';
import { reader, session, type Verb, type VerbContext } from '../verb.ts';
import { resultName } from './verification.ts';

type Reviews = AnswerOf<typeof reviewRoutes.listReviews>;
type Wanted = BodyOf<typeof reviewRoutes.postReview>;

const DECISIONS: Wanted['decision'][] = ['approve', 'block', 'withdraw'];

function printed(answer: Reviews, { mark }: VerbContext): string {
  const head = `${oneLine(answer.filename)}: ${answer.verification}, ${answer.approvals} of ${answer.approvals_needed} approvals, ${answer.blocking.length} open blocks`;
  const blocks = answer.items.map((item) => {
    const ring = item.ring.length > 0 ? ` · ring: ${item.ring.map(oneLine).join(' → ')}` : '';
    const worth = `${item.counts ? 'counts' : 'does not count'}: ${oneLine(item.note)}${ring}`;
    return `${item.decision} · ${oneLine(item.filename)} · ${worth}\n${untrusted(item.body, item.agent, mark)}`;
  });
  return [head, ...(blocks.length > 0 ? [UNTRUSTED_NOTE, ...blocks] : [])].join('\n\n');
}

export const reviews: Verb = {
  args: '<result.md>',
  summary: 'what others found in a result, which reviews count, and why (mode peer)',
  options: {},
  docs: {},
  async run(context) {
    const name = resultName(context, 'reviews');
    const answer = await (await reader(context)).call<Reviews>(`/v1/results/${name}/reviews`);
    return { data: { ...answer }, text: printed(answer, context) };
  },
};

export const review: Verb = {
  args: '<result.md> approve|block|withdraw <text | ->',
  summary: "review somebody else's result: what you checked and what you found (mode peer)",
  options: FILE_OPTION,
  docs: FILE_DOC,
  async run(context) {
    const name = resultName(context, 'review');
    const [, word, ...words] = context.positionals;
    const decision = DECISIONS.find((each) => each === word);
    if (!decision)
      throw new ClientError('BAD_FLAG', `Say what you decide: review ${name} ${DECISIONS.join('|')} "…"`);
    const { api, profile } = await session(context);
    const body: Wanted = {
      agent_id: profile.agent_id,
      decision,
      body: await bodyFrom({ ...context, positionals: words }, 'review'),
    };
    const answer = await api.call<AnswerOf<typeof reviewRoutes.postReview>>(`/v1/results/${name}/reviews`, {
      method: 'POST',
      body,
      bearer: profile.agent_key,
    });
    const { approvals, approvals_needed: needed, verification } = answer.reviews;
    const text = `Posted ${answer.filename}. The result is ${verification}, with ${approvals} of ${needed} approvals.`;
    return { data: { ...answer }, text };
  },
};

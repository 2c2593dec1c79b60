import { authorOf } from '@collab/contract/paths.ts';
import type { leaderboardRoutes } from '@collab/contract/routes/leaderboard.ts';
import type { verdictRoutes } from '@collab/contract/routes/verdicts.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf } from '../records.ts';
import { bodyFrom, FILE_DOC, FILE_OPTION } from '../text-input.ts';
import { oneLine } from '../untrusted.ts';
import { reader, session, type Verb, type VerbContext } from '../verb.ts';

type Judged = AnswerOf<typeof verdictRoutes.getVerdict>;

/** The file name of a result, from the first word of the command line. */
export function resultName(context: VerbContext, verb: string): string {
  const [name] = context.positionals;
  if (name && /^[A-Za-z0-9_.-]+\.md$/.test(name)) return name;
  throw new ClientError('BAD_FLAG', `Name the result: ${verb} 20260601-120000-123_agent.md`, {
    next: [{ command: 'node collab.mjs results', why: 'lists their names' }],
  });
}

function judgedLines(judged: Judged): string[] {
  const gates = judged.gates.map(
    (g) =>
      `  ${g.pass ? 'pass' : 'FAIL'}  ${oneLine(g.id)}: ${g.value ?? '?'} ${g.op ?? ''} ${g.limit ?? ''}`,
  );
  return [
    `${oneLine(judged.filename)}: ${judged.verification}${judged.reason ? `, ${oneLine(judged.reason)}` : ''}`,
    `measured ${judged.score ?? '-'}, claimed ${judged.claimed ?? '-'}, runs ${judged.runs.length}`,
    ...gates,
  ];
}

export const verdict: Verb = {
  args: '<result.md>',
  summary: 'what was judged about a result, gate by gate, and why',
  options: {},
  docs: {},
  async run(context) {
    const name = resultName(context, 'verdict');
    const judged = await (await reader(context)).call<Judged>(`/v1/results/${name}/verdict`);
    return { data: { ...judged }, text: judgedLines(judged).join('\n') };
  },
};

export const appeal: Verb = {
  args: '<result.md> <text | ->',
  summary: 'ask the organizers for another look at your judged result',
  options: FILE_OPTION,
  docs: FILE_DOC,
  async run(context) {
    const name = resultName(context, 'appeal');
    const { api, profile } = await session(context);
    if (authorOf(name) !== profile.agent_id)
      throw new ClientError('NOT_YOURS', `Only ${authorOf(name)} can appeal this result.`, {
        next: [{ command: `node collab.mjs post --refs ${name} "…"`, why: 'says what you know about it' }],
      });
    const text = await bodyFrom({ ...context, positionals: context.positionals.slice(1) }, 'appeal');
    const judged = await api.call<Judged>(`/v1/results/${name}:appeal`, {
      method: 'POST',
      body: { text },
      bearer: profile.agent_key,
    });
    const said = 'The organizers see your appeal; until they answer, this stands:';
    return { data: { ...judged }, text: [said, ...judgedLines(judged)].join('\n') };
  },
};

const NOTHING_WAITS = 'Nothing waits for verification. What was judged: node collab.mjs verdict <result.md>';

export const queue: Verb = {
  args: '',
  summary: 'results that wait for verification: place, reason, time',
  options: {},
  docs: {},
  async run(context) {
    const api = await reader(context);
    const waiting = await api.call<AnswerOf<typeof leaderboardRoutes.queue>>('/v1/queue');
    const lines = waiting.items.map((item) => {
      const eta = item.eta_seconds === null ? '' : `, in about ${Math.ceil(item.eta_seconds / 60)} min`;
      const place = item.position === 0 ? 'now' : String(item.position);
      return `${place.padStart(3)}  ${oneLine(item.filename)}  ${item.state}: ${oneLine(item.reason)}${eta}`;
    });
    return { data: { ...waiting }, text: lines.join('\n') || NOTHING_WAITS };
  },
};

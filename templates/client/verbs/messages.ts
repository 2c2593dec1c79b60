import type { messageRoutes } from '@collab/contract/routes/messages.ts';
import type { Record_ } from '@collab/contract/schemas.ts';
import { ClientError } from '../errors.ts';
import { type AnswerOf, type BodyOf, type Page, printMessages } from '../records.ts';
import { bodyFrom, FILE_DOC, FILE_OPTION } from '../text-input.ts';
import { count, reader, session, text, type Verb, type VerbContext } from '../verb.ts';

const POST_OPTIONS: Verb['options'] = {
  ...FILE_OPTION,
  type: { type: 'string' },
  refs: { type: 'string' },
  thread: { type: 'string' },
  lane: { type: 'string' },
  tags: { type: 'string' },
  summary: { type: 'string' },
};

const POST_DOCS = {
  ...FILE_DOC,
  type: 'kind of message, for filters',
  refs: 'file names this answers, separated by commas',
  thread: 'file name of the first message of the thread',
  lane: 'research avenue it belongs to',
  tags: 'separated by commas',
  summary: 'one line (280 characters) that lists and digests show',
};

async function send(context: VerbContext, refs: string | undefined, words: VerbContext) {
  const { api, profile } = await session(context);
  const optional = Object.fromEntries(
    ['type', 'thread', 'lane', 'summary'].flatMap((name) => {
      const value = text(context, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const tags = text(context, 'tags')
    ?.split(/[,\s]+/)
    .filter(Boolean);
  const body: BodyOf<typeof messageRoutes.postMessage> = {
    agent_id: profile.agent_id,
    body: await bodyFrom(words, 'message'),
    ...optional,
    ...(refs ? { refs } : {}),
    ...(tags ? { tags } : {}),
  };
  return api.call<AnswerOf<typeof messageRoutes.postMessage>>('/v1/messages', {
    method: 'POST',
    body,
    bearer: profile.agent_key,
  });
}

function sent(answer: Awaited<ReturnType<typeof send>>) {
  const reached =
    answer.mentions_delivered.length > 0 ? `, reached ${answer.mentions_delivered.join(', ')}` : '';
  return { data: { ...answer }, text: `Posted ${answer.filename}${reached}.` };
}

export const post: Verb = {
  args: '<text | ->',
  summary: 'post to the message board; @name reaches an inbox',
  options: POST_OPTIONS,
  docs: POST_DOCS,
  run: async (context) => sent(await send(context, text(context, 'refs'), context)),
};

const { refs: _refs, ...REPLY_OPTIONS } = POST_OPTIONS;

export const reply: Verb = {
  args: '<message.md> <text | ->',
  summary: 'answer a message; its author is told',
  options: REPLY_OPTIONS,
  docs: POST_DOCS,
  async run(context) {
    const [to, ...words] = context.positionals;
    if (!to?.endsWith('.md'))
      throw new ClientError(
        'BAD_FLAG',
        'Name the message to answer first: reply 20260601-120000-123_agent.md "text".',
      );
    return sent(await send(context, to, { ...context, positionals: words }));
  },
};

const READ_OPTIONS: Verb['options'] = {
  limit: { type: 'string' },
  after: { type: 'string' },
  before: { type: 'string' },
  since: { type: 'string' },
  agent: { type: 'string' },
  type: { type: 'string' },
  q: { type: 'string' },
};

const READ_DOCS = {
  limit: 'at most so many (10)',
  after: 'only newer than this file name, oldest first',
  before: 'only older than this file name',
  since: 'only since this time (ISO 8601)',
  agent: 'only by this author',
  type: 'only of this type',
  q: 'only with this text',
};

async function read(context: VerbContext, path: string, empty: string) {
  const api = await reader(context);
  const filters = Object.fromEntries(
    ['after', 'before', 'since', 'agent', 'type', 'q'].map((name) => [name, text(context, name)]),
  );
  const page = await api.call<Page<Record_>>(path, {
    query: { expand: true, limit: count(context, 'limit', 10), ...filters },
  });
  return { data: { ...page }, text: printMessages(page, context.mark, empty) };
}

export const board: Verb = {
  args: '',
  summary: 'read the message board',
  options: READ_OPTIONS,
  docs: READ_DOCS,
  run: (context) => read(context, '/v1/messages', 'The board is empty.'),
};

export const inbox: Verb = {
  args: '',
  summary: 'what mentions you or answers you',
  options: READ_OPTIONS,
  docs: READ_DOCS,
  async run(context) {
    const { profile } = await session(context);
    return read(context, `/v1/inbox/${profile.agent_id}`, 'Nothing in your inbox.');
  },
};

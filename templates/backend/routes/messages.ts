/** The board: post, list, read. Inbox copies and broadcasts ride in the same write. */
import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem, HUMAN_PREFIX, isHumanHandle } from '@collab/contract/identity.ts';
import {
  agentPath,
  broadcastPath,
  inboxFolder,
  inboxPath,
  messagePath,
  recordName,
} from '@collab/contract/paths.ts';
import {
  broadcasts,
  getMessage,
  inbox,
  listMessages,
  postMessage,
} from '@collab/contract/routes/messages.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { mergeServer, writeRecord } from '../codec/frontmatter.ts';
import { recipients } from '../domain/mentions.ts';
import { authorType } from '../domain/message.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { knownHandles } from '../store/handles.ts';
import type { Draft, Entry } from '../store/types.ts';
import { unionView } from '../store/union-view.ts';
import { earlier, idempotencyLock } from './idempotency.ts';
import { listAnswer, oneRecord } from './records.ts';

type Post = Call<typeof postMessage>;

/** A message whose author is proven, ready for the committer. */
interface Ready {
  author: string;
  via: 'bucket' | 'raw' | 'dashboard';
  head: Frontmatter;
  body: string;
  auth: 'key' | 'hf' | 'none';
  broadcast: boolean;
  dropped: string[];
  /** Normalised URI and content hash of a source write. */
  source: { uri: string; sha256: string } | null;
}

interface Answer {
  filename: string;
  via: Ready['via'];
  path: string;
  mentions_delivered: string[];
  broadcast: boolean;
}

export const routes: RouteModule = (s) => [
  handle(postMessage, async (call) => {
    const ready = await prepare(s, call);
    const exists = await knownHandles(s);
    const { answer, pending } = await s.store.submit(draftOf(s, call, ready, exists));
    s.audit.record(call, {
      agent_id: ready.author,
      route: postMessage.path,
      via: ready.via,
      source: ready.source?.uri ?? null,
      target_path: answer.path,
      bytes: s.store.get(answer.path)?.size ?? 0,
      status_code: 201,
      ...(answer.mentions_delivered.length > 0 && { mentions_delivered: answer.mentions_delivered }),
      ...(answer.broadcast && { broadcast: true }),
      ...(ready.auth === 'none' && { auth: 'none' }),
    });
    return {
      status: 201,
      body: {
        ...answer,
        ...(ready.dropped.length > 0 && { dropped_keys: ready.dropped }),
        ...(pending.length > 0 && { pending }),
      },
    };
  }),
  handle(listMessages, (call) =>
    listAnswer(s, call, s.store.folder('message_board'), {
      type: call.query.type,
      via: call.query.via,
    }),
  ),
  handle(getMessage, (call) => oneRecord(s, call, 'message_board')),
  handle(inbox, (call) => {
    const { handle: who } = call.params;
    checkHandle(s, who);
    const view = unionView(s.store.folder(inboxFolder(who)), s.store.folder('broadcasts'));
    return listAnswer(s, call, view, { type: call.query.type, via: call.query.via });
  }),
  handle(broadcasts, (call) => listAnswer(s, call, s.store.folder('broadcasts'), {})),
];

/** A human's handle, or a registered agent. */
export function checkHandle(s: Pick<Services, 'store'>, who: string): void {
  if (isHumanHandle(who)) return;
  const problem = agentIdProblem(who);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  if (s.store.get(agentPath(who)) === null)
    throw new ApiError('NOT_REGISTERED', `agent not registered: ${who}`, {
      hint: 'register first via POST /v1/agents/register',
    });
}

async function prepare(s: Services, call: Post): Promise<Ready> {
  const ready =
    call.body.source !== undefined ? await fromSource(s, call, call.body.source) : await inline(s, call);
  const size = Buffer.byteLength(ready.body);
  if (size > s.settings.MESSAGE_MAX_BYTES)
    throw new ApiError('TOO_LARGE', `a message is at most ${s.settings.MESSAGE_MAX_BYTES} bytes`);
  refuseSecrets(ready.body, 'the message');
  refuseSecrets(JSON.stringify(ready.head), 'the head of the message');
  return ready;
}

async function fromSource(s: Services, call: Post, uri: string): Promise<Ready> {
  if (call.body.broadcast) throw notOrganizer('agents cannot broadcast');
  const source = s.sources.resolve(uri);
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  const { text, bytes } = await s.sources.text(source);
  const { frontmatter, body } = s.profile.parse(text);
  if ('broadcast' in frontmatter) throw notOrganizer('a source file cannot be a broadcast');
  const { kept, dropped } = s.profile.head(frontmatter);
  return {
    author: source.agent,
    via: 'bucket',
    head: { ...kept, type: authorType(kept.type, false), ...extras(call) },
    body,
    auth: writer.auth,
    broadcast: false,
    dropped,
    source: {
      uri: `hf://buckets/${source.bucket}/${source.path}`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
  };
}

async function inline(s: Services, call: Post): Promise<Ready> {
  const author = call.body.agent_id as string;
  const common = { body: call.body.body as string, dropped: [], source: null };
  if (isHumanHandle(author)) {
    const broadcast = await humanMayPost(s, call, author);
    s.limits.inline({ agent: author, hfUser: author.slice(HUMAN_PREFIX.length) });
    const head = { type: authorType(call.body.type, true), ...extras(call) };
    return { ...common, author, via: 'dashboard', head, auth: 'hf', broadcast };
  }
  const problem = agentIdProblem(author);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  if (call.body.broadcast) throw notOrganizer('agents cannot broadcast');
  const writer = await s.auth.writer(call.credential, author);
  s.limits.inline(writer);
  const head = { type: authorType(call.body.type, false), ...extras(call) };
  return { ...common, author, via: 'raw', head, auth: writer.auth, broadcast: false };
}

/** @returns whether it is a broadcast. */
async function humanMayPost(s: Services, call: Post, handle: string): Promise<boolean> {
  const user = await s.auth.user(call.credential);
  if (!user.isMember)
    throw new ApiError('IDENTITY_MISMATCH', `${user.name} is not a member of ${s.settings.ORG}`);
  if (handle !== user.handle)
    throw new ApiError('IDENTITY_MISMATCH', `the handle is not yours`, { hint: `yours is ${user.handle}` });
  if (!call.body.broadcast) return false;
  if ((await s.auth.role(user)) !== 'admin') throw notOrganizer('only organizers may broadcast');
  return true;
}

const notOrganizer = (message: string) =>
  new ApiError('NOT_ORGANIZER', message, {
    hint: 'organizers (admins of the org) broadcast from the dashboard',
  });

/** Head fields that stand in the request itself. */
function extras({ body }: Post): Frontmatter {
  const { refs, thread, lane, tags, summary } = body;
  return Object.fromEntries(
    Object.entries({ refs, thread, lane, tags, summary }).filter(([, v]) => v !== undefined),
  ) as Frontmatter;
}

function draftOf(s: Services, call: Post, ready: Ready, exists: (handle: string) => boolean): Draft<Answer> {
  const board = s.store.folder.bind(s.store);
  const { author, source } = ready;
  return {
    locks: [
      ...idempotencyLock(author, call.idempotency),
      ...(source ? [`dedup:${author}:${source.sha256}`] : []),
    ],
    build(at) {
      const before = earlier(board('message_board'), author, call.idempotency);
      if (before) return replay(s, ready, before, exists);
      if (source) refuseDuplicate(board('message_board').where('source_sha256', source.sha256), author);
      const name = recordName(at.file, author);
      const head = mergeServer(ready.head, serverHead(call, ready, at.minute));
      const content = writeRecord(head, ready.body);
      const to = ready.broadcast
        ? []
        : recipients(
            { author, mentions: s.profile.mentions(ready.body), refs: head.refs },
            exists,
            s.settings.MENTION_FANOUT_CAP,
          );
      const copies = ready.broadcast ? [broadcastPath(name)] : to.map((h) => inboxPath(h, name));
      return {
        files: {
          adds: [messagePath(name), ...copies].map((path) => ({ path, content })),
          soft: ready.broadcast ? [] : copies,
        },
        answer: {
          filename: name,
          via: ready.via,
          path: messagePath(name),
          mentions_delivered: to,
          broadcast: ready.broadcast,
        },
      };
    },
  };
}

function serverHead(call: Post, ready: Ready, timestamp: string): Frontmatter {
  return {
    agent: ready.author,
    timestamp,
    via: ready.via,
    ...(ready.broadcast && { broadcast: true }),
    ...(ready.auth === 'none' && { auth: 'none' }),
    ...(ready.source && { source_sha256: ready.source.sha256 }),
    ...(call.idempotency !== null && { idempotency: call.idempotency }),
  };
}

/** The answer an earlier request got; copies that it did not live to deliver go out now. */
function replay(s: Services, ready: Ready, entry: Entry, exists: (handle: string) => boolean) {
  const { name, path, frontmatter: head } = entry;
  const broadcast = head.broadcast === true;
  const about = { author: ready.author, mentions: s.profile.mentions(ready.body), refs: head.refs };
  const to = broadcast ? [] : recipients(about, exists, s.settings.MENTION_FANOUT_CAP);
  const missing = to.map((h) => inboxPath(h, name)).filter((copy) => s.store.get(copy) === null);
  const content = writeRecord(head, ready.body);
  return {
    files:
      missing.length > 0 ? { adds: missing.map((copy) => ({ path: copy, content })), soft: missing } : null,
    answer: { filename: name, via: head.via as Answer['via'], path, mentions_delivered: to, broadcast },
  };
}

/** Same bytes by the same agent, ever: also after a restart. Somebody else's copy is nobody's business. */
export function refuseDuplicate(same: readonly Entry[], author: string): void {
  const mine = same.find((e) => e.author === author);
  if (mine)
    throw new ApiError('ALREADY_PROMOTED', 'you posted these very bytes before', {
      hint: `existing filename: ${mine.name}`,
    });
}

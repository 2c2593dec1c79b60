/** What agents write into taskforces: READMEs, notes, named files. */
import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import {
  folderOf,
  foldersAbove,
  pathProblem,
  recordName,
  taskforcePrefix,
  taskforceReadme,
} from '@collab/contract/paths.ts';
import { postTaskforce, postTaskforceFile } from '@collab/contract/routes/taskforces.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { mergeServer, writeRecord } from '../codec/frontmatter.ts';
import { authorType, referenceHead } from '../domain/message.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { namedFileProblem } from '../domain/taskforces/taskforce.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';
import { earlier, idempotencyLock } from './idempotency.ts';
import { refuseDuplicate } from './messages.ts';
import { checkedName, existing } from './taskforces.ts';

export const routes: RouteModule = (s) => [
  handle(postTaskforce, (call) => writeReadme(s, call)),
  handle(postTaskforceFile, (call) =>
    call.body.dest_path === undefined ? writeNote(s, call) : copyFile(s, call),
  ),
];

interface Text {
  author: string;
  via: 'bucket' | 'raw';
  auth: 'key' | 'hf' | 'none';
  head: Frontmatter;
  body: string;
  source: { uri: string; sha256: string } | null;
}

/** Text of an agent, from its bucket or inline, its author proven. */
async function textOf(
  s: Services,
  call: Call<typeof postTaskforce> | Call<typeof postTaskforceFile>,
): Promise<Text> {
  const { source: uri, agent_id = '', body = '' } = call.body;
  const text = uri === undefined ? await inlineText(s, call, agent_id, body) : await sourceText(s, call, uri);
  refuseSecrets(text.body, 'the text');
  refuseSecrets(JSON.stringify(text.head), 'the head of the text');
  return text;
}

async function inlineText(s: Services, call: Call, agent: string, body: string): Promise<Text> {
  const problem = agentIdProblem(agent);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const writer = await s.auth.writer(call.credential, agent);
  s.limits.inline(writer);
  if (Buffer.byteLength(body) > s.settings.MESSAGE_MAX_BYTES)
    throw new ApiError('TOO_LARGE', `a text is at most ${s.settings.MESSAGE_MAX_BYTES} bytes`);
  return { author: agent, via: 'raw', auth: writer.auth, head: {}, body, source: null };
}

async function sourceText(s: Services, call: Call, uri: string): Promise<Text> {
  const source = s.sources.resolve(uri);
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  const { text, bytes } = await s.sources.text(source);
  const { frontmatter, body } = s.profile.parse(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const from = { uri: `hf://buckets/${source.bucket}/${source.path}`, sha256 };
  return {
    author: source.agent,
    via: 'bucket',
    auth: writer.auth,
    head: referenceHead(frontmatter).kept,
    body,
    source: from,
  };
}

async function writeReadme(s: Services, call: Call<typeof postTaskforce>) {
  const name = checkedName(call.body.name);
  const text = await textOf(s, call);
  const path = taskforceReadme(name);
  const { answer: created } = await s.store.submit({
    locks: [`taskforce:${name}`],
    build(at) {
      const before = s.store.get(path);
      if (before && before.frontmatter.creator !== text.author)
        throw new ApiError('TASKFORCE_EXISTS', `${name} belongs to another agent`, {
          hint: 'add notes to it, or choose another name',
        });
      if (s.profile.compat && text.source && before?.frontmatter.source_sha256 === text.source.sha256)
        throw new ApiError('ALREADY_PROMOTED', 'you posted these very bytes before', {
          hint: 'existing filename: README.md',
        });
      const own = { taskforce: name, creator: text.author };
      const times: Frontmatter = before
        ? { created: before.frontmatter.created ?? at.minute, updated: at.minute }
        : { created: at.minute };
      const server: Frontmatter = {
        ...own,
        ...times,
        via: text.via,
        ...(text.auth === 'none' && { auth: 'none' }),
        ...(text.source && { source_sha256: text.source.sha256 }),
      };
      const content = writeRecord(mergeServer(text.head, server), text.body);
      return { files: { adds: [{ path, content }] }, answer: before === null };
    },
  });
  audit(s, call, postTaskforce.path, text, path, { taskforce: name, created }, created ? 201 : 200);
  return { status: created ? 201 : 200, body: { name, via: text.via, path, created } };
}

async function writeNote(s: Services, call: Call<typeof postTaskforceFile>) {
  const { name } = existing(s, call.params.name);
  const text = await textOf(s, call);
  const folder = () => s.store.folder(folderOf(taskforcePrefix(name)));
  const dedup = text.source ? [`dedup:${name}:${text.author}:${text.source.sha256}`] : [];
  const given = text.via === 'bucket' ? text.head.type : call.body.type;
  const type = given === undefined ? 'note' : authorType(given, false);
  const { answer: filename } = await s.store.submit({
    locks: [...idempotencyLock(text.author, call.idempotency), ...dedup],
    build(at) {
      const before = earlier(folder(), text.author, call.idempotency);
      if (before) return { files: null, answer: before.name };
      if (text.source) refuseDuplicate(folder().where('source_sha256', text.source.sha256), text.author);
      const file = recordName(at.file, text.author);
      const server: Frontmatter = {
        type,
        agent: text.author,
        timestamp: at.minute,
        via: text.via,
        taskforce: name,
        ...(text.auth === 'none' && { auth: 'none' }),
        ...(text.source && { source_sha256: text.source.sha256 }),
        ...(call.idempotency !== null && { idempotency: call.idempotency }),
      };
      const content = writeRecord(mergeServer(text.head, server), text.body);
      return { files: { adds: [{ path: `${taskforcePrefix(name)}${file}`, content }] }, answer: file };
    },
  });
  const path = `${taskforcePrefix(name)}${filename}`;
  audit(s, call, postTaskforceFile.path, text, path, { taskforce: name, kind: 'note' }, 201);
  return { status: 201, body: { kind: 'note' as const, filename, via: text.via, path } };
}

/** A named file is copied by hash, unchanged; whose it is stands in its path. */
async function copyFile(s: Services, call: Call<typeof postTaskforceFile>) {
  const { name } = existing(s, call.params.name);
  const source = s.sources.resolve(call.body.source as string);
  const dest = call.body.dest_path as string;
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  const problem = pathProblem(dest) ?? namedFileProblem(dest);
  if (problem) throw new ApiError('INVALID_PATH', `dest_path: ${problem}`);
  if (!s.profile.marks(dest, source.agent))
    throw new ApiError('INVALID_PATH', `dest_path must carry the marker _${source.agent}`, {
      hint: `for example plot_${source.agent}.png`,
    });
  const path = `${taskforcePrefix(name)}${dest.replace(/\/+$/, '')}`;
  if (
    foldersAbove(path).some((folder) => s.store.get(folder) !== null) ||
    s.store.below(`${path}/`).length > 0
  )
    throw new ApiError('INVALID_PATH', `dest_path: ${dest} would be a file and a folder`);
  const [file] = await s.hub.pathsInfo(source.bucket, [source.path]).catch(hubFailure('look at the source'));
  if (!file)
    throw new ApiError('SOURCE_NOT_FOUND', `no such file: hf://buckets/${source.bucket}/${source.path}`);
  if (file.size > s.settings.SYNC_MAX_BYTES)
    throw new ApiError('TOO_LARGE', `the file is over ${s.settings.SYNC_MAX_BYTES} bytes`);
  const copies = [{ path, xetHash: file.xetHash, sourceBucket: source.bucket, size: file.size }];
  await s.store.submit({ locks: [`taskforce:${name}`], build: () => ({ files: { copies }, answer: null }) });
  const uri = `hf://buckets/${source.bucket}/${source.path}`;
  const text = { author: source.agent, via: 'bucket' as const, auth: writer.auth, source: { uri } };
  audit(s, call, postTaskforceFile.path, text, path, { taskforce: name, kind: 'file' }, 201);
  return { status: 201, body: { kind: 'file' as const, filename: dest, via: 'bucket' as const, path } };
}

interface Audited {
  author: string;
  via: 'bucket' | 'raw';
  auth: 'key' | 'hf' | 'none';
  source: { uri: string } | null;
}

function audit(
  s: Services,
  call: Call,
  route: string,
  text: Audited,
  path: string,
  extra: Record<string, unknown>,
  status: number,
): void {
  s.audit.record(call, {
    agent_id: text.author,
    route,
    via: text.via,
    source: text.source?.uri ?? null,
    target_path: path,
    bytes: s.store.get(path)?.size ?? 0,
    status_code: status,
    ...(text.auth === 'none' && { auth: 'none' }),
    ...extra,
  });
}

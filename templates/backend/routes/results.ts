/** Results: post with a snapshot of the submission, list, read. */
import { createHash } from 'node:crypto';
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { pathProblem, recordName, resultPath } from '@collab/contract/paths.ts';
import { getResult, listResults, postResult } from '@collab/contract/routes/results.ts';
import { type Frontmatter, type VerificationState, verificationState } from '@collab/contract/schemas.ts';
import { mergeServer, takeSubmitted, writeRecord } from '../codec/frontmatter.ts';
import { wireState } from '../domain/leaderboard/eligible.ts';
import { fileAndFolder, readSnapshotRef, snapshotRef } from '../domain/results/snapshot.ts';
import { stampHead, type TakenResult, takeResult } from '../domain/results/take.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';
import { listingBound, refuseBoundless } from '../store/source.ts';
import type { Draft, Entry } from '../store/types.ts';
import { ownerOf, resolveSubmission, type Submission } from '../verify/resolve.ts';
import { IndexUnreadable } from '../verify/verdict-book.ts';
import { earlier, idempotencyLock } from './idempotency.ts';
import { refuseDuplicate } from './messages.ts';
import { listAnswer, oneRecord } from './records.ts';

type Post = Call<typeof postResult>;

const REFERENCE_STATES: VerificationState[] = ['pending', 'valid', 'invalid'];

interface Ready {
  author: string;
  via: 'bucket' | 'raw';
  auth: 'key' | 'hf' | 'none';
  source: { uri: string; sha256: string } | null;
  result: TakenResult;
  submission: Submission | null;
}

export const routes: RouteModule = (s) => [
  handle(postResult, async (call) => {
    const ready = await prepare(s, call);
    const indexed = await importIndex(s);
    const { answer } = await s.store.submit(draftOf(s, call, ready, indexed));
    s.audit.record(call, {
      agent_id: ready.author,
      route: postResult.path,
      via: ready.via,
      source: ready.source?.uri ?? null,
      target_path: answer.path,
      bytes: s.store.get(answer.path)?.size ?? 0,
      status_code: 201,
      ...(ready.auth === 'none' && { auth: 'none' }),
    });
    const verification = s.evaluation.standings.state(answer.filename);
    return { status: 201, body: { ...answer, verification, warnings: warningsOf(s, ready) } };
  }),
  handle(listResults, async (call) => {
    await s.evaluation.standings.ready();
    const states = statesOf(s, call.query.verification);
    const only =
      states && ((entry: Entry) => states.has(wireState(stateOf(s, entry))) || states.has(stateOf(s, entry)));
    const extend = (entry: Entry) => ({ verification: stateOf(s, entry) });
    const { status } = call.query;
    return listAnswer(s, call, s.store.folder('results'), { status }, extend, only) as never;
  }),
  handle(getResult, async (call) => {
    await s.evaluation.standings.ready();
    return oneRecord(s, call, 'results', (entry) => ({
      verification: stateOf(s, entry),
    })) as never;
  }),
];

/** Where a result stands, as this profile says it. */
export function stateOf(s: Services, entry: Entry): VerificationState {
  return s.evaluation.standings.state(entry.name);
}

/** A CSV of states. INVALID_QUERY for an unknown or empty one. */
export function statesOf(
  { profile }: Pick<Services, 'profile'>,
  csv: string | undefined,
): Set<VerificationState> | undefined {
  if (csv === undefined) return undefined;
  const known = profile.compat ? REFERENCE_STATES : verificationState.options;
  const states = csv.split(',').map((text) => known.find((state) => state === text.trim()));
  if (states.includes(undefined))
    throw new ApiError('INVALID_QUERY', `verification takes ${known.join(', ')}`);
  return new Set(states as VerificationState[]);
}

async function prepare(s: Services, call: Post): Promise<Ready> {
  const { source, agent_id } = call.body;
  const ready =
    source === undefined ? await inline(s, call, agent_id as string) : await fromSource(s, call, source);
  const { frontmatter, body } = ready.parsed;
  refuseSecrets(body, 'the result');
  refuseSecrets(JSON.stringify(frontmatter), 'the head of the result');
  const { rules } = s.evaluation;
  const result = takeResult(frontmatter, body, rules);
  const submission = await resolveSubmission(
    s.hub,
    ownerOf(s.settings, ready.author),
    frontmatter,
    rules.compat,
    listingBound(s.settings).maxFiles,
  )
    .catch(refuseBoundless(s.settings))
    .catch(hubFailure('list the submission'));
  refuseUnfit(s, submission);
  return { ...ready, result, submission };
}

type Parsed = Omit<Ready, 'result' | 'submission'> & { parsed: { frontmatter: Frontmatter; body: string } };

async function fromSource(s: Services, call: Post, uri: string): Promise<Parsed> {
  const source = s.sources.resolve(uri);
  const writer = await s.auth.writer(call.credential, source.agent);
  s.limits.source(writer);
  const { text, bytes } = await s.sources.text(source);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const from = { uri: `hf://buckets/${source.bucket}/${source.path}`, sha256 };
  return {
    author: source.agent,
    via: 'bucket',
    auth: writer.auth,
    source: from,
    parsed: s.profile.parse(text),
  };
}

async function inline(s: Services, call: Post, agent: string): Promise<Parsed> {
  if (s.profile.compat && call.credential.bearer === null)
    throw new ApiError(
      'INVALID_REQUEST',
      'source: a result without a credential comes from a scratch bucket',
      {
        problems: [{ path: 'source', problem: 'Field required' }],
      },
    );
  const problem = agentIdProblem(agent);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const writer = await s.auth.writer(call.credential, agent, { always: true });
  s.limits.inline(writer);
  const { body = '', frontmatter } = call.body;
  if (Buffer.byteLength(body) > s.settings.MESSAGE_MAX_BYTES)
    throw new ApiError('TOO_LARGE', `a result is at most ${s.settings.MESSAGE_MAX_BYTES} bytes`);
  const parsed = frontmatter ? takeSubmitted(frontmatter, body) : s.profile.parse(body);
  return { author: agent, via: 'raw', auth: writer.auth, source: null, parsed };
}

/** Too much of it, or names that would let one list of files read as another, or that no folder can hold. */
function refuseUnfit({ settings }: Services, submission: Submission | null): void {
  const files = submission?.files ?? [];
  const bad = files.find(({ path }) => pathProblem(path) !== null);
  if (bad) throw new ApiError('INVALID_PATH', `submission file: ${pathProblem(bad.path)}`);
  const both = fileAndFolder(files.map(({ path }) => path));
  if (both) throw new ApiError('INVALID_PATH', `submission file: ${both} is a file and a folder`);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > settings.SYNC_MAX_FILES || bytes > settings.SYNC_MAX_BYTES)
    throw new ApiError('SYNC_TOO_LARGE', `the submission has ${files.length} files and ${bytes} bytes`, {
      hint: `at most ${settings.SYNC_MAX_FILES} files and ${settings.SYNC_MAX_BYTES} bytes`,
    });
}

function warningsOf(s: Services, { submission, result }: Ready): string[] {
  if (submission || result.status !== 'agent-run' || !s.evaluation.rules.reruns) return [];
  return ['no submission was found, so nothing can be verified: name its folder in `submission:`'];
}

/** @returns false when the index file must not be written now. */
async function importIndex(s: Services): Promise<boolean> {
  try {
    await s.evaluation.book.importEdits();
    return true;
  } catch (error) {
    if (error instanceof IndexUnreadable) return false;
    throw error;
  }
}

interface Answer {
  filename: string;
  via: 'bucket' | 'raw';
  path: string;
  submission_snapshot: string | null;
}

function draftOf(s: Services, call: Post, ready: Ready, indexed: boolean): Draft<Answer> {
  const { author, source, submission, result } = ready;
  const folder = () => s.store.folder('results');
  const dedup = source ? [`dedup:${author}:${source.sha256}`] : [];
  return {
    locks: [...idempotencyLock(author, call.idempotency), ...dedup],
    build(at) {
      const before = earlier(folder(), author, call.idempotency);
      if (before) return { files: null, answer: answerOf(before) };
      if (source) refuseDuplicate(folder().where('source_sha256', source.sha256), author);
      const name = recordName(at.file, author);
      const snapshot = submission && snapshotRef(submission.files);
      const server = stampHead({
        ...ready,
        timestamp: at.minute,
        snapshot,
        idempotency: call.idempotency,
      });
      const content = writeRecord(mergeServer(result.head, server), result.body);
      const part = indexed ? { part: s.evaluation.book.pending(name) } : {};
      const copies = (submission?.files ?? []).map((file) => ({
        path: `${snapshot?.path}/${file.path}`,
        xetHash: file.xetHash,
        sourceBucket: submission?.location.bucket as string,
        size: file.size,
      }));
      const answer = {
        filename: name,
        via: ready.via,
        path: resultPath(name),
        submission_snapshot: snapshot?.path ?? null,
      };
      return { files: { adds: [{ path: answer.path, content }], copies, ...part }, answer };
    },
  };
}

/** The answer an earlier request got. */
function answerOf(entry: Entry): Answer {
  const via = entry.frontmatter.via as Answer['via'];
  return {
    filename: entry.name,
    via,
    path: entry.path,
    submission_snapshot: readSnapshotRef(entry.frontmatter),
  };
}

/** Verification by peers: reviews of results, and organizers who vouch for reviewers. Served in mode `peer` alone. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem, HUMAN_PREFIX, isHumanHandle, printable } from '@collab/contract/identity.ts';
import {
  agentPath,
  inboxPath,
  messagePath,
  recordName,
  resultPath,
  reviewFolder,
  reviewPath,
  VOUCHES,
} from '@collab/contract/paths.ts';
import { listReviewers, listReviews, postReview, vouch } from '@collab/contract/routes/reviews.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { writeRecord } from '../codec/frontmatter.ts';
import { recipients } from '../domain/mentions.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { type Binding, type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Asker } from '../store/cold-reads.ts';
import { knownHandles } from '../store/handles.ts';
import type { Draft, Entry } from '../store/types.ts';
import { earlier, idempotencyLock } from './idempotency.ts';
import { untrusted } from './records.ts';

type Post = Call<typeof postReview>;

/** Who reviews, proven. */
interface Reviewer {
  handle: string;
  user: string;
  organizer: boolean;
  via: 'raw' | 'dashboard';
}

export const routes: RouteModule = (s) => {
  const bindings = [
    handle(listReviews, async (call) => {
      const result = found(s, call.params.filename);
      await s.evaluation.standings.ready();
      return { body: await reviewsOf(s, call, result.name) };
    }),
    handle(postReview, async (call) => {
      const result = found(s, call.params.filename);
      await s.evaluation.standings.ready();
      const reviewer = await prove(s, call);
      refuseOwn(s, result, reviewer, call.body.decision);
      s.limits.inline({ agent: reviewer.handle, hfUser: reviewer.user });
      refuseSecrets(call.body.body, 'the review');
      const { answer } = await s.store.submit(draftOf(s, call, result, reviewer, await knownHandles(s)));
      record(s, call, reviewer.handle, postReview.path, answer.path, { decision: call.body.decision });
      await settled(s, s.evaluation.peers.settle(result.name));
      return { status: 201, body: { ...answer, reviews: await reviewsOf(s, undefined, result.name) } };
    }),
    handle(listReviewers, async () => {
      await s.evaluation.standings.ready();
      return { body: { items: reviewers(s) } };
    }),
    handle(vouch, async (call) => {
      const organizer = await s.auth.organizer(call.credential);
      const handleOf = call.params.agent_id.replace(/:vouch$/, '');
      const user = userOf(s, handleOf);
      const { vouched, reason } = call.body;
      refuseSecrets(reason, 'the reason');
      const path = `${VOUCHES}/${handleOf}.md`;
      await s.store.submit({
        locks: [`vouch:${handleOf}`],
        build: (at) => {
          const head = { hf_user: user, vouched, by: organizer.handle, timestamp: at.minute };
          return { files: { adds: [{ path, content: writeRecord(head, reason) }] }, answer: null };
        },
      });
      record(s, call, organizer.handle, vouch.path, path, { vouched, vouched_for: handleOf });
      await settled(s, s.evaluation.peers.settleAll());
      return { status: 201, body: { agent_id: handleOf, hf_user: user, vouched } };
    }),
  ];
  return s.settings.VERIFICATION_MODE === 'peer' ? bindings : bindings.map(refused);
};

const refused = ({ route }: Binding): Binding => ({
  route,
  run() {
    throw new ApiError('NOT_FOUND', 'reviews are taken in verification mode peer alone', {
      hint: 'GET /v1 lists what this server answers',
    });
  },
});

function found(s: Services, filename: string): Entry {
  const safe = !filename.includes('/') && filename.endsWith('.md');
  const entry = safe ? s.store.get(resultPath(filename)) : null;
  if (entry) return entry;
  throw new ApiError('NOT_FOUND', `no such result: ${printable(filename)}`, {
    hint: 'GET /v1/results lists them',
  });
}

/** What is written stays written: a verdict that cannot be written now is written a little later. */
async function settled(s: Services, verdicts: Promise<void>): Promise<void> {
  await verdicts.catch((error) => s.log('warn', 'reviews_not_settled', { error }));
}

/** The user behind a handle: of an agent by its card, of a person by the handle itself. */
function userOf(s: Services, handleOf: string): string {
  if (isHumanHandle(handleOf)) return handleOf.slice(HUMAN_PREFIX.length);
  const problem = agentIdProblem(handleOf);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const user = s.store.get(agentPath(handleOf))?.frontmatter.hf_user;
  if (typeof user === 'string' && user !== '') return user;
  throw new ApiError('NOT_REGISTERED', `agent not registered: ${handleOf}`);
}

async function prove(s: Services, { body, credential }: Post): Promise<Reviewer> {
  const { agent_id: id, decision } = body;
  if (decision === 'resolve') {
    const { handle: own, name } = await s.auth.organizer(credential);
    if (id === own) return { handle: own, user: name, organizer: true, via: 'dashboard' };
    throw new ApiError('IDENTITY_MISMATCH', 'organizers resolve under their own handle', { hint: own });
  }
  if (!isHumanHandle(id)) {
    const problem = agentIdProblem(id);
    if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
    const { hfUser } = await s.auth.writer(credential, id, { always: true });
    return { handle: id, user: hfUser, organizer: false, via: 'raw' };
  }
  const user = await s.auth.user(credential);
  if (!user.isMember || user.handle !== id)
    throw new ApiError('IDENTITY_MISMATCH', `${printable(id)} is not your handle`, { hint: user.handle });
  return { handle: id, user: user.name, organizer: (await s.auth.role(user)) === 'admin', via: 'dashboard' };
}

/** Nobody judges the work of its own user; an organizer may still settle a block on it. */
function refuseOwn(s: Services, result: Entry, { user }: Reviewer, decision: string): void {
  const author = s.store.get(agentPath(result.author))?.frontmatter.hf_user;
  if (decision === 'resolve' || String(author).toLowerCase() !== user.toLowerCase()) return;
  throw new ApiError('IDENTITY_MISMATCH', 'this result is of the same user as the reviewer', {
    hint: 'GET /v1/queue lists results that wait for reviews of others',
  });
}

interface Answer {
  filename: string;
  path: string;
}

function draftOf(
  s: Services,
  call: Post,
  result: Entry,
  reviewer: Reviewer,
  exists: (handle: string) => boolean,
): Draft<Answer> {
  const folder = () => s.store.folder(reviewFolder(result.name));
  const { body, decision, resolves } = call.body;
  const { handle: author } = reviewer;
  return {
    locks: [`review:${result.name}`, ...idempotencyLock(author, call.idempotency)],
    build(at) {
      const before = earlier(folder(), author, call.idempotency);
      if (before) return { files: null, answer: { filename: before.name, path: before.path } };
      if (resolves !== undefined) refuseUnlessBlock(folder().entries(), resolves);
      const filename = recordName(at.file, author);
      const common = { agent: author, timestamp: at.minute, via: reviewer.via };
      const head: Frontmatter = {
        ...{ result: result.name, decision },
        ...(resolves !== undefined && { resolves }),
        ...common,
        hf_user: reviewer.user,
        ...(reviewer.organizer && { organizer: true }),
        ...(call.idempotency !== null && { idempotency: call.idempotency }),
      };
      const path = reviewPath(result.name, filename);
      const told = { type: 'review', refs: [result.name], ...common };
      const content = writeRecord(told, `**${TITLES[decision]}** of \`${result.name}\`\n\n${body}`);
      const to = recipients(
        { author, mentions: s.profile.mentions(body), refs: told.refs },
        exists,
        s.settings.MENTION_FANOUT_CAP,
      );
      const copies = to.map((each) => inboxPath(each, filename));
      const board = [messagePath(filename), ...copies].map((each) => ({ path: each, content }));
      const adds = [{ path, content: writeRecord(head, body) }, ...board];
      return { files: { adds, soft: copies }, answer: { filename, path } };
    },
  };
}

const TITLES = {
  approve: 'APPROVAL',
  block: 'BLOCKING REVIEW',
  withdraw: 'REVIEW WITHDRAWN',
  resolve: 'BLOCK RESOLVED',
};

function refuseUnlessBlock(reviews: readonly Entry[], name: string): void {
  if (reviews.some((entry) => entry.name === name && entry.frontmatter.decision === 'block')) return;
  throw new ApiError('NOT_FOUND', `no blocking review of this result: ${printable(name)}`);
}

async function reviewsOf(s: Services, asker: Asker | undefined, result: string) {
  const { weighed, approvals, blocking, needed, contested } = s.evaluation.peers.of(result);
  const entries = s.store.folder(reviewFolder(result)).entries();
  const shown = weighed.slice(-s.settings.EXPAND_MAX_LIMIT);
  const wanted = new Set(shown.map(({ name }) => name));
  const texts = await s.store.read(
    entries.filter(({ name }) => wanted.has(name)),
    asker,
  );
  const bodies = new Map(texts.map((text) => [text.name, text]));
  return {
    filename: result,
    verification: s.evaluation.standings.state(result),
    approvals: approvals.length,
    approvals_needed: needed,
    blocking: blocking.map(({ name }) => name),
    contested,
    items: shown.map(({ name, handle: agent, user, decision, resolves, stands, counts, note, ring }) => ({
      ...{ filename: name, agent, hf_user: user, decision, resolves, stands, counts, note, ring },
      body: bodies.get(name)?.body ?? '',
      timestamp: String(bodies.get(name)?.frontmatter.timestamp ?? ''),
      ...untrusted(s),
    })),
  };
}

function reviewers(s: Services) {
  const { vouched, contributors } = s.evaluation.peers.trust();
  const handles = s.store.folder(VOUCHES).entries();
  const vouchedFor = (user: string) =>
    handles
      .filter(({ frontmatter: f }) => f.vouched === true && String(f.hf_user).toLowerCase() === user)
      .map(({ name }) => name.replace(/\.md$/, ''));
  const item = (hf_user: string, why: 'vouched' | 'contribution') => {
    return { hf_user, why, vouched_for: vouchedFor(hf_user) };
  };
  const others = [...contributors].filter((user) => !vouched.has(user));
  return [
    ...[...vouched].sort().map((user) => item(user, 'vouched')),
    ...others.sort().map((user) => item(user, 'contribution')),
  ];
}

function record(
  s: Services,
  call: Call,
  who: string,
  route: string,
  target: string,
  extra: Record<string, unknown>,
): void {
  s.audit.record(call, {
    ...{ agent_id: who, route, via: null, source: null, target_path: target, bytes: 0, status_code: 201 },
    ...extra,
  });
}

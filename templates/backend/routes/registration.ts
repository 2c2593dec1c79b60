/** Registration: who asks, whose the scratch bucket is, the card and its key. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem, isReservedAgentId, lookOf, passesForSomebody } from '@collab/contract/identity.ts';
import { agentPath, HANDSHAKE, scratchBucket } from '@collab/contract/paths.ts';
import { challengeRegistration, register } from '@collab/contract/routes/agents.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { isoStamp } from '@collab/contract/stamps.ts';
import { HubError, type HubErrorKind } from '@collab/hub/port.ts';
import type { HfUser } from '../auth/types.ts';
import { sha256 } from '../auth/whoami.ts';
import { writeRecord } from '../codec/frontmatter.ts';
import { createNonces, type Nonces } from '../domain/handshake.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';
import { serialised } from '../store/private.ts';
import type { Draft, Entry } from '../store/types.ts';

type Registration = Call<typeof register>;

export const routes: RouteModule = (s) => {
  const nonces = createNonces(s.settings.HF_TOKEN, s.now);
  // Card and key change together: of two calls with `force` the later one's key is the good one.
  const alone = serialised();
  return [
    handle(challengeRegistration, async (call) => ({ body: await challenge(s, nonces, call) })),
    handle(register, async (call) => {
      checkId(s, call.body.agent_id);
      // Nobody unknown stands in the line of a name.
      if (!isCompat(s)) await s.auth.user(call.credential);
      return alone(call.body.agent_id, async () => ({
        status: 201,
        body: await registerAgent(s, nonces, call),
      }));
    }),
  ];
};

const bucketOf = (s: Services, agent: string) => scratchBucket(s.settings.ORG, s.settings.COLLAB_SLUG, agent);

function checkId(s: Services, agent: string): void {
  const problem = agentIdProblem(agent);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const own = [s.settings.CENTRAL_BUCKET, s.settings.AUDIT_BUCKET]
    .filter((b) => b.startsWith(`${s.settings.ORG}/`))
    .map((b) => b.slice(s.settings.ORG.length + 1));
  const { rules } = s.evaluation;
  // Whoever held the verifier's name could speak verdicts.
  const passing = !rules.compat && (lookOf(agent) === lookOf(rules.verifier) || passesForSomebody(agent));
  if (passing || isReservedAgentId(agent, s.settings.COLLAB_SLUG, own))
    throw new ApiError('INVALID_PATH', `agent_id is reserved: ${agent}`, { hint: 'pick another name' });
}

const isCompat = ({ settings }: Services) => settings.REGISTRATION === 'compat';

/** A member of the org; in the compat profile anybody with a token, as in the reference. */
async function caller(s: Services, call: Pick<Call, 'credential'>): Promise<HfUser> {
  const user = await s.auth.user(call.credential);
  s.limits.registration(user.name);
  if (user.isMember || isCompat(s)) return user;
  throw new ApiError('IDENTITY_MISMATCH', `${user.name} is not a member of ${s.settings.ORG}`, {
    hint: s.settings.INVITE_URL ? `join at ${s.settings.INVITE_URL}` : `ask an admin of ${s.settings.ORG}`,
  });
}

async function challenge(s: Services, nonces: Nonces, call: Call<typeof challengeRegistration>) {
  const { agent_id } = call.body;
  checkId(s, agent_id);
  const user = await caller(s, call);
  refuseTaken(s, agent_id, user, true);
  const { nonce, expiresAt } = nonces.issue(user.name, agent_id);
  const bucket = bucketOf(s, agent_id);
  return {
    agent_id,
    agent_bucket: bucket,
    nonce,
    file: HANDSHAKE,
    expires_at: isoStamp(expiresAt),
    command: `printf %s '${nonce}' | hf buckets cp - hf://buckets/${bucket}/${HANDSHAKE}`,
  };
}

/** The card as it stands; refuses another user's, and without `force` the own one. */
function refuseTaken(s: Services, agent: string, user: HfUser, force: boolean): Entry | null {
  const card = s.store.get(agentPath(agent));
  if (!card) return refuseLookAlike(s, agent, user);
  if (!isOf(card.frontmatter, user))
    throw new ApiError('IDENTITY_MISMATCH', `${agent} is registered to another hf_user`, {
      hint: 'pick a different agent_id',
    });
  if (!force)
    throw new ApiError('AGENT_ID_TAKEN', `you registered ${agent} before`, {
      hint: 'pass "force": true to replace the card and get a new key',
    });
  return card;
}

/** Of two names that look the same the second must be the same user's. */
function refuseLookAlike(s: Services, agent: string, user: HfUser): null {
  if (s.profile.compat) return null;
  const look = lookOf(agent);
  const other = s.store
    .folder('agents')
    .entries()
    .find(({ name, frontmatter }) => lookOf(name.slice(0, -3)) === look && !isOf(frontmatter, user));
  if (!other) return null;
  throw new ApiError(
    'IDENTITY_MISMATCH',
    `${agent} looks like ${other.name.slice(0, -3)}, another user's agent`,
    {
      hint: 'pick a different agent_id',
    },
  );
}

const isOf = (head: Frontmatter, user: HfUser) =>
  String(head.hf_user ?? '').toLowerCase() === user.name.toLowerCase();

async function registerAgent(s: Services, nonces: Nonces, call: Registration) {
  const { agent_id } = call.body;
  const { user, proof } = await (isCompat(s) ? admitCompat(s, nonces, call) : admit(s, nonces, call));
  const bio = await readBio(s, call);
  refuseSecrets(
    `${bio}\n${JSON.stringify([call.body.model, call.body.harness, call.body.tools])}`,
    'the card',
  );
  const { answer, at } = await s.store.submit(cardDraft(s, call, user, proof, bio));
  const agent_key = await s.keys.issue(agent_id, user.name, at.iso).catch((cause: unknown) => {
    throw new ApiError('HUB_UNAVAILABLE', 'registered, but the key could not be stored', {
      hint: 'register again with "force": true to get a key',
      cause,
    });
  });
  s.audit.record(call, {
    agent_id,
    route: register.path,
    via: null,
    source: call.body.bio_source ?? null,
    target_path: agentPath(agent_id),
    bytes: answer.bytes,
    status_code: 201,
    hf_user: user.name,
  });
  return {
    filename: `${agent_id}.md`,
    agent_bucket: bucketOf(s, agent_id),
    hf_user: user.name,
    agent_key,
    joined: answer.joined,
  };
}

interface Admitted {
  user: HfUser;
  /** What to remember of the handshake. */
  proof: string | null;
}

async function admit(s: Services, nonces: Nonces, call: Registration): Promise<Admitted> {
  const user = await caller(s, call);
  if (!earlierRegistration(s, call, user)) refuseTaken(s, call.body.agent_id, user, call.body.force);
  const exists = await bucketExists(s, call);
  return { user, proof: await proveBucket(s, nonces, call, user, exists) };
}

/** The reference's order of refusals: limit, bucket, token, handshake, name. Membership is not asked for. */
async function admitCompat(s: Services, nonces: Nonces, call: Registration): Promise<Admitted> {
  s.limits.registration(call.body.agent_id);
  const exists = await bucketExists(s, call);
  const user = await s.auth.user(call.credential);
  const proof = await proveBucket(s, nonces, call, user, exists);
  if (!earlierRegistration(s, call, user)) refuseTaken(s, call.body.agent_id, user, call.body.force);
  return { user, proof };
}

/** Whether the scratch bucket is there. BUCKET_MISSING when it must be. */
async function bucketExists(s: Services, { body }: Registration): Promise<boolean> {
  const bucket = bucketOf(s, body.agent_id);
  const info = await s.hub.bucketInfo(bucket).catch(hubFailure('say whether the scratch bucket exists'));
  if (info !== null || body.provision) return info !== null;
  const command = `run: hf buckets create ${bucket}`;
  throw new ApiError('BUCKET_MISSING', `the scratch bucket ${bucket} does not exist`, {
    hint: isCompat(s) ? command : `${command} (or register with "provision": true and a write token)`,
  });
}

/** The same request again after a timeout: the card is there, the key was lost on the way. */
function earlierRegistration(s: Services, call: Registration, user: HfUser): boolean {
  const head = s.store.get(agentPath(call.body.agent_id))?.frontmatter;
  return call.idempotency !== null && head?.idempotency === call.idempotency && head.hf_user === user.name;
}

/**
 * Makes sure that the caller controls the scratch bucket.
 * @returns what to remember of the handshake: the hash of the nonce, or `null` for the username.
 */
async function proveBucket(
  s: Services,
  nonces: Nonces,
  call: Registration,
  user: HfUser,
  exists: boolean,
): Promise<string | null> {
  const bucket = bucketOf(s, call.body.agent_id);
  if (call.body.provision) await provision(s, nonces, call, user, exists);
  const bytes = await s.hub
    .readFile(bucket, HANDSHAKE, { maxBytes: 4096 })
    .catch(hubFailure('read the handshake'));
  const text = bytes === null ? null : new TextDecoder().decode(bytes).trim();
  if (text !== null && nonces.valid(text, user.name, call.body.agent_id)) return sha256(text);
  // The proof of an earlier registration of the same user stays good: force then needs no new nonce.
  const card = s.store.get(agentPath(call.body.agent_id));
  if (text !== null && card?.frontmatter.handshake === sha256(text) && card.frontmatter.hf_user === user.name)
    return sha256(text);
  if (text !== null && text === user.name && isCompat(s)) return null;
  const hint = isCompat(s)
    ? `run: printf %s '${user.name}' | hf buckets cp - hf://buckets/${bucket}/${HANDSHAKE}`
    : 'POST /v1/agents/register:challenge gives the nonce and the command';
  throw new ApiError(
    'BUCKET_NOT_OWNED_BY_CALLER',
    text === null
      ? `${HANDSHAKE} is missing in ${bucket}`
      : `${HANDSHAKE} in ${bucket} is not the proof asked for`,
    { hint },
  );
}

/** Makes bucket and handshake as the caller. The token serves these calls and is gone with the request. */
async function provision(
  s: Services,
  nonces: Nonces,
  call: Registration,
  user: HfUser,
  exists: boolean,
): Promise<void> {
  const token = call.credential.bearer as string;
  const bucket = bucketOf(s, call.body.agent_id);
  const failed = refusedOr503(bucket);
  if (!exists) {
    const central = await s.hub.bucketInfo(s.settings.CENTRAL_BUCKET).catch(failed);
    await s.hub
      .createBucket(bucket, { private: central?.private ?? false }, token)
      .catch((error) => (isKind(error, 'conflict') ? null : failed(error)));
  }
  const { nonce } = nonces.issue(user.name, call.body.agent_id);
  const write = { adds: [{ path: HANDSHAKE, content: nonce }] };
  const answer = await s.hub.write(bucket, write, token).catch(failed);
  if (answer.failed[0]) failed(new Error(answer.failed[0].error));
}

const isKind = (error: unknown, ...kinds: HubErrorKind[]) =>
  error instanceof HubError && kinds.includes(error.kind);

/** What the Hub refuses is the caller's to mend; what it did not answer is nobody's fault and may be tried again. */
function refusedOr503(bucket: string): (cause: unknown) => never {
  return (cause) => {
    if (!isKind(cause, 'unauthorized', 'forbidden', 'payment', 'invalid'))
      hubFailure(`make ${bucket}`)(cause);
    throw new ApiError('BUCKET_NOT_OWNED_BY_CALLER', `your token may not write ${bucket}`, {
      hint: 'send a token with write access to the org, or make bucket and handshake yourself',
      cause,
    });
  };
}

async function readBio(s: Services, { body }: Registration): Promise<string> {
  if (body.bio_source === undefined) return body.bio ?? '';
  const source = s.sources.resolve(body.bio_source);
  if (source.agent !== body.agent_id)
    throw new ApiError('BUCKET_NOT_OWNED_BY_CALLER', 'bio_source must lie in the own scratch bucket');
  const { text } = await s.sources.text(source);
  return s.profile.parse(text).body;
}

function cardDraft(
  s: Services,
  call: Registration,
  user: HfUser,
  handshake: string | null,
  bio: string,
): Draft<{ joined: string; bytes: number }> {
  const { agent_id, model, harness, tools, force } = call.body;
  return {
    locks: [`agent:${agent_id}`, `look:${lookOf(agent_id)}`],
    build(at) {
      const before = earlierRegistration(s, call, user)
        ? s.store.get(agentPath(agent_id))
        : refuseTaken(s, agent_id, user, force);
      const since = s.profile.compat ? undefined : before?.frontmatter.joined;
      const joined = typeof since === 'string' ? since : at.minute;
      const head: Frontmatter = {
        agent_name: agent_id,
        agent_model: model,
        agent_harness: harness,
        agent_tools: tools,
        hf_user: user.name,
        agent_bucket: bucketOf(s, agent_id),
        joined,
        ...(handshake !== null && { handshake }),
        ...(call.idempotency !== null && { idempotency: call.idempotency }),
      };
      const content = writeRecord(head, bio.trim());
      return {
        files: { adds: [{ path: agentPath(agent_id), content }] },
        answer: { joined, bytes: Buffer.byteLength(content) },
      };
    },
  };
}

/** Registration: who asks, whose the scratch bucket is, the card and its key. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentPath, HANDSHAKE } from '@collab/contract/paths.ts';
import { challengeRegistration, register } from '@collab/contract/routes/agents.ts';
import { isoStamp } from '@collab/contract/stamps.ts';
import type { HfUser } from '../auth/types.ts';
import { createNonces, type Nonces } from '../domain/handshake.ts';
import { refuseSecrets } from '../domain/secrets.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { serialised } from '../store/private.ts';
import { bucketExists, bucketOf, isCompat, proveBucket } from './registration-bucket.ts';
import { cardDraft, earlierRegistration, readBio } from './registration-card.ts';
import { checkId, refuseTaken } from './registration-name.ts';

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

/** The scratch bucket: that it is there, and that the caller controls it. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentPath, HANDSHAKE, scratchBucket } from '@collab/contract/paths.ts';
import type { register } from '@collab/contract/routes/agents.ts';
import { HubError, type HubErrorKind } from '@collab/hub/port.ts';
import type { HfUser } from '../auth/types.ts';
import { sha256 } from '../auth/whoami.ts';
import type { Nonces } from '../domain/handshake.ts';
import type { Call } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';

type Registration = Call<typeof register>;

export const isCompat = ({ settings }: Services) => settings.REGISTRATION === 'compat';

export const bucketOf = (s: Services, agent: string) =>
  scratchBucket(s.settings.ORG, s.settings.COLLAB_SLUG, agent);

/** Whether the scratch bucket is there. BUCKET_MISSING when it must be. */
export async function bucketExists(s: Services, { body }: Registration): Promise<boolean> {
  const bucket = bucketOf(s, body.agent_id);
  const info = await s.hub.bucketInfo(bucket).catch(hubFailure('say whether the scratch bucket exists'));
  if (info !== null || body.provision) return info !== null;
  const command = `run: hf buckets create ${bucket}`;
  throw new ApiError('BUCKET_MISSING', `the scratch bucket ${bucket} does not exist`, {
    hint: isCompat(s) ? command : `${command} (or register with "provision": true and a write token)`,
  });
}

/**
 * Makes sure that the caller controls the scratch bucket.
 * @returns what to remember of the handshake: the hash of the nonce, or `null` for the username.
 */
export async function proveBucket(
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

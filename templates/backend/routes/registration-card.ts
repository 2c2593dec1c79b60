/** An agent's card. */
import { ApiError } from '@collab/contract/errors.ts';
import { lookOf } from '@collab/contract/identity.ts';
import { agentPath } from '@collab/contract/paths.ts';
import type { register } from '@collab/contract/routes/agents.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import type { HfUser } from '../auth/types.ts';
import { writeRecord } from '../codec/frontmatter.ts';
import type { Call } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Draft } from '../store/types.ts';
import { bucketOf } from './registration-bucket.ts';
import { refuseTaken } from './registration-name.ts';

type Registration = Call<typeof register>;

/** The same request again after a timeout: the card is there, the key was lost on the way. */
export function earlierRegistration(s: Services, call: Registration, user: HfUser): boolean {
  const head = s.store.get(agentPath(call.body.agent_id))?.frontmatter;
  return call.idempotency !== null && head?.idempotency === call.idempotency && head.hf_user === user.name;
}

export async function readBio(s: Services, { body }: Registration): Promise<string> {
  if (body.bio_source === undefined) return body.bio ?? '';
  const source = s.sources.resolve(body.bio_source);
  if (source.agent !== body.agent_id)
    throw new ApiError('BUCKET_NOT_OWNED_BY_CALLER', 'bio_source must lie in the own scratch bucket');
  const { text } = await s.sources.text(source);
  return s.profile.parse(text).body;
}

export function cardDraft(
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

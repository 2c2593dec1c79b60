/** Where a trace goes: to the server and bucket that `join` left here, or to those named as for `share_trace.py`. */
import { agentIdProblem } from '@collab/contract/identity.ts';
import { scratchBucket } from '@collab/contract/paths.ts';
import { type Api, openApi } from '../api.ts';
import { findProfile, hfToken, hubEndpoint, type Profile } from '../credentials.ts';
import { ClientError } from '../errors.ts';
import { type Session, session, text, type VerbContext } from '../verb.ts';

const NAMES = ['org', 'slug', 'backend'] as const;

type Named = Partial<Record<(typeof NAMES)[number], string>> & { agentId: string };

/** @throws ClientError NOT_JOINED, WHICH_AGENT, BAD_FLAG */
export async function targetOf(context: VerbContext): Promise<Session> {
  const given = NAMES.some((name) => text(context, name) !== undefined);
  const found = given ? null : await session(context).catch((error: unknown) => unjoined(context, error));
  return found ?? named(context, wanted(context));
}

/** Who never joined from here may have said everything in the environment. */
function unjoined({ io: { env } }: VerbContext, error: unknown): null {
  const isUnjoined = error instanceof ClientError && error.code === 'NOT_JOINED';
  if (isUnjoined && env.COLLAB_BACKEND) return null;
  throw error;
}

function wanted(context: VerbContext): Named {
  const { env } = context.io;
  const agentId = text(context, 'agent-id') ?? env.AGENT_ID;
  const problem = agentId === undefined ? null : agentIdProblem(agentId);
  if (agentId === undefined || problem)
    throw new ClientError('BAD_FLAG', problem?.message ?? 'Name the agent: --agent-id.');
  return {
    agentId,
    org: text(context, 'org') ?? env.ORG,
    slug: text(context, 'slug') ?? env.COLLAB_SLUG,
    backend: text(context, 'backend') ?? text(context, 'api') ?? env.COLLAB_BACKEND ?? env.COLLAB_API,
  };
}

async function named({ io }: VerbContext, { agentId, org, slug, backend }: Named): Promise<Session> {
  if (!backend && !(org && slug)) throw new ClientError('BAD_FLAG', 'Name --backend, or --org and --slug.');
  const api = backend ? openApi(io, backend) : nowhere;
  const about = org && slug ? {} : await api.call<{ org?: string; collab?: string }>('/v1');
  const [inOrg, ofSlug] = [org ?? about.org, slug ?? about.collab];
  if (!inOrg || !ofSlug)
    throw new ClientError('BAD_FLAG', `${api.base} does not say its org and slug: name --org and --slug.`);
  const kept = backend ? await findProfile(io, { agentId, api: api.base }).catch(() => null) : null;
  const profile: Profile = {
    api: api.base,
    agent_id: agentId,
    agent_bucket: scratchBucket(inOrg, ofSlug, agentId),
    // Without a key the user's own token proves as much.
    agent_key: kept?.agent_key ?? (await hfToken(io)),
    hf_user: kept?.hf_user ?? '',
    hub: hubEndpoint(io.env),
    joined_at: kept?.joined_at ?? '',
  };
  return { api, profile };
}

/** Enough for who only uploads. */
const nowhere: Api = {
  base: '',
  call: () => Promise.reject(new ClientError('BAD_FLAG', 'Name the server: --backend (or --upload-only).')),
};

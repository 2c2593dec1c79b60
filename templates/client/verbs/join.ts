import { agentIdProblem } from '@collab/contract/identity.ts';
import type { agentRoutes } from '@collab/contract/routes/agents.ts';
import type { metaRoutes } from '@collab/contract/routes/meta.ts';
import { type Api, openApi } from '../api.ts';
import { findProfile, hfToken, hubEndpoint, type Profile, saveProfile } from '../credentials.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf, BodyOf } from '../records.ts';
import { oneLine } from '../untrusted.ts';
import { flag, text, type Verb, type VerbContext } from '../verb.ts';

type Registered = AnswerOf<typeof agentRoutes.register>;

function wanted(context: VerbContext): { apiUrl: string; agentId: string } {
  const apiUrl = text(context, 'api') ?? context.io.env.COLLAB_API;
  const agentId = text(context, 'agent-id') ?? context.io.env.AGENT_ID;
  if (!apiUrl || !agentId)
    throw new ClientError('BAD_FLAG', 'join needs --api and --agent-id.', {
      next: [{ command: 'node collab.mjs join --api https://… --agent-id my-agent', why: 'names both' }],
    });
  const problem = agentIdProblem(agentId);
  if (problem)
    throw new ClientError('BAD_AGENT_ID', problem.message, {
      hint: 'a-z, 0-9 and dashes inside, at most 40 characters',
      next: [
        {
          command: `node collab.mjs join --api <api url> --agent-id ${fit(agentId)}`,
          why: 'a name that fits',
        },
      ],
    });
  return { apiUrl, agentId };
}

/** The nearest name that fits. */
const fit = (name: string) => {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  return plain.replace(/^-+|-+$/g, '') || 'my-agent';
};

/** The profile of an earlier join that the server still knows, so that joining twice is harmless. */
async function earlier(context: VerbContext, api: Api, agentId: string): Promise<Profile | null> {
  const profile = await findProfile(context.io, { agentId, api: api.base }).catch(() => null);
  if (!profile) return null;
  const known = await api
    .call<{ hf_user: string; agent_bucket: string }>(`/v1/agents/${agentId}`)
    .catch((error) => {
      if (error instanceof ClientError && error.code === 'NOT_REGISTERED') return null;
      throw error;
    });
  return known?.hf_user === profile.hf_user && known.agent_bucket === profile.agent_bucket ? profile : null;
}

async function register(
  context: VerbContext,
  api: Api,
  agentId: string,
  bearer: string,
): Promise<Registered> {
  const tools = text(context, 'tools')
    ?.split(',')
    .map((t) => t.trim())
    .filter(Boolean);
  const bio = text(context, 'bio');
  const body: BodyOf<typeof agentRoutes.register> = {
    agent_id: agentId,
    model: text(context, 'model') ?? context.io.env.COLLAB_MODEL ?? 'unknown',
    harness: text(context, 'harness') ?? harnessOf(context.io.env),
    tools: tools ?? [],
    force: flag(context, 'force'),
    provision: !flag(context, 'no-provision'),
    ...(bio ? { bio } : {}),
  };
  return api.call<Registered>('/v1/agents/register', {
    method: 'POST',
    body,
    bearer,
  });
}

/** The harness that runs us, as it announces itself. */
function harnessOf(env: Record<string, string | undefined>): string {
  if (env.AI_AGENT) return env.AI_AGENT;
  if (env.CLAUDECODE) return 'claude-code';
  if (env.CODEX_SANDBOX || env.CODEX_THREAD_ID) return 'codex';
  if (env.GEMINI_CLI) return 'gemini-cli';
  if (env.OPENCODE) return 'opencode';
  return 'unknown';
}

type About = Pick<AnswerOf<typeof metaRoutes.describe>, 'central_bucket'>;

function printed(profile: Profile, file: string, already: boolean, about: About) {
  const { agent_key: _key, ...shown } = profile;
  const text = [
    `${already ? 'Already joined' : 'Joined'} as ${profile.agent_id} (${profile.hf_user}).`,
    `Your bucket: hf://buckets/${profile.agent_bucket}`,
    ...(file ? [`Key kept in ${file}; it is never shown.`] : []),
    `Next: read ${profile.hub}/buckets/${oneLine(about.central_bucket)}/resolve/README.md, then node collab.mjs digest`,
  ];
  return { data: { ...shown, already, profile_file: file || null }, text: text.join('\n') };
}

export const join: Verb = {
  args: '',
  summary: 'register with a collaboration and keep the agent key',
  options: {
    model: { type: 'string' },
    harness: { type: 'string' },
    tools: { type: 'string' },
    bio: { type: 'string' },
    force: { type: 'boolean' },
    'no-provision': { type: 'boolean' },
  },
  docs: {
    model: 'model that drives the agent',
    harness: 'program the agent runs in (found out when it announces itself)',
    tools: 'what it can use, separated by commas',
    bio: 'a few words about it',
    force: 'the agent is yours already: renew card and key',
    'no-provision': 'bucket and handshake are already there; do not make them',
  },
  async run(context) {
    const { apiUrl, agentId } = wanted(context);
    const api = openApi(context.io, apiUrl);
    const before = flag(context, 'force') ? null : await earlier(context, api, agentId);
    const bearer = before ? '' : await hfToken(context.io);
    const about = await api.call<About>('/v1');
    if (before) return printed(before, '', true, about);
    const answer = await register(context, api, agentId, bearer);
    const profile: Profile = {
      api: api.base,
      agent_id: agentId,
      agent_key: answer.agent_key,
      agent_bucket: answer.agent_bucket,
      hf_user: answer.hf_user,
      hub: hubEndpoint(context.io.env),
      joined_at: new Date(context.io.now()).toISOString(),
    };
    return printed(profile, await saveProfile(context.io, profile), false, about);
  },
};

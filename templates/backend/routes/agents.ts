/** The register: list and read cards. */
import { ApiError } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { agentPath } from '@collab/contract/paths.ts';
import { type AgentInfo, getAgent, listAgents } from '@collab/contract/routes/agents.ts';
import { listPage } from '../domain/list.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Entry, StoredRecord } from '../store/types.ts';
import { search, untrusted } from './records.ts';

export const routes: RouteModule = (s) => [
  handle(listAgents, async (call) => ({ body: await list(s, call) })),
  handle(getAgent, async (call) => ({ body: await one(s, call) })),
];

const text = (value: unknown) =>
  value === undefined || value === null || typeof value === 'object' ? '' : String(value);

/** A card as the API shows it. Missing fields are empty. */
function agentInfoOf(s: Services, record: StoredRecord): AgentInfo {
  const head = record.frontmatter;
  return {
    agent_id: record.name.replace(/\.md$/, ''),
    hf_user: text(head.hf_user),
    model: text(head.agent_model),
    harness: text(head.agent_harness),
    tools: Array.isArray(head.agent_tools) ? head.agent_tools.map(text) : [],
    agent_bucket: text(head.agent_bucket),
    joined: text(head.joined),
    bio: record.body.trim() || null,
    ...untrusted(s),
  };
}

async function list(s: Services, call: Call<typeof listAgents>) {
  const { hf_user, model, harness, q, ...query } = call.query;
  const view = s.store.folder('agents');
  const hits = q ? await search(s, call, view.entries(), q) : null;
  const only = (e: Entry) =>
    (hits?.has(e) ?? true) &&
    (model === undefined || text(e.frontmatter.agent_model) === model) &&
    (harness === undefined || text(e.frontmatter.agent_harness) === harness);
  const { items, ...rest } = listPage(
    view,
    { ...query, order: query.order ?? 'asc' },
    {
      where: { hf_user },
      only: hits || model !== undefined || harness !== undefined ? only : undefined,
      defaultLimit: null,
      maxExpanded: s.settings.EXPAND_MAX_LIMIT,
    },
  );
  const shown = query.expand
    ? (await s.store.read(items, call)).map((card) => agentInfoOf(s, card))
    : items.map((e) => e.name);
  return { ...rest, items: shown, ...(s.store.stale && { stale: true }) };
}

async function one(s: Services, call: Call<typeof getAgent>): Promise<AgentInfo> {
  const agent = call.params.agent_id;
  const problem = agentIdProblem(agent);
  if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
  const card = await s.store.look(agentPath(agent));
  if (!card)
    throw new ApiError('NOT_REGISTERED', `agent not registered: ${agent}`, {
      hint: 'register first via POST /v1/agents/register',
    });
  const [record] = await s.store.read([card], call);
  return agentInfoOf(s, record as StoredRecord);
}

import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { flag, limit, order, untrusted } from '../schemas.ts';

const agentInfo = z.object({
  agent_id: z.string(),
  hf_user: z.string(),
  model: z.string(),
  harness: z.string(),
  tools: z.array(z.string()),
  agent_bucket: z.string(),
  joined: z.string(),
  bio: z.string().nullable(),
  untrusted,
});
export type AgentInfo = z.infer<typeof agentInfo>;

const agent_id = z.string().max(256);

export const challengeRegistration = defineRoute({
  name: 'agents.challenge',
  method: 'POST',
  path: '/v1/agents/register:challenge',
  auth: 'user',
  parity: 'new',
  body: z.object({ agent_id }),
  response: z.object({
    agent_id: z.string(),
    agent_bucket: z.string(),
    nonce: z.string(),
    file: z.string().describe('Write the nonce into this file of the scratch bucket.'),
    expires_at: z.string(),
    command: z.string().describe('A shell command that does it.'),
  }),
  errors: ['INVALID_PATH', 'UNAUTHORIZED', 'IDENTITY_MISMATCH', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Ask for the nonce that proves control of the scratch bucket.',
});

export const register = defineRoute({
  name: 'agents.register',
  method: 'POST',
  path: '/v1/agents/register',
  auth: 'user',
  parity: 'deviation',
  body: z.object({
    agent_id,
    model: z.string().max(200),
    harness: z.string().max(200),
    tools: z.array(z.string().max(200)).max(100).default([]),
    bio: z.string().max(16_384).optional().describe('Markdown about the agent.'),
    bio_source: z.string().max(1024).optional().describe('hf:// URI of a markdown file instead of `bio`.'),
    force: z.boolean().default(false).describe('Replace the own card and rotate the key.'),
    provision: z
      .boolean()
      .default(false)
      .describe('With a write token: make bucket and handshake as the caller, in this request.'),
  }),
  response: z.object({
    filename: z.string(),
    agent_bucket: z.string(),
    hf_user: z.string(),
    agent_key: z.string().describe('Shown once. Send it as `Authorization: Bearer` with every write.'),
    joined: z.string(),
  }),
  statuses: [201],
  errors: [
    'INVALID_PATH',
    'INVALID_FRONTMATTER',
    'SOURCE_NOT_FOUND',
    'INVALID_SOURCE',
    'TOO_LARGE',
    'UNAUTHORIZED',
    'BUCKET_NOT_OWNED_BY_CALLER',
    'IDENTITY_MISMATCH',
    'AGENT_ID_TAKEN',
    'BUCKET_MISSING',
    'INVALID_REQUEST',
    'RATE_LIMITED',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'Register an agent: proves the user and the scratch bucket, answers with the agent key.',
});

export const listAgents = defineRoute({
  name: 'agents.list',
  method: 'GET',
  path: '/v1/agents',
  query: z.object({
    hf_user: z.string().max(128).optional(),
    model: z.string().max(200).optional(),
    harness: z.string().max(200).optional(),
    q: z.string().max(256).optional(),
    expand: flag.optional(),
    limit: limit.optional(),
    order: order.optional().describe('Default: asc.'),
    after: z.string().max(256).optional(),
    before: z.string().max(256).optional(),
  }),
  response: z.object({
    count: z.number().int(),
    matched: z.number().int(),
    items: z.array(z.union([z.string(), agentInfo])),
    next: z.string().nullable(),
    cursor: z.string().nullable(),
    stale: z.boolean().optional(),
  }),
  errors: ['INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Registered agents.',
});

export const getAgent = defineRoute({
  name: 'agents.get',
  method: 'GET',
  path: '/v1/agents/{agent_id}',
  params: z.object({ agent_id: z.string() }),
  response: agentInfo,
  errors: ['INVALID_PATH', 'NOT_REGISTERED', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One agent.',
});

export const agentRoutes = { challengeRegistration, register, listAgents, getAgent };

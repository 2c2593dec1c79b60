import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { flag, frontmatter, limit, order, untrusted } from '../schemas.ts';

const count = z.number().nullable();

const traceItem = z.object({
  agent: z.string(),
  session_id: z.string(),
  harness: z.string().nullable(),
  model: z.string().nullable(),
  share: z.string().nullable(),
  completeness: z.string().nullable(),
  promoted_at: z.string().nullable(),
  started_at: z.string().nullable(),
  total_tokens: count,
  tool_calls: count,
  result_ref: z.string().nullable(),
  summary_excerpt: z.string().nullable(),
  path: z.string(),
  primary_log_file: z.string().nullable(),
});

export const postTrace = defineRoute({
  name: 'traces.post',
  method: 'POST',
  path: '/v1/traces',
  auth: 'agent',
  parity: 'deviation',
  body: z.object({
    source: z.string().max(1024).describe('hf://buckets/{org}/{bucket}/traces/{session}'),
    share: z.enum(['stats', 'full']).default('stats').describe('full also copies the log, as it is.'),
  }),
  response: z.object({
    session_id: z.string(),
    agent: z.string(),
    share: z.enum(['stats', 'full']),
    path: z.string(),
    files_copied: z.number().int(),
    bytes_copied: z.number().int(),
    completeness: z.enum(['full', 'partial']),
  }),
  statuses: [201],
  errors: [
    'INVALID_PATH',
    'INVALID_FRONTMATTER',
    'INVALID_SOURCE',
    'SECRET_IN_TEXT',
    'UNAUTHORIZED',
    'IDENTITY_MISMATCH',
    'NOT_REGISTERED',
    'TOO_LARGE',
    'SYNC_TOO_LARGE',
    'INVALID_REQUEST',
    'RATE_LIMITED',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'Share what a session cost; with share=full also its log. Going back to stats takes the log away.',
});

export const listTraces = defineRoute({
  name: 'traces.list',
  method: 'GET',
  path: '/v1/traces',
  query: z.object({
    agent: z.string().max(128).optional(),
    harness: z.string().max(200).optional(),
    model: z.string().max(200).optional(),
    share: z.string().max(16).optional(),
    q: z.string().max(256).optional(),
    expand: flag.optional(),
    limit: limit.optional(),
    order: order.optional(),
    after: z.string().max(512).optional(),
    before: z.string().max(512).optional(),
  }),
  response: z.object({
    count: z.number().int(),
    matched: z.number().int(),
    items: z.array(z.union([z.string(), traceItem])),
    next: z.string().nullable(),
    cursor: z.string().nullable(),
    stale: z.boolean().optional(),
  }),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Shared sessions, newest first; with `after`, oldest first.',
});

export const getTrace = defineRoute({
  name: 'traces.get',
  method: 'GET',
  path: '/v1/traces/{agent}/{session}',
  params: z.object({ agent: z.string(), session: z.string() }),
  response: z.object({
    agent: z.string(),
    session_id: z.string(),
    frontmatter,
    body: z.string(),
    path: z.string(),
    log_files: z.array(z.string()),
    untrusted,
  }),
  errors: ['NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One shared session.',
});

const sums = z.record(z.string(), z.number());

export const stats = defineRoute({
  name: 'stats.get',
  method: 'GET',
  path: '/v1/stats',
  response: z.object({
    tokens: z.object({
      total: z.number(),
      input: z.number(),
      output: z.number(),
      cache_read: z.number(),
      cache_creation: z.number(),
      reasoning: z.number(),
    }),
    cost_usd: z.number().nullable(),
    sessions_counted: z.number().int(),
    sessions_missing_tokens: z.number().int(),
    agents_reporting: z.number().int(),
    by_model: sums,
    by_agent: sums,
    by_day: sums,
    generated_at: z.string(),
    stale: z.boolean().optional(),
  }),
  errors: ['HUB_UNAVAILABLE'],
  doc: 'Tokens and cost of all shared sessions, as their authors report them.',
});

export const traceRoutes = { postTrace, listTraces, getTrace, stats };

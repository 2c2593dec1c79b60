import { z } from 'zod';
import { defineRoute } from '../route.ts';
import {
  flag,
  frontmatter,
  gateOutcome,
  json,
  limit,
  listOf,
  listQuery,
  record,
  verdictState,
  verificationState,
} from '../schemas.ts';

const filename = z.object({ filename: z.string() });

export const resultRecord = record.extend({ verification: verificationState });

export const postResult = defineRoute({
  name: 'results.post',
  method: 'POST',
  path: '/v1/results',
  auth: 'agent',
  parity: 'deviation',
  body: z
    .object({
      source: z
        .string()
        .max(1024)
        .optional()
        .describe('hf:// URI of a markdown file in the own scratch bucket.'),
      agent_id: z.string().max(256).optional(),
      body: z.string().optional().describe('The whole file, or its text when `frontmatter` is given.'),
      frontmatter: frontmatter.optional(),
    })
    .refine((b) => (b.source !== undefined) !== (b.agent_id !== undefined && b.body !== undefined), {
      message: 'give either `source`, or `agent_id` and `body`',
    })
    .refine((b) => b.source === undefined || (b.agent_id === undefined && b.frontmatter === undefined), {
      message: '`source` does not go together with `agent_id` or `frontmatter`',
    }),
  response: z.object({
    filename: z.string(),
    via: z.enum(['bucket', 'raw']),
    path: z.string(),
    verification: verificationState,
    submission_snapshot: z
      .string()
      .nullable()
      .describe('Immutable copy that is verified; null: no submission was found.'),
    warnings: z.array(z.string()),
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
    'SOURCE_NOT_FOUND',
    'ALREADY_PROMOTED',
    'IDEMPOTENCY_MISMATCH',
    'TOO_LARGE',
    'SYNC_TOO_LARGE',
    'INVALID_REQUEST',
    'RATE_LIMITED',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'Post a result; its submission is copied by hash to an immutable snapshot, and only that is verified.',
});

export const listResults = defineRoute({
  name: 'results.list',
  method: 'GET',
  path: '/v1/results',
  query: z.object({
    ...listQuery.shape,
    status: z.string().max(64).optional(),
    verification: z.string().max(128).optional().describe('Comma-separated states.'),
  }),
  response: listOf(resultRecord),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'HUB_UNAVAILABLE'],
  doc: 'Results, newest first, each with its verification state.',
});

export const getResult = defineRoute({
  name: 'results.get',
  method: 'GET',
  path: '/v1/results/{filename}',
  params: filename,
  response: resultRecord,
  errors: ['NOT_FOUND', 'HUB_UNAVAILABLE'],
  doc: 'One result.',
});

const verdict = z.object({
  filename: z.string(),
  verification: verificationState,
  reason: z.string().nullable(),
  score: z.number().nullable().describe('Mean over verification runs.'),
  ci95: z.tuple([z.number(), z.number()]).nullable(),
  claimed: z.number().nullable(),
  gates: z.array(gateOutcome),
  divisions: z.record(z.string(), verificationState),
  submission_snapshot: z.string().nullable(),
  submission_sha256: z.string().nullable(),
  appealed: z.boolean(),
  runs: z.array(
    z.object({
      job_id: z.string().optional(),
      score: z.number(),
      sd: z.number().nullish(),
      passes: z.number(),
    }),
  ),
  history: z.array(
    z.object({
      state: verificationState,
      kind: z.enum(['human', 'machine', 'owner']),
      by: z.string(),
      at: z.string(),
      reason: z.string(),
      evidence: z.string().nullable(),
    }),
  ),
});

export const getVerdict = defineRoute({
  name: 'results.verdict',
  method: 'GET',
  path: '/v1/results/{filename}/verdict',
  params: filename,
  parity: 'new',
  response: verdict,
  errors: ['NOT_FOUND', 'HUB_UNAVAILABLE'],
  doc: 'Everything that was judged about a result: state, reason, gates, runs, history.',
});

export const postVerdict = defineRoute({
  name: 'results.judge',
  method: 'POST',
  path: '/v1/results/{filename}/verdict',
  params: filename,
  auth: 'organizer',
  parity: 'new',
  body: z.object({
    state: verdictState,
    reason: z.string().min(1).max(4000),
    evaluator: z
      .boolean()
      .default(false)
      .describe('True: an evaluator program says so; a person may still overrule it.'),
    score: z.number().optional().describe('What the evaluator measured.'),
    gates: z.array(gateOutcome).max(64).default([]),
  }),
  response: verdict,
  statuses: [201],
  errors: [
    'UNAUTHORIZED',
    'NOT_ORGANIZER',
    'NOT_FOUND',
    'INVALID_REQUEST',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: "An organizer's verdict. A person's verdict always wins over the machine's; `pending` hands the result back.",
});

export const appealResult = defineRoute({
  name: 'results.appeal',
  method: 'POST',
  path: '/v1/results/{filename}:appeal',
  params: filename,
  auth: 'agent-always',
  parity: 'new',
  body: z.object({ text: z.string().min(1).max(4000) }),
  response: verdict,
  statuses: [201],
  errors: [
    'UNAUTHORIZED',
    'IDENTITY_MISMATCH',
    'NOT_FOUND',
    'INVALID_REQUEST',
    'SECRET_IN_TEXT',
    'RATE_LIMITED',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'The owner asks the organizers for another look at a judged result.',
});

export const rejudgeResults = defineRoute({
  name: 'results.rejudge',
  method: 'POST',
  path: '/v1/results:rejudge',
  auth: 'organizer',
  parity: 'new',
  body: z.object({ apply: z.boolean().default(false).describe('False: only says what would change.') }),
  response: z.object({
    considered: z.number().int(),
    applied: z.boolean(),
    changes: z.array(
      z.object({ filename: z.string(), from: verificationState, to: verificationState, reason: z.string() }),
    ),
  }),
  errors: [
    'UNAUTHORIZED',
    'NOT_ORGANIZER',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'Judge again what the machine judged, from stored evidence and by the present gates. Runs nothing.',
});

const rank = z.number().int().nullish();

/** From `claimed` on: profile default alone. */
const row = z.looseObject({
  rank: z.number().int().nullable().describe('Numbered for valid rows alone (profile compat: for all).'),
  agent: z.string(),
  hf_user: z.string().nullable(),
  score: z.number(),
  score_exact: z.string().optional(),
  method: json,
  verification: verificationState,
  filename: z.string(),
  timestamp: json,
  description: json,
  provisional_rank: rank,
  secondary: json.optional(),
  claimed: z.number().nullish(),
  measured: z.number().nullish().describe('Mean over our own runs.'),
  ci95: z.tuple([z.number(), z.number()]).nullish(),
  rank_low: rank,
  rank_high: rank,
  verified_runs: z.number().int().optional(),
  submission_sha256: z.string().nullish(),
  gates: z.array(gateOutcome).nullish(),
  overclaim: z.boolean().optional().describe('The claim lies outside what we measured.'),
  pending_best: z
    .object({
      filename: z.string(),
      score: z.number(),
      provisional_rank: z.number().int(),
      verification: verificationState,
    })
    .nullish()
    .describe('A better claim of the same group that is not judged yet.'),
});

export const leaderboard = defineRoute({
  name: 'leaderboard.get',
  method: 'GET',
  path: '/v1/leaderboard',
  parity: 'deviation',
  query: z.object({
    best_per_agent: flag.optional().describe('Default: true.'),
    verification: z.string().max(128).optional().describe('Comma-separated states; default valid,pending.'),
    agent: z.string().max(128).optional(),
    limit: limit.optional(),
    division: z.string().max(64).optional(),
    group_by: z.enum(['agent', 'user']).optional(),
    at: z.string().max(64).optional().describe('The board as it stood then.'),
  }),
  response: z.object({
    score_field: z.string(),
    order: z.enum(['asc', 'desc']),
    division: z.string(),
    rows: z.array(row),
    meta: z.object({
      generated_at: z.string(),
      results_considered: z.number().int(),
      excluded: z.record(z.string(), z.number().int()),
    }),
    stale: z.boolean().optional(),
  }),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'HUB_UNAVAILABLE'],
  doc: 'The ranking: what we measured places valid rows; the others stand where their claim would.',
});

export const queue = defineRoute({
  name: 'queue.get',
  method: 'GET',
  path: '/v1/queue',
  parity: 'new',
  response: z.object({
    mode: z.string(),
    items: z.array(
      z.object({
        filename: z.string(),
        agent: z.string(),
        hf_user: z.string().nullable(),
        state: verificationState,
        position: z.number().int().describe('0: it is running.'),
        reason: z.string(),
        eta: z.string().nullable(),
        eta_seconds: z.number().nullable(),
        price_usd: z.number().nullable(),
        score: z.number().nullable().describe('Claimed.'),
      }),
    ),
    spend: z.object({
      usd: z.number(),
      budget_usd: z.number().nullable(),
      verification_usd: z.number(),
      verification_budget_usd: z.number().nullable(),
      runs: z.number().int().describe('Verification runs of the last 24 hours.'),
    }),
    generated_at: z.string(),
  }),
  errors: ['HUB_UNAVAILABLE', 'QUOTA_BACKEND_UNAVAILABLE'],
  doc: 'Results that wait for verification: position, reason, time and price.',
});

export const resultRoutes = {
  postResult,
  listResults,
  getResult,
  getVerdict,
  postVerdict,
  appealResult,
  rejudgeResults,
  leaderboard,
  queue,
};

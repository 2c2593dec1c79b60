/** The ranking, and the queue of results that wait for a place on it. */
import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { flag, gateOutcome, json, limit, verificationState } from '../schemas.ts';

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
  query: z.object({
    limit: limit.optional(),
    after: z.coerce.number().int().min(0).optional().describe('How many items were seen already.'),
  }),
  response: z.object({
    mode: z.string(),
    matched: z.number().int().describe('All that run and wait.'),
    next: z.number().int().nullable().describe('Value of `after` for the next page; null: this is the last.'),
    evaluator_seen_at: z
      .string()
      .nullable()
      .describe('Mode eval-space: when the evaluator last asked; null: not since the server started.'),
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
  errors: ['INVALID_QUERY', 'HUB_UNAVAILABLE', 'QUOTA_BACKEND_UNAVAILABLE'],
  doc: 'Results that wait for verification: position, reason, time and price.',
});

export const leaderboardRoutes = { leaderboard, queue };

import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { json, record } from '../schemas.ts';
import { leaderboard } from './leaderboard.ts';
import { resultRecord } from './results.ts';

export const digest = defineRoute({
  name: 'digest.get',
  method: 'GET',
  path: '/v1/digest',
  query: z.object({
    as: z.string().max(128).optional().describe('Handle whose inbox is shown.'),
    since: z.string().max(64).optional().describe('Filters messages, results and inbox.'),
  }),
  response: z.object({
    agents: z.object({ count: z.number().int(), newest: z.array(z.string()) }),
    taskforces: z.object({ count: z.number().int(), newest: z.array(z.string()) }),
    leaderboard: leaderboard.response?.shape.rows ?? z.array(json),
    recent_messages: z.array(record),
    recent_results: z.array(resultRecord),
    inbox: z.object({ count: z.number().int(), items: z.array(record) }).nullable(),
    stats: z
      .object({
        total_tokens: z.number(),
        sessions_counted: z.number().int(),
        agents_reporting: z.number().int(),
      })
      .nullable(),
    generated_at: z.string(),
    stale: z.boolean().optional(),
  }),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'NOT_REGISTERED', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'What is going on, in one call: board, newest messages and results, the own inbox.',
});

export const digestRoutes = { digest };

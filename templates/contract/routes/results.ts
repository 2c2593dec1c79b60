import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { frontmatter, listOf, listQuery, record, shownState, verificationState } from '../schemas.ts';

const filename = z.object({ filename: z.string() });

export const resultRecord = record.extend({ verification: shownState });

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
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Results, newest first, each with its verification state.',
});

export const getResult = defineRoute({
  name: 'results.get',
  method: 'GET',
  path: '/v1/results/{filename}',
  params: filename,
  response: resultRecord,
  errors: ['NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One result.',
});

export const resultRoutes = { postResult, listResults, getResult };

import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const listFiles = defineRoute({
  name: 'files.list',
  method: 'GET',
  path: '/v1/files',
  query: z.object({
    prefix: z
      .string()
      .max(900)
      .describe('A folder below artifacts/, submissions/ or shared_resources/ of the central bucket.'),
  }),
  parity: 'new',
  response: z.object({
    prefix: z.string(),
    count: z.number().int(),
    items: z
      .array(z.object({ path: z.string(), size: z.number().int() }))
      .describe('The first 500, by path.'),
  }),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'TOO_LARGE', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Files that belong to results: artifacts, snapshots of submissions, shared resources.',
});

export const getFile = defineRoute({
  name: 'files.get',
  method: 'GET',
  path: '/v1/files/{path*}',
  params: z.object({ path: z.string() }),
  parity: 'new',
  response: null,
  errors: ['INVALID_PATH', 'NOT_FOUND', 'TOO_LARGE', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One of them, up to 1 MiB: plain text, or a download. Never a page.',
});

export const fileRoutes = { listFiles, getFile };

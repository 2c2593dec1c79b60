/** What the runs behind a result printed, and who may read it. */
import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const listLogs = defineRoute({
  name: 'logs.list',
  method: 'GET',
  path: '/v1/results/{filename}/logs',
  params: z.object({ filename: z.string() }),
  auth: 'optional',
  parity: 'new',
  response: z.object({
    filename: z.string(),
    items: z
      .array(
        z.object({
          run: z.string(),
          kind: z.enum(['benchmark', 'verification']),
          bytes: z.number().int(),
        }),
      )
      .describe('Those the caller may read.'),
    hidden: z.number().int().describe('Logs of verification runs that the caller may not read.'),
  }),
  errors: ['NOT_FOUND', 'RATE_LIMITED', 'ORGANIZER_CHECK_UNAVAILABLE', 'HUB_UNAVAILABLE'],
  doc: 'Logs of the runs behind a result. What a run printed that saw private data is for organizers alone.',
});

export const getLog = defineRoute({
  name: 'logs.get',
  method: 'GET',
  path: '/v1/results/{filename}/logs/{run}',
  params: z.object({ filename: z.string(), run: z.string().max(64) }),
  auth: 'optional',
  parity: 'new',
  response: null,
  errors: [
    'UNAUTHORIZED',
    'NOT_ORGANIZER',
    'NOT_FOUND',
    'TOO_LARGE',
    'RATE_LIMITED',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
  ],
  doc: 'The end of one of them, as plain text. Benchmarks: anyone; verification: organizers, and the author where no private data was mounted.',
});

export const logRoutes = { listLogs, getLog };

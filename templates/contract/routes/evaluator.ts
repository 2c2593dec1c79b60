/** What an evaluator outside the server asks for and reports: it runs, the server judges. */
import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { verificationState } from '../schemas.ts';

/** Header an evaluator shows its key in: `Authorization` belongs to the proxy in front of a private Space. */
export const EVALUATOR_HEADER = 'X-Evaluator-Key';
export const EVALUATOR_KEY_PREFIX = 'ccek_';

const run = z.object({ run: z.string() });

const file = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/)
  .describe('Name of a file in the state folder.');

const LEASE_ERRORS = [
  'UNAUTHORIZED',
  'LEASE_LOST',
  'INVALID_REQUEST',
  'HUB_UNAVAILABLE',
  'QUOTA_BACKEND_UNAVAILABLE',
] as const;

export const claimRun = defineRoute({
  name: 'evaluator.claim',
  method: 'POST',
  path: '/v1/queue:claim',
  auth: 'evaluator',
  parity: 'new',
  body: z.object({
    evaluator: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      .describe('Name of this evaluator process: what it held before is taken back when it asks anew.'),
  }),
  response: z.object({
    run: z
      .object({
        id: z.string(),
        result: z.string(),
        command: z.array(z.string()).describe('As a job runs it: paths are those of the volumes.'),
        volumes: z.array(
          z.object({ source: z.string(), path: z.string(), mountPath: z.string(), readOnly: z.boolean() }),
        ),
        timeout_s: z.number(),
        expires_at: z.string().describe('The lease ends then, unless it is renewed.'),
        renew_every_s: z.number(),
      })
      .nullable()
      .describe('null: nothing waits.'),
  }),
  errors: [
    'UNAUTHORIZED',
    'INVALID_REQUEST',
    'HUB_UNAVAILABLE',
    'QUOTA_BACKEND_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'An evaluator takes the next result of the queue, as a lease that it has to renew.',
});

export const renewRun = defineRoute({
  name: 'evaluator.renew',
  method: 'POST',
  path: '/v1/queue/runs/{run}:renew',
  params: run,
  auth: 'evaluator',
  parity: 'new',
  response: z.object({ expires_at: z.string() }),
  errors: [...LEASE_ERRORS],
  doc: 'The evaluator is still at it.',
});

export const releaseRun = defineRoute({
  name: 'evaluator.release',
  method: 'POST',
  path: '/v1/queue/runs/{run}:release',
  params: run,
  auth: 'evaluator',
  parity: 'new',
  response: z.object({ released: z.literal(true) }),
  errors: [...LEASE_ERRORS],
  doc: 'The evaluator stops and gives the result back; nothing is counted.',
});

export const endRun = defineRoute({
  name: 'evaluator.end',
  method: 'POST',
  path: '/v1/queue/runs/{run}:end',
  params: run,
  auth: 'evaluator',
  parity: 'new',
  body: z.object({
    exit_code: z
      .number()
      .int()
      .min(-255)
      .max(255)
      .optional()
      .describe('Of the harness; absent: it never ran or was ended.'),
    timed_out: z.boolean().default(false),
    message: z.string().max(2000).default('').describe('What the evaluator has to say about the end.'),
    seconds: z.number().min(0).max(1e7),
    logs: z.array(z.string().max(20_000)).max(5000).default([]),
    files: z
      .record(file, z.base64())
      .default({})
      .refine((files) => Object.keys(files).length <= 64, { message: 'at most 64 files' })
      .describe('What the harness wrote into /state, base64; summary.json among it.'),
  }),
  response: z.object({
    filename: z.string(),
    verification: verificationState,
    reason: z.string().nullable(),
  }),
  errors: [...LEASE_ERRORS, 'TOO_LARGE', 'WRITE_UNSETTLED'],
  doc: 'How the run ended, with its evidence. The server judges the gates, as after a job.',
});

export const evaluatorRoutes = { claimRun, renewRun, releaseRun, endRun };

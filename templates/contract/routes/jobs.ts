import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const runJob = defineRoute({
  name: 'jobs.run',
  method: 'POST',
  path: '/v1/jobs:run',
  auth: 'agent-always',
  parity: 'deviation',
  when: 'JOBS_ENABLED',
  body: z.object({
    agent_id: z.string().max(256),
    submission_prefix: z.string().max(1024).describe('Folder of the own scratch bucket.'),
    run_prefix: z.string().max(1024).describe('Folder of the own scratch bucket for what the run writes.'),
  }),
  response: z.object({
    agent_id: z.string(),
    hf_user: z.string(),
    submission_bucket: z.string(),
    submission_prefix: z.string(),
    run_bucket: z.string(),
    run_prefix: z.string(),
    job_id: z.string(),
    job_url: z.string(),
    status: z.literal('launched'),
    timeout_minutes: z.number().int(),
    status_file: z.string(),
    logs_file: z.string(),
    quota: z.object({ agent_remaining: z.number().int(), user_remaining: z.number().int() }),
    message: z.string(),
  }),
  statuses: [202],
  errors: [
    'INVALID_PATH',
    'UNAUTHORIZED',
    'BUDGET_SPENT',
    'BUCKET_NOT_OWNED_BY_CALLER',
    'IDENTITY_MISMATCH',
    'NOT_REGISTERED',
    'SOURCE_NOT_FOUND',
    'JOBS_DISABLED',
    'IDEMPOTENCY_MISMATCH',
    'INVALID_REQUEST',
    'RATE_LIMITED',
    'JOB_LAUNCH_FAILED',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
    'QUOTA_BACKEND_UNAVAILABLE',
  ],
  doc: 'Run the benchmark on a submission of the own scratch bucket, on the organization’s account.',
});

export const jobRoutes = { runJob };

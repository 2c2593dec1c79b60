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
    'SYNC_TOO_LARGE',
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

const job = z.object({
  run_id: z.string(),
  job_id: z.string().nullable(),
  job_url: z.string().nullable(),
  kind: z.enum(['benchmark', 'verification']),
  agent: z.string(),
  state: z.enum(['reserved', 'launched', 'settled', 'released']).describe('settled: it has ended.'),
  reserved_at: z.string(),
  launched_at: z.string().nullable(),
  usd: z.number().describe('Cost; the most it can cost until it has ended.'),
  target: z.record(z.string(), z.string()),
});

export const listJobs = defineRoute({
  name: 'jobs.list',
  method: 'GET',
  path: '/v1/jobs',
  parity: 'new',
  when: 'JOBS_ENABLED',
  query: z.object({ agent: z.string().max(128).optional() }),
  response: z.object({ count: z.number().int(), items: z.array(job) }),
  errors: ['INVALID_PATH', 'JOBS_DISABLED', 'QUOTA_BACKEND_UNAVAILABLE'],
  doc: 'Jobs of the last 24 hours and those still open, newest first.',
});

export const cancelJob = defineRoute({
  name: 'jobs.cancel',
  method: 'POST',
  path: '/v1/jobs/{job_id}:cancel',
  params: z.object({ job_id: z.string().max(256) }),
  auth: 'agent-always',
  parity: 'new',
  when: 'JOBS_ENABLED',
  response: job,
  statuses: [202],
  errors: [
    'UNAUTHORIZED',
    'IDENTITY_MISMATCH',
    'NOT_FOUND',
    'JOBS_DISABLED',
    'HUB_UNAVAILABLE',
    'QUOTA_BACKEND_UNAVAILABLE',
  ],
  doc: 'Stop an own benchmark. The run stays counted; only the time it took is billed.',
});

export const jobRoutes = { runJob, listJobs, cancelJob };

/** What was judged about a result, and who may say so. */
import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { gateOutcome, verdictState, verificationState } from '../schemas.ts';

const filename = z.object({ filename: z.string() });

const runReport = z.object({
  run: z.string().describe('Name of its log, where the caller may read it.'),
  job_id: z.string().nullable(),
  score: z.number().nullable(),
  sd: z.number().nullable(),
  passes: z.number().int().nullable(),
  gates: z.array(gateOutcome),
  facts: z.array(z.object({ name: z.string(), value: z.string() })),
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
      fresh: z
        .boolean()
        .optional()
        .describe('Launched for its rank, after it was valid: it is ranked by these alone.'),
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
      run: runReport.nullable().describe('What the run behind a verdict of the machine says of itself.'),
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

export const verdictRoutes = { getVerdict, postVerdict, appealResult, rejudgeResults };

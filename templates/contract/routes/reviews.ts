/** Verification by peers: reviews of results, and who may give ones that count. Served in verification mode `peer`. */
import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { untrusted, verificationState } from '../schemas.ts';

const filename = z.object({ filename: z.string() });

/** `approve` and `block` judge; `withdraw` takes the own one back; `resolve` is an organizer's word on a block. */
export const reviewDecision = z.enum(['approve', 'block', 'withdraw', 'resolve']);
export type ReviewDecision = z.infer<typeof reviewDecision>;

/** Characters that findings have at least: a bare "looks good" is no review. */
export const MIN_FINDINGS = 40;

const reviewItem = z.object({
  filename: z.string(),
  agent: z.string().describe('Agent id, or `human-…`.'),
  hf_user: z.string(),
  decision: reviewDecision,
  resolves: z.string().nullable().describe('The blocking review an organizer settled.'),
  body: z.string(),
  timestamp: z.string(),
  stands: z.boolean().describe('The last word of its user on this result, not withdrawn, not resolved.'),
  counts: z.boolean().describe('It stands, and its user may give reviews that count.'),
  note: z.string().describe('Why it counts, or why not.'),
  ring: z
    .array(z.string())
    .describe("Users, from the author to the reviewer, each of whom approved the next one's work."),
  untrusted,
});

const reviews = z.object({
  filename: z.string(),
  verification: verificationState,
  approvals: z.number().int().describe('Standing approvals that count, one per user.'),
  approvals_needed: z.number().int(),
  blocking: z
    .array(z.string())
    .describe('Blocking reviews that count: each has to be withdrawn or resolved.'),
  contested: z.boolean().describe('A blocking review came after the result was found valid.'),
  items: z.array(reviewItem),
});

export const listReviews = defineRoute({
  name: 'reviews.list',
  method: 'GET',
  path: '/v1/results/{filename}/reviews',
  params: filename,
  parity: 'new',
  when: 'peer',
  response: reviews,
  errors: ['NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'In mode peer: the reviews of a result, which of them count and why, and what is still missing.',
});

export const postReview = defineRoute({
  name: 'reviews.post',
  method: 'POST',
  path: '/v1/results/{filename}/reviews',
  params: filename,
  auth: 'agent-always',
  parity: 'new',
  when: 'peer',
  body: z
    .object({
      agent_id: z.string().max(256).describe('Who reviews: an agent, or the own `human-…` handle.'),
      decision: reviewDecision,
      body: z.string().trim().min(1).max(65_536).describe('Findings: what was checked, how, what came out.'),
      resolves: z.string().max(256).optional().describe('With `resolve`: file name of the blocking review.'),
    })
    .refine((b) => (b.decision !== 'approve' && b.decision !== 'block') || b.body.length >= MIN_FINDINGS, {
      path: ['body'],
      message: `say what you checked and what you found, in ${MIN_FINDINGS} characters at least`,
    })
    .refine((b) => (b.decision === 'resolve') === (b.resolves !== undefined), {
      path: ['resolves'],
      message: 'goes with the decision `resolve`, and with no other',
    }),
  response: z.object({ filename: z.string(), path: z.string(), reviews }),
  statuses: [201],
  errors: [
    'INVALID_PATH',
    'UNAUTHORIZED',
    'IDENTITY_MISMATCH',
    'NOT_REGISTERED',
    'NOT_ORGANIZER',
    'NOT_FOUND',
    'IDEMPOTENCY_MISMATCH',
    'INVALID_REQUEST',
    'SECRET_IN_TEXT',
    'RATE_LIMITED',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: "In mode peer: review somebody else's result. The server finds it valid when enough reviews agree and none blocks.",
});

export const listReviewers = defineRoute({
  name: 'reviewers.list',
  method: 'GET',
  path: '/v1/reviewers',
  parity: 'new',
  when: 'peer',
  response: z.object({
    items: z.array(
      z.object({
        hf_user: z.string(),
        why: z.enum(['vouched', 'contribution']),
        vouched_for: z.array(z.string()),
      }),
    ),
  }),
  errors: ['HUB_UNAVAILABLE'],
  doc: 'In mode peer: users whose reviews count: vouched for by an organizer, or with a valid result of their own.',
});

export const vouch = defineRoute({
  name: 'agents.vouch',
  method: 'POST',
  path: '/v1/agents/{agent_id}:vouch',
  params: z.object({ agent_id: z.string() }),
  auth: 'organizer',
  parity: 'new',
  when: 'peer',
  body: z.object({
    vouched: z.boolean().default(true).describe('False takes it back.'),
    reason: z.string().trim().min(1).max(2000),
  }),
  response: z.object({ agent_id: z.string(), hf_user: z.string(), vouched: z.boolean() }),
  statuses: [201],
  errors: [
    'INVALID_PATH',
    'UNAUTHORIZED',
    'NOT_ORGANIZER',
    'NOT_REGISTERED',
    'INVALID_REQUEST',
    'SECRET_IN_TEXT',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: "In mode peer: an organizer vouches for the user behind an agent or `human-…` handle; that user's reviews count.",
});

export const reviewRoutes = { listReviews, postReview, listReviewers, vouch };

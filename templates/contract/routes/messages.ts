import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { listOf, listQuery, page, record } from '../schemas.ts';

const refs = z.union([z.string().max(4096), z.array(z.string().max(256)).max(64)]);

export const postMessage = defineRoute({
  name: 'messages.post',
  method: 'POST',
  path: '/v1/messages',
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
      body: z.string().optional().describe('Markdown, up to MESSAGE_MAX_BYTES.'),
      type: z.string().max(64).optional(),
      refs: refs.optional().describe('File names this answers, `[,\\s]`-separated or a list.'),
      thread: z.string().max(256).optional(),
      lane: z.string().max(64).optional(),
      tags: z.array(z.string().max(64)).max(16).optional(),
      summary: z.string().max(280).optional(),
      broadcast: z.boolean().default(false),
    })
    .refine((b) => (b.source !== undefined) !== (b.agent_id !== undefined && b.body !== undefined), {
      message: 'give either `source`, or `agent_id` and `body`',
    })
    .refine((b) => b.source === undefined || (b.agent_id === undefined && b.body === undefined), {
      message: '`source` does not go together with `agent_id` or `body`',
    }),
  response: z.object({
    filename: z.string(),
    via: z.enum(['bucket', 'raw', 'dashboard']),
    path: z.string(),
    mentions_delivered: z.array(z.string()),
    broadcast: z.boolean(),
    dropped_keys: z.array(z.string()).optional().describe('Frontmatter keys outside the allowlist.'),
    pending: z.array(z.string()).optional().describe('Inbox copies still being retried.'),
  }),
  statuses: [201],
  errors: [
    'INVALID_PATH',
    'INVALID_FRONTMATTER',
    'INVALID_SOURCE',
    'SECRET_IN_TEXT',
    'UNAUTHORIZED',
    'IDENTITY_MISMATCH',
    'NOT_ORGANIZER',
    'NOT_REGISTERED',
    'SOURCE_NOT_FOUND',
    'ALREADY_PROMOTED',
    'IDEMPOTENCY_MISMATCH',
    'TOO_LARGE',
    'INVALID_REQUEST',
    'RATE_LIMITED',
    'ORGANIZER_CHECK_UNAVAILABLE',
    'HUB_UNAVAILABLE',
    'WRITE_UNSETTLED',
  ],
  doc: 'Post to the board; mentions reach inboxes in the same write. Organizers may broadcast.',
});

export const listMessages = defineRoute({
  name: 'messages.list',
  method: 'GET',
  path: '/v1/messages',
  query: z.object({
    ...listQuery.shape,
    type: z.string().max(64).optional(),
    via: z.string().max(64).optional(),
  }),
  response: listOf(record),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Messages of the board, newest first; with `after`, oldest first.',
});

export const getMessage = defineRoute({
  name: 'messages.get',
  method: 'GET',
  path: '/v1/messages/{filename}',
  params: z.object({ filename: z.string() }),
  response: record,
  errors: ['NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One message.',
});

export const inbox = defineRoute({
  name: 'inbox.list',
  method: 'GET',
  path: '/v1/inbox/{handle}',
  params: z.object({ handle: z.string() }),
  query: listMessages.query,
  response: listOf(record),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'NOT_REGISTERED', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Messages that mention or answer the handle, and broadcasts.',
});

export const broadcasts = defineRoute({
  name: 'broadcasts.list',
  method: 'GET',
  path: '/v1/broadcasts',
  parity: 'new',
  query: z.object(page),
  response: listOf(record),
  errors: ['INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: "Organizers' broadcasts.",
});

export const messageRoutes = { postMessage, listMessages, getMessage, inbox, broadcasts };

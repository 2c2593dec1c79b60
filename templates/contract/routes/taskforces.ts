import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';
import { defineRoute } from '../route.ts';
import { limit, listOf, listQuery, record } from '../schemas.ts';

const name = z.object({ name: z.string() });
const source = z.string().max(1024).describe('hf:// URI of a file in the own scratch bucket.');
const text = z.string().describe('Markdown, up to MESSAGE_MAX_BYTES.');
const writeErrors: ErrorCode[] = [
  'INVALID_PATH',
  'INVALID_FRONTMATTER',
  'INVALID_SOURCE',
  'SECRET_IN_TEXT',
  'UNAUTHORIZED',
  'IDENTITY_MISMATCH',
  'NOT_REGISTERED',
  'SOURCE_NOT_FOUND',
  'TASKFORCE_NOT_FOUND',
  'ALREADY_PROMOTED',
  'TASKFORCE_EXISTS',
  'IDEMPOTENCY_MISMATCH',
  'TOO_LARGE',
  'INVALID_REQUEST',
  'RATE_LIMITED',
  'HUB_UNAVAILABLE',
  'WRITE_UNSETTLED',
];

const eitherSource = (b: { source?: string; agent_id?: string; body?: string }) =>
  b.source === undefined
    ? b.agent_id !== undefined && b.body !== undefined
    : b.agent_id === undefined && b.body === undefined;
const eitherMessage = { message: 'give either `source`, or `agent_id` and `body`' };

export const postTaskforce = defineRoute({
  name: 'taskforces.post',
  method: 'POST',
  path: '/v1/taskforces',
  auth: 'agent',
  parity: 'deviation',
  body: z
    .object({
      name: z.string().max(256),
      source: source.optional(),
      agent_id: z.string().max(256).optional(),
      body: text.optional(),
    })
    .refine(eitherSource, eitherMessage),
  response: z.object({
    name: z.string(),
    via: z.enum(['bucket', 'raw']),
    path: z.string(),
    created: z.boolean(),
  }),
  statuses: [201, 200],
  errors: writeErrors,
  doc: 'Create a taskforce, or renew the README of an own one.',
});

export const postTaskforceFile = defineRoute({
  name: 'taskforces.post_file',
  method: 'POST',
  path: '/v1/taskforces/{name}/files',
  params: name,
  auth: 'agent',
  parity: 'deviation',
  body: z
    .object({
      source: source.optional(),
      dest_path: z.string().max(900).optional().describe('Named file; the path carries the marker _{agent}.'),
      agent_id: z.string().max(256).optional(),
      body: text.optional(),
      type: z.string().max(64).optional(),
    })
    .refine(eitherSource, eitherMessage)
    .refine((b) => b.dest_path === undefined || (b.source !== undefined && b.type === undefined), {
      message: '`dest_path` goes with `source` alone',
    }),
  response: z.object({
    kind: z.enum(['note', 'file']),
    filename: z.string(),
    via: z.enum(['bucket', 'raw']),
    path: z.string(),
  }),
  statuses: [201],
  errors: writeErrors,
  doc: 'Add a note or a named file to a taskforce.',
});

const summary = z.object({
  name: z.string(),
  creator: z.string(),
  created: z.string(),
  readme_excerpt: z.string(),
  contributors: z.array(z.string()),
  file_count: z.number().int(),
  note_count: z.number().int(),
  last_activity: z.string().nullable(),
});

export const listTaskforces = defineRoute({
  name: 'taskforces.list',
  method: 'GET',
  path: '/v1/taskforces',
  query: z.object({ q: z.string().max(256).optional(), limit: limit.optional() }),
  response: z.object({
    count: z.number().int(),
    matched: z.number().int(),
    items: z.array(summary),
    stale: z.boolean().optional(),
  }),
  errors: ['INVALID_QUERY', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Taskforces, the latest active first.',
});

export const getTaskforce = defineRoute({
  name: 'taskforces.get',
  method: 'GET',
  path: '/v1/taskforces/{name}',
  params: name,
  response: z.object({
    name: z.string(),
    creator: z.string(),
    created: z.string(),
    updated: z.string().nullable(),
    readme: record,
    contributors: z.array(z.string()),
    file_count: z.number().int(),
    note_count: z.number().int(),
    recent_notes: z.array(record),
  }),
  errors: ['INVALID_PATH', 'TASKFORCE_NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'One taskforce.',
});

export const listNotes = defineRoute({
  name: 'taskforces.notes',
  method: 'GET',
  path: '/v1/taskforces/{name}/notes',
  params: name,
  query: z.object({
    ...listQuery.shape,
    type: z.string().max(64).optional(),
    via: z.string().max(64).optional(),
  }),
  response: listOf(record),
  errors: ['INVALID_PATH', 'INVALID_QUERY', 'TASKFORCE_NOT_FOUND', 'RATE_LIMITED', 'HUB_UNAVAILABLE'],
  doc: 'Notes of a taskforce.',
});

export const listTaskforceFiles = defineRoute({
  name: 'taskforces.files',
  method: 'GET',
  path: '/v1/taskforces/{name}/files',
  params: name,
  response: z.object({
    count: z.number().int(),
    items: z.array(z.object({ path: z.string(), size: z.number().int() })),
  }),
  errors: ['INVALID_PATH', 'TASKFORCE_NOT_FOUND', 'HUB_UNAVAILABLE'],
  doc: 'Every file of a taskforce.',
});

export const getTaskforceFile = defineRoute({
  name: 'taskforces.file',
  method: 'GET',
  path: '/v1/taskforces/{name}/files/{path*}',
  params: z.object({ name: z.string(), path: z.string() }),
  parity: 'deviation',
  response: null,
  errors: [
    'INVALID_PATH',
    'TASKFORCE_NOT_FOUND',
    'NOT_FOUND',
    'TOO_LARGE',
    'RATE_LIMITED',
    'HUB_UNAVAILABLE',
  ],
  doc: 'Bytes of one file, never as a page: text/plain, Markdown, or a download.',
});

export const taskforceRoutes = {
  postTaskforce,
  postTaskforceFile,
  listTaskforces,
  getTaskforce,
  listNotes,
  listTaskforceFiles,
  getTaskforceFile,
};

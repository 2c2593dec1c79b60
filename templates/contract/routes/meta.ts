import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { json } from '../schemas.ts';

export const healthz = defineRoute({
  name: 'meta.healthz',
  method: 'GET',
  path: '/v1/healthz',
  query: z.object({
    deep: z.string().max(5).optional().describe('1: also asks the Hub and reports lag and queue.'),
  }),
  response: z.looseObject({ status: z.enum(['ok', 'degraded']) }),
  statuses: [200, 503],
  doc: 'Is the server up.',
});

export const describe = defineRoute({
  name: 'meta.describe',
  method: 'GET',
  path: '/v1',
  response: z.looseObject({
    service: z.literal('bucket-sync'),
    collab: z.string(),
    title: z.string(),
    tagline: z.string(),
    org: z.string(),
    central_bucket: z.string(),
    hub_endpoint: z.string().describe('The Hub this record lives on.'),
    score_field: z.string(),
    score_label: z.string(),
    score_unit: z.string(),
    score_order: z.enum(['asc', 'desc']),
    secondary_field: z.string().nullable(),
    secondary_label: z.string().nullable(),
    gates: z.array(json),
    divisions: z.array(json),
    lanes: z.array(json),
    invite_url: z.string().nullable(),
    write_auth: z.enum(['key', 'open']),
    registration: z.enum(['nonce', 'compat']),
    jobs_enabled: z.boolean(),
    login: z.boolean().describe('True: people can log in at /login.'),
    docs: z.string(),
    conventions: z.record(z.string(), z.string()),
    endpoints: z.array(
      z.object({
        method: z.string(),
        path: z.string(),
        params: z.array(z.string()),
        purpose: z.string(),
        auth: z.string(),
      }),
    ),
  }),
  doc: 'What this challenge is and every endpoint it serves.',
});

export const me = defineRoute({
  name: 'me.get',
  method: 'GET',
  path: '/v1/me',
  auth: 'user',
  response: z.object({
    hf_user: z.string(),
    handle: z.string(),
    is_member: z.boolean(),
    is_organizer: z.boolean(),
  }),
  errors: ['UNAUTHORIZED', 'HUB_UNAVAILABLE'],
  doc: 'Who the bearer token or session belongs to.',
});

export const openapi = defineRoute({
  name: 'meta.openapi',
  method: 'GET',
  path: '/openapi.json',
  response: z.looseObject({ openapi: z.string() }),
  doc: 'This API as an OpenAPI 3.1 document.',
});

export const docs = defineRoute({
  name: 'meta.docs',
  method: 'GET',
  path: '/docs',
  response: null,
  doc: 'The table of routes as a page.',
});

export const metaRoutes = { healthz, describe, openapi, docs, me };

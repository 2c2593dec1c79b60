/** The routes as an OpenAPI 3.1 document. */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from './errors.ts';
import type { AnyRoute, AuthNeed } from './route.ts';

type Schema = Record<string, unknown>;

const schema = (type: z.ZodType, io: 'input' | 'output'): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(type, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as Schema;
  return rest;
};

const ERROR: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', enum: Object.keys(ERRORS) },
        message: { type: 'string' },
        hint: { type: 'string' },
        request_id: { type: 'string' },
        problems: {
          type: 'array',
          items: {
            type: 'object',
            required: ['path', 'problem'],
            properties: { path: { type: 'string' }, problem: { type: 'string' } },
          },
        },
      },
    },
  },
};

const SECURITY: Record<AuthNeed, Schema[]> = {
  none: [],
  optional: [{}, { huggingface: [] }],
  user: [{ huggingface: [] }, { session: [] }],
  agent: [{ agentKey: [] }, { huggingface: [] }, { session: [] }, {}],
  'agent-always': [{ agentKey: [] }, { huggingface: [] }],
  organizer: [{ huggingface: [] }, { session: [] }],
  evaluator: [{ evaluatorKey: [] }],
};

/** @param routes in the order they are shown. */
export function openApi(routes: readonly AnyRoute[], info: { title: string; version?: string }) {
  const paths: Record<string, Schema> = {};
  for (const route of routes) {
    const path = route.path.replace('*}', '}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: info.title, version: info.version ?? '1.0.0' },
    paths,
    components: {
      schemas: { Error: ERROR },
      securitySchemes: {
        agentKey: { type: 'http', scheme: 'bearer', description: 'Key of the agent: ccak_…' },
        huggingface: { type: 'http', scheme: 'bearer', description: 'Hugging Face token: hf_…' },
        evaluatorKey: { type: 'apiKey', in: 'header', name: 'X-Evaluator-Key' },
        session: { type: 'apiKey', in: 'cookie', name: 'collab_session' },
      },
    },
  };
}

function operation(route: AnyRoute): Schema {
  const security = SECURITY[route.auth];
  return {
    operationId: route.name,
    tags: [route.name.split('.')[0]],
    summary: route.doc,
    ...(security.length > 0 && { security }),
    parameters: [
      ...parameters(route.params, 'path'),
      ...parameters(route.query, 'query'),
      ...idempotency(route),
    ],
    ...(route.body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schema(route.body, 'input') } },
      },
    }),
    responses: { ...successes(route), ...failures(route) },
  };
}

function parameters(shape: z.ZodObject, where: 'path' | 'query'): Schema[] {
  const whole = schema(shape, 'output') as { properties?: Record<string, Schema> };
  return Object.entries(whole.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path',
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

const idempotency = (route: AnyRoute): Schema[] =>
  route.method === 'GET'
    ? []
    : [
        {
          name: 'Idempotency-Key',
          in: 'header',
          required: false,
          schema: { type: 'string', maxLength: 256 },
        },
      ];

function successes(route: AnyRoute): Schema {
  const content = route.response
    ? { 'application/json': { schema: schema(route.response, 'output') } }
    : { '*/*': { schema: {} } };
  return Object.fromEntries(route.statuses.map((status) => [status, { description: route.doc, content }]));
}

/** Errors of the route, and those any route can answer with. */
function failures(route: AnyRoute): Schema {
  const everywhere: ErrorCode[] = [
    'INTERNAL',
    ...(route.body ? (['INVALID_REQUEST', 'TOO_LARGE'] as const) : []),
  ];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...route.errors, ...everywhere])) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !route.statuses.includes(status))
      .map(([status, codes]) => [
        status,
        { description: codes.map((c) => `${c}: ${ERRORS[c].doc}`).join(' '), content },
      ]),
  );
}

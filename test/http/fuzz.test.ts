/** Every declared route under hostile input made from its own schemas: no 5xx, one shape of error, no hang. */
import { createHash } from 'node:crypto';
import type { AnyRoute } from '@collab/contract/route.ts';
import { allRoutes } from '@collab/contract/routes/index.ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CENTRAL, startTestServer, type TestServer, USERS } from '../helpers/server.ts';

const EVALUATOR = 'ccek_0123456789abcdef0123456789abcdef';
let server: TestServer;
let key: string;
let names: string[];

beforeAll(async () => {
  server = await startTestServer({
    env: {
      ...{ JOBS_ENABLED: 'true', MESSAGE_MAX_BYTES: '4096', VERIFICATION_MODE: 'peer' },
      EVALUATOR_KEY_SHA256: createHash('sha256').update(EVALUATOR).digest('hex'),
    },
  });
  key = await server.join('agent-1');
  server.hub.seed('test-org/test-agent-1', {
    'a.md': '---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\nx',
    'd/x.txt': 'x',
  });
  server.hub.seed(CENTRAL, {
    'results/20260101-000000-000_agent-1.md': '---\nscore: 1\nstatus: agent-run\n---\nx',
  });
  await server.services.store.refresh();
  const posted = await server.call('POST', '/v1/messages', {
    as: key,
    body: { agent_id: 'agent-1', body: 'x' },
  });
  names = [posted.json.filename, '20260101-000000-000_agent-1.md', 'README.md'];
});
afterAll(() => server.close());

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '.',
    '..',
    '../..',
    '/',
    '//x',
    '%00',
    '\u0000',
    '\n',
    '\r\nSet-Cookie: a=b',
    'a'.repeat(3000),
    '__proto__',
    'constructor',
    '-1',
    '0',
    '1e309',
    'NaN',
    'null',
    'true',
    '99999999999999999999',
    '20260601',
    '9999-12-31T23:59:59Z',
    '0001-01-01T00:00:00+14:00',
    'agent-1',
    'AGENT-1',
    'human-user-one',
    'human-',
    'a.md',
    '---\na: [1\n---\n',
    '---\na: !!binary x\n---',
    '\ud800',
    '💥',
    'hf://buckets/test-org/test-agent-1/a.md',
    'hf://buckets/test-org/test-agent-1/d',
    'hf://buckets/test-org/test-agent-1',
    'hf://buckets/test-org/test-main-bucket/results',
    'hf://buckets/test-admin/test-audit/keys/agent-1.json',
    'hf://buckets/test-org/test-agent-1/../test-agent-2/x',
  ),
);
const junk: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostile },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** Something near what the schema wants: half of the time a value of the right type. */
function near(schema: Record<string, any>): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...(schema.anyOf as Record<string, any>[]).map(near), junk);
  if (schema.enum) return fc.oneof(fc.constantFrom(...schema.enum), junk);
  if (schema.type === 'boolean') return fc.oneof(fc.boolean(), junk);
  if (schema.type === 'integer' || schema.type === 'number') return fc.oneof(fc.integer(), fc.double(), junk);
  if (schema.type === 'array') return fc.oneof(fc.array(near(schema.items ?? {}), { maxLength: 4 }), junk);
  return junk;
}

function object(shape: z.ZodType, io: 'input' | 'output'): fc.Arbitrary<Record<string, unknown>> {
  const json = z.toJSONSchema(shape, { io, unrepresentable: 'any' }) as {
    properties?: Record<string, Record<string, any>>;
  };
  const parts = Object.entries(json.properties ?? {}).map(([name, s]) => [name, near(s)] as const);
  return fc.record(Object.fromEntries(parts), { requiredKeys: [] });
}

interface Request {
  path: string;
  query: Record<string, unknown>;
  body: unknown;
  as: string | undefined;
  headers: Record<string, string>;
}

function request(route: AnyRoute): fc.Arbitrary<Request> {
  const params = Object.keys(route.params.shape);
  const segment = fc.oneof(
    hostile,
    fc.constant('agent-1'),
    fc.nat(2).map((n) => names[n] as string),
  );
  return fc.record({
    path: fc
      .array(segment, { minLength: params.length, maxLength: params.length })
      .map((values) => fill(route.path, values)),
    query: fc.oneof(
      object(route.query, 'output'),
      fc.dictionary(fc.string({ maxLength: 10 }), junk, { maxKeys: 3 }),
    ),
    body: fc.oneof<fc.MaybeWeightedArbitrary<unknown>[]>(
      { weight: 5, arbitrary: route.body ? object(route.body, 'input') : fc.constant({}) },
      { weight: 1, arbitrary: fc.jsonValue() },
    ),
    as: fc.constantFrom(undefined, 'KEY', 'KEY', ...USERS.map((u) => u.token), 'ccak_x', 'hf_x'),
    headers: fc.constantFrom<Record<string, string>[]>(
      {},
      { 'X-Evaluator-Key': EVALUATOR },
      { 'Idempotency-Key': 'k' },
      { 'Idempotency-Key': 'x'.repeat(300) },
      { 'X-Forwarded-For': 'evil, 1.2.3.4' },
      { 'Content-Type': 'text/plain' },
    ),
  });
}

function fill(path: string, values: string[]): string {
  let i = 0;
  return path.replace(/\{\w+\*?\}/g, () => encodeURIComponent((values[i++] ?? 'x').toWellFormed()) || 'x');
}

const runs = Number(process.env.COLLAB_RUNS ?? 40);

describe('fuzz', () => {
  it.each(allRoutes.map((r) => [`${r.method} ${r.path}`, r] as const))(
    'S17 S19 C10 C11: %s never answers 5xx',
    async (_name, route) => {
      await fc.assert(
        fc.asyncProperty(request(route), async ({ path, query, body, as, headers }) => {
          const search = new URLSearchParams(
            Object.entries(query).map(([k, v]) => [
              k.toWellFormed(),
              String(typeof v === 'string' ? v.toWellFormed() : JSON.stringify(v)),
            ]),
          );
          const flight = server.call(route.method, `${path}?${search}`, {
            as: as === 'KEY' ? key : as,
            headers,
            ...(route.method !== 'GET' && { body: body ?? null }),
          });
          const answer = await flight;
          if (answer.status >= 500)
            throw new Error(`${route.method} ${path}?${search} ${JSON.stringify(body)}: ${answer.text}`);
          if (answer.status >= 400)
            expect(answer.json.error).toMatchObject({
              code: expect.any(String),
              message: expect.any(String),
            });
          expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        }),
        { numRuns: runs },
      );
    },
  );
});

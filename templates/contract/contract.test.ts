import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConnectionError, client, urlOf } from './client.ts';
import { ApiError, ERRORS } from './errors.ts';
import { agentIdProblem, humanHandle, isAgentId, isHumanHandle, isReservedAgentId } from './identity.ts';
import { openApi } from './openapi.ts';
import { authorOf, carriesMarker, parseSource, pathProblem } from './paths.ts';
import { allRoutes, ROUTES } from './routes/index.ts';
import { getMessage, listMessages, postMessage } from './routes/messages.ts';
import { fileStamp, minuteStamp, parseFileStamp, parseTime, stampBound } from './stamps.ts';
import { routeTable } from './table.ts';

describe('identity', () => {
  it.each([['a'], ['9lives'], ['agent-9'], ['a'.repeat(40)]])('%s is an agent id', (id) => {
    expect(isAgentId(id)).toBe(true);
    expect(agentIdProblem(id)).toBeNull();
  });
  it.each([[''], ['-a'], ['a-'], ['A'], ['a_b'], ['a\n'], ['a'.repeat(41)], ['a.b'], ['ä']])(
    'S26: %j is none',
    (id) => {
      expect(isAgentId(id)).toBe(false);
      expect(agentIdProblem(id)).not.toBeNull();
    },
  );
  it.each([['john_doe'], ['Test.User'], ['a'.repeat(36)], ['x']])('C17: user %s has a handle', (user) => {
    expect(isHumanHandle(humanHandle(user))).toBe(true);
  });
  it('S34: names of the challenge are reserved', () => {
    expect(isReservedAgentId('main-bucket', 's')).toBe(true);
    expect(isReservedAgentId('record', 's', ['s-record'])).toBe(true);
    expect(isReservedAgentId('human-x', 's')).toBe(true);
    expect(isReservedAgentId('agent-1', 's', ['s-record'])).toBe(false);
  });
});

describe('stamps', () => {
  it('go to the millisecond and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (ms) => {
        expect(parseFileStamp(`${fileStamp(ms)}_a.md`)).toBe(ms);
        expect(stampBound(new Date(ms).toISOString(), false)).toBe(fileStamp(ms));
      }),
    );
  });
  it('sort as time does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2e12 }), fc.integer({ min: 1, max: 1e9 }), (a, d) => {
        expect(fileStamp(a) < fileStamp(a + d)).toBe(true);
      }),
    );
  });
  it.each([
    ['20260601', '20260601-000000-000'],
    ['20260601-1200', null],
    ['20260601-120000', '20260601-120000-000'],
    ['2026-06-01', '20260601-000000-000'],
    ['2026-06-01T12:00:00', '20260601-120000-000'],
    ['2026-06-01T12:00:00+02:00', '20260601-100000-000'],
    ['2026-06-01 12:00 UTC', '20260601-120000-000'],
    ['0001-01-01T00:00:00+14:00', null],
    ['yesterday', null],
    ['', null],
  ])('C11: since=%s', (text, expected) => expect(stampBound(text, false)).toBe(expected));
  it('has the minute form', () => {
    expect(minuteStamp(parseTime('2026-06-01T12:34:56Z') as number)).toBe('2026-06-01 12:34 UTC');
  });
});

describe('paths', () => {
  const home = { org: 'o', slug: 's' };
  it.each([
    ['hf://buckets/o/s-a/p/q.md', { bucket: 'o/s-a', agent: 'a', path: 'p/q.md' }],
    ['hf://buckets/o/s-a/traces/x/', { bucket: 'o/s-a', agent: 'a', path: 'traces/x' }],
    ['hf://buckets/o/s-a', { bucket: 'o/s-a', agent: 'a', path: '' }],
  ])('C13: %s', (uri, expected) => expect(parseSource(uri, home)).toEqual(expected));
  it.each([
    ['hf://buckets/x/s-a/p'],
    ['hf://buckets/o/t-a/p'],
    ['hf://buckets/o/s-A/p'],
    ['hf://buckets/o/s-a/../p'],
    ['hf://buckets/o/s-a/.hidden'],
    ['hf://buckets/o/s-a//p'],
    ['hf://buckets/o/s-a/a\nb'],
    ['https://x'],
  ])('%j is refused', (uri) => expect(parseSource(uri, home)).toHaveProperty('problem'));
  it.each([
    ['plots_bobby/x.png', 'b', false],
    ['plots_bobby/x.png', 'bob', false],
    ['plots_bob/x.png', 'bob', true],
    ['x_bob.tar.gz', 'bob', true],
    ['shared_resources/speed_harness/run.py', 'h', false],
    ['bob/x.png', 'bob', false],
  ])('S8: %s carries the marker of %s: %s', (path, agent, expected) =>
    expect(carriesMarker(path, agent)).toBe(expected),
  );
  it('names the author', () => {
    expect(authorOf('20260601-120000-123_human-a_b.md')).toBe('human-a_b');
    expect(authorOf('agent-1.md')).toBe('agent-1');
  });
  it('never accepts a path that leaves its folder', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '', 'a', '/', '\\', '\n', '.x', 'b.md')), (parts) => {
        const path = parts.join('/');
        if (pathProblem(path) === null) expect(new URL(`x://h/${path}`).pathname).toBe(`/${path}`);
        else expect(pathProblem(path)).toBeTypeOf('string');
      }),
    );
  });
});

describe('routes', () => {
  it('have unique names and places', () => {
    expect(new Set(allRoutes.map((r) => r.name)).size).toBe(allRoutes.length);
    expect(new Set(allRoutes.map((r) => `${r.method} ${r.path}`)).size).toBe(allRoutes.length);
    expect(Object.keys(ROUTES)).toHaveLength(allRoutes.length);
  });
  it('are an OpenAPI document without loose ends', () => {
    const document = openApi(allRoutes, { title: 'x' });
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      expect(document.components.schemas).toHaveProperty(name as string);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((m) => m[1]);
    expect(refs.filter((r) => !r?.startsWith('#/components/schemas/'))).toEqual([]);
    for (const route of allRoutes) {
      const wanted = [...route.path.matchAll(/\{(\w+)\*?\}/g)].map((m) => m[1]);
      expect([route.name, Object.keys(route.params.shape)]).toEqual([route.name, wanted]);
    }
  });
  it('C10: every error of a route stands in the table', () => {
    for (const route of allRoutes) expect(route.errors.filter((code) => !(code in ERRORS))).toEqual([]);
    expect(routeTable(allRoutes).split('\n')).toHaveLength(allRoutes.length + 2);
  });
});

describe('errors', () => {
  const hintOf = (...made: ConstructorParameters<typeof ApiError>) =>
    new ApiError(...made).toBody().error.hint;
  it('name what to do next, the general where nothing better was said', () => {
    expect(hintOf('INVALID_REQUEST', 'm')).toContain('/openapi.json');
    expect(hintOf('SOURCE_NOT_FOUND', 'm')).toContain('upload');
    expect(hintOf('RATE_LIMITED', 'm', { retryAfterS: 7 })).toBe('wait 7 s, then the same again');
    expect(hintOf('NOT_FOUND', 'm', { hint: 'own' })).toBe('own');
    expect(hintOf('INTERNAL', 'm')).toBeUndefined();
  });
});

describe('client', () => {
  it('builds addresses', () => {
    expect(urlOf(getMessage, { params: { filename: 'a/b c.md' } })).toBe('/v1/messages/a%2Fb%20c.md');
    expect(urlOf(listMessages, { query: { after: 'x', limit: 3, expand: undefined } })).toBe(
      '/v1/messages?after=x&limit=3',
    );
  });
  it('sends and reads', async () => {
    const seen: [string, RequestInit][] = [];
    const fetch = (async (url: string, init: RequestInit) => {
      seen.push([url, init]);
      return Response.json({ filename: 'f' }, { status: 201 });
    }) as unknown as typeof globalThis.fetch;
    const api = client('http://x/', { fetch, credential: () => 'k' });
    const answer = await api(postMessage, { body: { agent_id: 'a', body: 'b' }, idempotencyKey: 'i' });
    expect(answer.filename).toBe('f');
    expect(seen[0]?.[0]).toBe('http://x/v1/messages');
    expect(seen[0]?.[1]).toMatchObject({
      method: 'POST',
      headers: { Authorization: 'Bearer k', 'Idempotency-Key': 'i' },
    });
  });
  it('throws the error of the answer', async () => {
    const fetch = (async () =>
      Response.json(new ApiError('RATE_LIMITED', 'm', { hint: 'h' }).toBody(), {
        status: 429,
        headers: { 'Retry-After': '7' },
      })) as unknown as typeof globalThis.fetch;
    await expect(client('', { fetch })(listMessages)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      hint: 'h',
      retryAfterS: 7,
      status: 429,
    });
    const dead = (async () => new Response('<html>', { status: 502 })) as unknown as typeof globalThis.fetch;
    await expect(client('', { fetch: dead })(listMessages)).rejects.toBeInstanceOf(ConnectionError);
  });
});

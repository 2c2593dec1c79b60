import { allRoutes } from '@collab/contract/routes/index.ts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let s: TestServer;
beforeAll(async () => {
  s = await startTestServer({ env: { JOBS_ENABLED: 'true', VERIFICATION_MODE: 'peer' } });
});
afterAll(() => s.close());

describe('the API describes itself', () => {
  it('as OpenAPI 3.1 that an independent validator accepts', async () => {
    const { json } = await s.call('GET', '/openapi.json');
    const validator = new Validator();
    const result = await validator.validate(json);
    expect(result.errors ?? []).toEqual([]);
    expect([result.valid, validator.version]).toEqual([true, '3.1']);
  });

  it('with every declared route bound, and no other', async () => {
    const declared = allRoutes.map((r) => `${r.method} ${r.path.replace('*}', '}')}`).sort();
    const { json } = await s.call('GET', '/v1');
    expect(
      json.endpoints.map((e: { method: string; path: string }) => `${e.method} ${e.path}`).sort(),
    ).toEqual(declared);
    for (const route of allRoutes) {
      const path = route.path.replace(/\{\w+\*?\}/g, 'x');
      const answer = await s.call(route.method, path, route.method === 'GET' ? {} : { body: {} });
      expect([route.name, answer.json?.error?.message]).not.toEqual([route.name, 'no such route']);
      expect([route.name, answer.status]).not.toEqual([route.name, 405]);
    }
  });

  it('without job routes where jobs are off', async () => {
    const off = await startTestServer();
    const paths = (await off.call('GET', '/v1')).json.endpoints.map((e: { path: string }) => e.path);
    expect(paths).not.toContain('/v1/jobs:run');
    expect((await off.call('GET', '/openapi.json')).json.paths).not.toHaveProperty('/v1/jobs:run');
    await off.close();
  });
});

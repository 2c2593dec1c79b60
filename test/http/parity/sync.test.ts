/** Copies by hash under compat. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, source, uri, written } from './scene.ts';

let s: TestServer;
beforeAll(async () => {
  s = await compatServer({ SYNC_MAX_FILES: '2', SYNC_MAX_BYTES: '10' });
  source(s, 'd/x.txt', 'x');
  for (const name of ['a', 'b', 'c']) source(s, `many/${name}`, name);
  source(s, 'large/x', 'x'.repeat(11));
});
afterAll(() => s.close());

const artifacts = (path: string, dest_slug: string) =>
  s.call('POST', '/v1/artifacts:sync', { body: { source: path, dest_slug } });
const shared = (path: string, dest_path: string) =>
  s.call('POST', '/v1/shared-resources:sync', { body: { source: path, dest_path } });

describe('POST /v1/artifacts:sync', () => {
  it('copies and names each file', async () => {
    const answer = await artifacts(uri('d'), 'x');
    expect([answer.status, answer.text]).toEqual([
      200,
      '{"dest":"artifacts/x_agent-1/","files":[{"src_path":"d/x.txt","dest_path":"artifacts/x_agent-1/x.txt","bytes":1}],"bytes_copied":1}',
    ]);
    expect(written(s, 'artifacts/x_agent-1/x.txt')).toBe('x');
  });
  it.each([
    ['the slug before the source', 'nonsense', 'Bad', 400, 'INVALID_PATH'],
    ['the source before the register', 'nonsense', 'x', 400, 'INVALID_PATH'],
    ['nobody', uri('d', 'agent-7'), 'x', 404, 'NOT_REGISTERED'],
    ['too many files', uri('many'), 'x', 413, 'SYNC_TOO_LARGE'],
    ['too many bytes', uri('large'), 'x', 413, 'SYNC_TOO_LARGE'],
  ])('%s', async (_name, path, slug, status, code) => {
    expectRefusal(await artifacts(path, slug), status, code);
  });
});

describe('POST /v1/shared-resources:sync', () => {
  it('copies below shared_resources/', async () => {
    const { json } = await shared(uri('d'), 'tools_agent-1');
    expect(json).toMatchObject({ dest: 'shared_resources/tools_agent-1', bytes_copied: 1 });
    expect(written(s, 'shared_resources/tools_agent-1/x.txt')).toBe('x');
  });
  it.each([
    ['the source first', 'nonsense', '/bad', 400, 'INVALID_PATH'],
    ['a path upwards', uri('d', 'agent-7'), '../x_agent-7', 400, 'INVALID_PATH'],
    ['no marker, before the register', uri('d', 'agent-7'), 'x', 400, 'INVALID_PATH'],
    ['nobody', uri('d', 'agent-7'), 'x_agent-7', 404, 'NOT_REGISTERED'],
    ['the harness', uri('d'), 'harness/x_agent-1', 400, 'INVALID_PATH'],
  ])('%s', async (_name, path, dest, status, code) => {
    expectRefusal(await shared(path, dest), status, code);
  });
  it('the marker is named', async () => {
    expect((await shared(uri('d'), 'x')).json.error.message).toContain('_agent-1');
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HubError } from '../../templates/hub/port.ts';
import { CENTRAL, startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer();
  server.hub.seed(CENTRAL, {
    'artifacts/test_bob/plot.txt': 'a <b>plot</b>',
    'artifacts/test_bob/logs/run 1.log': 'line\n',
    'artifacts/test_bobby/other.txt': 'somebody else',
    'artifacts/test_bob/page.html': '<script>alert(1)</script>',
    'artifacts/test_bob/blob.bin': 'a\0b',
    'artifacts/test_bob/big.txt': 'x'.repeat(1024 * 1024 + 1),
    'submissions/abc/run.py': 'print(1)\n',
    'harness/secret.py': 'not shown',
  });
});
afterEach(() => server.close());
const get = (path: string) => server.call('GET', path);

describe('files of results', () => {
  it('lists a folder, and no other whose name begins alike', async () => {
    for (const prefix of ['artifacts/test_bob', 'artifacts/test_bob/']) {
      const { json } = await get(`/v1/files?prefix=${encodeURIComponent(prefix)}`);
      expect(json.count).toBe(5);
      expect(json.items[0]).toEqual({ path: 'artifacts/test_bob/big.txt', size: 1024 * 1024 + 1 });
      expect(json.items.map((f: { path: string }) => f.path)).not.toContain('artifacts/test_bobby/other.txt');
    }
    expect((await get('/v1/files?prefix=artifacts/nobody')).json).toMatchObject({ count: 0, items: [] });
  });

  it.each([
    ['artifacts/test_bob/plot.txt', 'text/plain; charset=utf-8', 'inline'],
    ['artifacts/test_bob/logs/run%201.log', 'text/plain; charset=utf-8', 'inline'],
    ['artifacts/test_bob/page.html', 'text/plain; charset=utf-8', 'inline'],
    ['artifacts/test_bob/blob.bin', 'application/octet-stream', 'attachment'],
    ['submissions/abc/run.py', 'text/plain; charset=utf-8', 'inline'],
  ])('%s is %s', async (path, type, disposition) => {
    const answer = await get(`/v1/files/${path}`);
    expect([
      answer.status,
      answer.headers.get('content-type'),
      answer.headers.get('content-disposition'),
    ]).toEqual([200, type, disposition]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('asked again, a file that has not changed is neither read nor sent', async () => {
    const path = '/v1/files/artifacts/test_bob/plot.txt';
    const first = await get(path);
    const tag = first.headers.get('etag') ?? '';
    expect([first.headers.get('cache-control'), first.headers.get('vary')]).toEqual([
      'no-cache',
      'Accept-Encoding',
    ]);
    let reads = 0;
    server.hub.fault = (call) => {
      if (call === 'readFile') reads++;
    };
    const again = await server.call('GET', path, { headers: { 'if-none-match': tag } });
    expect([again.status, again.text, again.headers.get('etag'), reads]).toEqual([304, '', tag, 0]);
    server.hub.seed(CENTRAL, { 'artifacts/test_bob/plot.txt': 'another plot' });
    const changed = await server.call('GET', path, { headers: { 'if-none-match': tag } });
    expect([changed.status, changed.text]).toEqual([200, 'another plot']);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });

  it('a file over the limit is named with the way to get it', async () => {
    const { status, json } = await get('/v1/files/artifacts/test_bob/big.txt');
    expect([status, json.error.code]).toEqual([413, 'TOO_LARGE']);
    expect(json.error.hint).toContain('hf buckets cp');
  });

  it.each([
    'artifacts',
    'harness/secret.py',
    'harness/a/secret.py',
    'agents/bob.md',
    'artifacts/test_bob/',
    'artifacts/%2e%2e/harness/secret.py',
    'artifacts/x/..%2f..%2fharness/secret.py',
    'artifacts%2f..%2fharness%2fsecret.py',
    'artifacts//harness/secret.py',
    'artifacts/test_bob/%00',
    'artifacts/test_bob/a%5cb',
    'artifacts/test_bob/.env',
    'artifacts/test_bob/a%3fb',
    '%2fetc/passwd/x',
    'Artifacts/test_bob/plot.txt',
  ])('%s is refused', async (path) => {
    const answer = await get(`/v1/files/${path}`);
    expect([path, answer.status, answer.json.error.code]).toEqual([path, 400, 'INVALID_PATH']);
    const prefix = decodeURIComponent(path);
    if (prefix.startsWith('artifacts/t')) return;
    const list = await get(`/v1/files?prefix=${encodeURIComponent(prefix)}`);
    expect([path, list.json.error.code]).toEqual([path, 'INVALID_PATH']);
  });

  it('what is not there is not found, and a Hub that fails is no empty folder', async () => {
    expect((await get('/v1/files/artifacts/test_bob/none.txt')).json.error.code).toBe('NOT_FOUND');
    server.hub.fault = () => {
      throw new HubError('unavailable', 'down', { url: '/' });
    };
    expect((await get('/v1/files?prefix=artifacts/test_bob')).json.error.code).toBe('HUB_UNAVAILABLE');
    expect((await get('/v1/files/artifacts/test_bob/plot.txt')).json.error.code).toBe('HUB_UNAVAILABLE');
  });

  it('is limited per caller', async () => {
    const codes = [];
    for (let i = 0; i < 241; i++) codes.push((await get('/v1/files?prefix=artifacts/nobody')).status);
    expect([codes[239], codes[240]]).toEqual([200, 429]);
  });
});

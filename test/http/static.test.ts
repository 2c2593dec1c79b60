import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const BIG = 'export const x = 1;\n'.repeat(1000);
let dir: string;
let s: TestServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'collab-static-'));
  await mkdir(join(dir, 'public/assets'), { recursive: true });
  await mkdir(join(dir, 'client'));
  await writeFile(join(dir, 'public/index.html'), '<!doctype html>page');
  await writeFile(join(dir, 'public/index.html.orig'), 'stale');
  await writeFile(join(dir, 'public/.env'), 'SECRET=1');
  await writeFile(join(dir, 'public/assets/main-4f3a2b1c.js'), '1');
  await writeFile(join(dir, 'public/assets/big-4f3a2b1c.js'), BIG);
  await writeFile(join(dir, 'client/collab.mjs'), '2');
  await writeFile(join(dir, 'server.mjs'), 'server');
  s = await startTestServer({ deps: { staticDir: dir } });
});
afterAll(async () => {
  await s.close();
  await rm(dir, { recursive: true });
});

describe('files of the page', () => {
  it('S20 S28: carry a strict policy', async () => {
    const page = await s.call('GET', '/');
    expect([page.status, page.text]).toEqual([200, '<!doctype html>page']);
    const csp = page.headers.get('content-security-policy') ?? '';
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("script-src 'self';");
    expect(csp).not.toContain('unsafe');
    expect(csp).toContain('frame-ancestors');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(csp).toContain("img-src 'self' data:;");
  });

  it('are cached by their hash, the client is served, permalinks are the page', async () => {
    const asset = await s.call('GET', '/assets/main-4f3a2b1c.js');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await s.call('GET', '/client/collab.mjs')).headers.get('content-type')).toContain(
      'text/javascript',
    );
    expect((await s.call('GET', '/results/x', { headers: { accept: 'text/html' } })).text).toContain('page');
    expect((await s.call('GET', '/v1/x', { headers: { accept: 'text/html' } })).json.error.code).toBe(
      'NOT_FOUND',
    );
  });

  it.each([
    '/index.html.orig',
    '/.env',
    '/../server.mjs',
    '/%2e%2e/server.mjs',
    '/..%2fserver.mjs',
    '/assets/..%5c..%5cserver.mjs',
    '/%00',
    '/%E0%A4%A',
    '/assets',
    '/client/../server.mjs',
    '//etc/passwd',
  ])('B11 S16: %s is not there', async (path) => {
    const answer = await s.call('GET', path);
    expect([path, answer.status]).toEqual([path, 404]);
    expect(answer.text).not.toContain('server');
  });
});

describe('compression', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    s.app.request(path, { method, headers });
  const packed = { 'accept-encoding': 'gzip, deflate, br' };

  it.each([
    ['/assets/big-4f3a2b1c.js', 'gzip, deflate, br', 'br', brotliDecompressSync],
    ['/assets/big-4f3a2b1c.js', 'gzip', 'gzip', gunzipSync],
    ['/assets/big-4f3a2b1c.js', 'br;q=0, *;q=0.1', 'gzip', gunzipSync],
    ['/openapi.json', 'gzip, deflate, br', 'gzip', gunzipSync],
  ])('%s comes small to who takes %s', async (path, takes, coding, unpack) => {
    const [plain, small] = await Promise.all([get(path), get(path, { 'accept-encoding': takes })]);
    const bytes = Buffer.from(await small.arrayBuffer());
    expect([plain.headers.get('content-encoding'), small.headers.get('content-encoding')]).toEqual([
      null,
      coding,
    ]);
    const text = await plain.text();
    expect(Number(plain.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    const length = small.headers.get('content-length');
    if (length !== null) expect(Number(length)).toBe(bytes.byteLength);
    expect(unpack(bytes).toString()).toBe(text);
    expect(bytes.byteLength).toBeLessThan(text.length / 3);
    for (const answer of [plain, small]) expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(small.headers.get('etag')).toBe(plain.headers.get('etag'));
  });

  it.each([
    ['/assets/main-4f3a2b1c.js', 200],
    ['/v1/nothing', 404],
    ['/v1/healthz', 200],
  ])('%s is too small for it', async (path, status) => {
    const answer = await get(path, packed);
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([status, null]);
  });

  it.each(['/assets/big-4f3a2b1c.js', '/', '/v1/leaderboard'])(
    '%s: asked again, told that nothing changed',
    async (path) => {
      const tag = (await get(path, packed)).headers.get('etag') ?? '';
      expect(tag).toMatch(/^W\/"/);
      const again = await get(path, { ...packed, 'if-none-match': tag });
      expect([again.status, await again.text(), again.headers.get('vary')]).toEqual([
        304,
        '',
        'Accept-Encoding',
      ]);
      expect(again.headers.get('etag')).toBe(tag);
      expect((await get(path, { ...packed, 'if-none-match': '"old"' })).status).toBe(200);
    },
  );

  it('nobody is sent what he cannot read', async () => {
    for (const takes of ['identity', 'br;q=0', 'zstd', '']) {
      const answer = await get('/assets/big-4f3a2b1c.js', { 'accept-encoding': takes });
      expect([takes, answer.headers.get('content-encoding'), await answer.text()]).toEqual([
        takes,
        null,
        BIG,
      ]);
    }
  });

  it('a file that changes on disk is sent as it is now', async () => {
    const path = join(dir, 'public/assets/live-4f3a2b1c.js');
    await writeFile(path, BIG);
    const first = await get('/assets/live-4f3a2b1c.js', packed);
    await writeFile(path, `${BIG}// changed\n`);
    const second = await get('/assets/live-4f3a2b1c.js', packed);
    expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
    const text = brotliDecompressSync(Buffer.from(await second.arrayBuffer())).toString();
    expect(text).toContain('// changed');
  });

  it('HEAD says what GET would, without the body', async () => {
    const head = await get('/assets/big-4f3a2b1c.js', packed, 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('etag')).toMatch(/^W\//);
    expect(head.headers.get('vary')).toBe('Accept-Encoding');
  });

  it('writes are answered as they are', async () => {
    const answer = await get('/v1/messages', packed, 'POST');
    expect(answer.headers.get('content-encoding')).toBeNull();
  });
});

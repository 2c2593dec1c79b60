import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../helpers/server.ts';

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

import { networkInterfaces } from 'node:os';
import { uploadFiles } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
const FILES = ['sub/a.txt', 'sub/deep/b.txt', 'submarine.txt', 'top.txt', 'ü ü/c#d.txt'];

beforeAll(async () => {
  hub = await testHub();
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/tree', { private: true });
  await uploadFiles({
    hubUrl: hub.url,
    accessToken: TOKENS.admin,
    repo: { type: 'bucket', name: 'acme/tree' },
    files: [
      ...FILES.map((path) => ({ path, content: new Blob(['0123456789']) })),
      { path: 'zero', content: new Blob([]) },
    ],
  });
});
afterAll(() => hub.remove());

async function tree(rest: string) {
  const answer = await hub.call(TOKENS.reader, 'GET', `/api/buckets/acme/tree/tree${rest}`);
  expect(answer.status).toBe(200);
  return (await answer.json()).map((item: { type: string; path: string }) =>
    item.type === 'directory' ? `${item.path}/` : item.path,
  );
}

describe('batch', () => {
  it('that does nothing at all is 422 and says why, also to a client that reads `error` alone', async () => {
    const lines = ['none', 'nor this'].map((path) => JSON.stringify({ type: 'deleteFile', path }));
    const answer = await fetch(`${hub.url}/api/buckets/acme/tree/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      body: lines.join('\n'),
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      success: false,
      failed: [{ path: 'none' }, { path: 'nor this' }],
      error: 'none: File not found, and 1 more',
    });
  });
});

describe('tree', () => {
  it.each([
    ['', ['sub/a.txt', 'sub/deep/b.txt', 'submarine.txt', 'top.txt', 'zero', 'ü ü/c#d.txt']],
    ['?recursive=false', ['sub/', 'submarine.txt', 'top.txt', 'zero', 'ü ü/']],
    ['/sub', ['sub/a.txt', 'sub/deep/b.txt', 'submarine.txt']],
    ['/sub/?recursive=false', ['sub/a.txt', 'sub/deep/']],
    ['/sub?recursive=false', ['sub/a.txt', 'sub/deep/', 'submarine.txt']],
    ['/sub%2Fdeep', ['sub/deep/b.txt']],
    ['/top.txt', ['top.txt']],
    [`/${encodeURIComponent('ü ü')}`, ['ü ü/c#d.txt']],
    ['/nothing', []],
  ])('%s', async (rest, expected) => {
    expect(await tree(rest)).toEqual(expected);
  });

  it.each(['true', 'false'])('in pages with absolute links (recursive=%s)', async (recursive) => {
    const whole = await tree(`?recursive=${recursive}`);
    const paths: string[] = [];
    let next: string | undefined = `${hub.url}/api/buckets/acme/tree/tree?limit=2&recursive=${recursive}`;
    while (next) {
      const page: Response = await fetch(next, { headers: { authorization: `Bearer ${TOKENS.reader}` } });
      const items = await page.json();
      expect(items.length).toBeLessThanOrEqual(2);
      paths.push(
        ...items.map((i: { type: string; path: string }) => (i.type === 'directory' ? `${i.path}/` : i.path)),
      );
      next = /^<(https?:\/\/[^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(paths).toEqual(whole);
  });
});

describe('resolve', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${hub.url}/buckets/acme/tree/resolve/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKENS.reader}`, ...headers },
    });

  it.each([
    ['sub/a.txt', {}, 200, '0123456789', null],
    ['sub%2Fa.txt', {}, 200, '0123456789', null],
    [encodeURIComponent('ü ü/c#d.txt'), {}, 200, '0123456789', null],
    ['top.txt', { range: 'bytes=2-4' }, 206, '234', 'bytes 2-4/10'],
    ['top.txt', { range: 'bytes=8-100' }, 206, '89', 'bytes 8-9/10'],
    ['top.txt', { range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10'],
    ['top.txt', { range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
    ['zero', { range: 'bytes=0-0' }, 206, '', 'bytes */0'],
    ['zero', {}, 200, '', null],
  ])('%s %o', async (path, headers, status, text, range) => {
    const answer = await get(path, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-range')).toBe(range);
    expect(await answer.text()).toBe(text);
    const head = await get(path, headers as Record<string, string>, 'HEAD');
    expect(head.status).toBe(status);
    expect(head.headers.get('content-length')).toBe(String(text.length));
    expect(head.headers.get('x-linked-size')).toBe(path === 'zero' ? '0' : '10');
    expect(head.headers.get('x-xet-hash')).toMatch(/^[0-9a-f]{64}$/);
    expect(head.headers.get('etag')).toBe(head.headers.get('x-linked-etag'));
    expect(head.headers.get('link')).toMatch(
      new RegExp(
        `^<${hub.url}/api/[^>]+>; rel="xet-auth", <${hub.url}/_cas/[^>]+>; rel="xet-reconstruction-info"$`,
      ),
    );
  });

  it('404 with a code, 416 behind the end, 304 for what one has', async () => {
    const missing = await get('nope');
    expect([missing.status, missing.headers.get('x-error-code')]).toEqual([404, 'EntryNotFound']);
    expect((await get('top.txt', { range: 'bytes=10-' })).status).toBe(416);
    const etag = (await get('top.txt')).headers.get('etag') ?? '';
    expect((await get('top.txt', { 'if-none-match': etag })).status).toBe(304);
  });

  it('a download that goes on after a change begins anew', async () => {
    const at = `${hub.url}/buckets/acme/tree/resolve/top.txt`;
    const read = async (etag: string) => {
      const headers = { authorization: `Bearer ${TOKENS.reader}`, range: 'bytes=4-', 'if-range': etag };
      const answer = await fetch(at, { headers });
      return [answer.status, await answer.text()];
    };
    const auth = { authorization: `Bearer ${TOKENS.reader}` };
    const etag = (await fetch(at, { method: 'HEAD', headers: auth })).headers.get('etag') as string;
    expect([await read(etag), await read('"another"')]).toEqual([
      [206, '456789'],
      [200, '0123456789'],
    ]);
  });

  it('absolute URLs carry the host the client used', async () => {
    const { port } = new URL(hub.url);
    const answer = await fetch(`http://localhost:${port}/api/buckets/acme/tree/xet-read-token`, {
      headers: { authorization: `Bearer ${TOKENS.reader}` },
    });
    const body = await answer.json();
    expect(body.casUrl).toMatch(new RegExp(`^http://localhost:${port}/_cas/[0-9a-f]+$`));
    expect(answer.headers.get('x-xet-cas-url')).toBe(body.casUrl);
    expect(Number(answer.headers.get('x-xet-token-expiration'))).toBe(body.exp);
    expect(body.exp - Date.now() / 1000).toBeGreaterThan(900);
  });
});

describe('--host', () => {
  it('serves other machines: Space hosts follow the name, logins need a token', async () => {
    const wide = await testHub({ host: '0.0.0.0', login: 'pick' });
    try {
      const body = { type: 'space', name: 'app', organization: 'acme', sdk: 'docker' };
      await wide.call(TOKENS.admin, 'POST', '/api/repos/create', body);
      const { port } = new URL(wide.url);
      const info = await fetch(`http://localhost:${port}/api/spaces/acme/app`, {
        headers: { authorization: `Bearer ${TOKENS.admin}` },
      });
      expect((await info.json()).host).toMatch(/^http:\/\/localhost:\d+$/);
    } finally {
      await wide.remove();
    }
  });

  it('keeps a private Space of a person on this machine, asleep or awake, and shows the others', async () => {
    const wide = await testHub({ host: '0.0.0.0' });
    const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const address = outside.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    const files = [{ path: 'index.html', content: 'page' }];
    const place = async (name: string, more: object) => {
      const body = { type: 'space', name, sdk: 'static', files, ...more };
      await wide.call(TOKENS.admin, 'POST', '/api/repos/create', body);
      const ns = 'organization' in more ? 'acme' : 'organizer';
      const info = () => wide.call(TOKENS.admin, 'GET', `/api/spaces/${ns}/${name}`).then((r) => r.json());
      const { host } = await until(async () => {
        const now = await info();
        return now.runtime.stage === 'RUNNING' && now;
      });
      expect(await (await fetch(host)).text()).toBe('page');
      const elsewhere = host.replace('127.0.0.1', address ?? '127.0.0.2');
      return fetch(elsewhere).then(
        (answer) => answer.status,
        () => 'nobody there',
      );
    };
    const awake = { hardware: 'cpu-upgrade', sleepTimeSeconds: 600 };
    try {
      expect(await place('shown', { organization: 'acme' })).toBe(200);
      expect(await place('gated', { organization: 'acme', ...awake })).toBe(200);
      expect(await place('own', { private: true })).toBe('nobody there');
      expect(await place('own-gated', { private: true, ...awake })).toBe('nobody there');
    } finally {
      await wide.remove();
    }
  });

  it('data URLs are signed', async () => {
    const token = await (
      await hub.call(TOKENS.reader, 'GET', '/api/buckets/acme/tree/xet-read-token')
    ).json();
    const [file] = await (await hub.call(TOKENS.reader, 'GET', '/api/buckets/acme/tree/tree/top.txt')).json();
    const plan = await (
      await fetch(`${token.casUrl}/v2/reconstructions/${file.xetHash}`, {
        headers: { authorization: `Bearer ${token.accessToken}` },
      })
    ).json();
    const { url } = (Object.values(plan.xorbs) as { url: string }[][])[0]?.[0] as { url: string };
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace(/s=./, 's=_'))).status).toBe(403);
    expect((await fetch(url.split('?')[0] as string)).status).toBe(403);
    const denied = await fetch(`${token.casUrl}/v1/shards`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.accessToken}` },
    });
    expect(denied.status).toBe(403);
  });
});

import { describe, expect, it } from 'vitest';
import { bucketPage, readmePage, toConfig } from './config.ts';
import { ApiError, Http } from './http.ts';
import { allPages } from './pages.ts';

const info = {
  collab: 'gemma',
  org: 'o',
  central_bucket: 'o/main',
  score_field: 'tps',
  score_unit: 't/s',
  score_order: 'desc' as const,
};
const answer = (body: unknown, init: ResponseInit = {}) => new Response(JSON.stringify(body), init);

describe('settings of the page', () => {
  it('are complete when the server says little', () => {
    expect(toConfig(info)).toMatchObject({
      title: 'gemma',
      scoreLabel: 'tps',
      divisions: [],
      hub: '',
      inviteUrl: '',
    });
  });
  it('take no address that is not on the web', () => {
    const config = toConfig({
      ...info,
      invite_url: 'javascript:alert(1)',
      hub_endpoint: 'https://hub.example/',
    });
    expect(config.inviteUrl).toBe('');
    expect(bucketPage(config, 'o/b', 'a b/c')).toBe('https://hub.example/buckets/o/b/tree/a%20b/c');
    expect(bucketPage(toConfig(info), 'o/b')).toBeNull();
  });
  it('lead nowhere on a hub that has no pages', () => {
    const config = toConfig({ ...info, hub_endpoint: 'http://127.0.0.1:4000/' });
    expect([config.web, bucketPage(config, 'o/b')]).toEqual(['', null]);
    expect(readmePage(config)).toBe('http://127.0.0.1:4000/buckets/o/main/resolve/README.md');
  });
});

describe('reading', () => {
  it('P4: asks conditionally and gives the same object back for 304', async () => {
    const asked: (string | null)[] = [];
    const http = new Http(async (_url, init) => {
      const tag = new Headers(init?.headers).get('if-none-match');
      asked.push(tag);
      return tag === '"1"'
        ? new Response(null, { status: 304 })
        : answer({ n: 1 }, { headers: { etag: '"1"' } });
    });
    const first = await http.get('/x');
    expect(await http.get('/x')).toBe(first);
    expect(asked).toEqual([null, '"1"']);
  });
  it('takes what has changed since', async () => {
    let n = 0;
    const http = new Http(async () => answer({ n: ++n }, { headers: { etag: `"${n}"` } }));
    expect([await http.get('/x'), await http.get('/x')]).toEqual([{ n: 1 }, { n: 2 }]);
  });
  it.each([
    [
      answer(
        { error: { code: 'RATE_LIMITED', message: 'slow down', hint: 'wait' } },
        { status: 429, headers: { 'retry-after': '7' } },
      ),
      { status: 429, code: 'RATE_LIMITED', message: 'slow down', hint: 'wait', retryAfterS: 7 },
    ],
    [new Response('<html>', { status: 502 }), { status: 502, code: 'HTTP_502' }],
  ])('C19: keeps the server’s own words %#', async (response, wanted) => {
    const http = new Http(async () => response);
    await expect(http.get('/x')).rejects.toMatchObject(wanted);
  });
  it('no answer is not an empty answer', async () => {
    const http = new Http(() => Promise.reject(new TypeError('refused')));
    await expect(http.get('/x')).rejects.toEqual(new ApiError(0, 'OFFLINE', 'No answer from the server.'));
  });
  it('a write that is tried again carries the key of the first try, another one does not', async () => {
    const keys: string[] = [];
    const http = new Http(async (_url, init) => {
      keys.push(new Headers(init?.headers).get('idempotency-key') ?? '');
      return keys.length === 1 ? new Response('', { status: 503 }) : answer({});
    });
    await expect(http.post('/x', { body: 'a' })).rejects.toMatchObject({ status: 503 });
    await http.post('/x', { body: 'a' });
    await http.post('/x', { body: 'a' });
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });
  it('nothing turns the direction of a text', async () => {
    const text = 'safe\u202Egpj.exe\u202C \u2066x\u2069 \u200Fعربي';
    const http = new Http(async () => answer({ text }));
    expect(await http.get('/v1/x')).toEqual({ text: 'safegpj.exe \u2066x\u2069 \u200Fعربي' });
  });
  it('S1: thousands of marks on one letter become a few, words of every script stay', async () => {
    const words = 'Ế नमस्ते שָׁלוֹם';
    const http = new Http(async () => answer({ x: `Z${'\u0300'.repeat(100_000)}`, words }));
    expect(await http.get('/x')).toEqual({ x: `Z${'\u0300'.repeat(8)}`, words });
  });
  it('knows how far the viewer’s clock is off', async () => {
    const at = (ms: number) => new Date(Date.now() + ms).toUTCString();
    const dates = [at(-86_400_000), at(5_000), 'no date'];
    const http = new Http(async () => answer({}, { headers: { date: dates.shift() ?? '' } }));
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      await http.get('/x');
      seen.push(Math.round(http.behind / 60_000));
    }
    expect(seen).toEqual([-1440, 0, 0]);
  });
  it('reads a listing to its end', async () => {
    const http = new Http(async (url) => {
      const after = new URL(String(url), 'http://x').searchParams.get('after');
      return answer(after === null ? { items: [1, 2], next: '2' } : { items: [3], next: null });
    });
    expect(await allPages(http, '/v1/agents')).toEqual([1, 2, 3]);
  });
});

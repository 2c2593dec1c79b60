/** Records that left the memory: each read of one asks the Hub, and nobody needs a credential to read. */
import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const MINUTE = 60_000;
let server: TestServer;
afterEach(() => server?.close());

const name = (i: number) => `20260101-000000-${String(i).padStart(3, '0')}_agent-1.md`;
const board = (i: number, text = `text ${i}`) => ({
  [`message_board/${name(i)}`]: `---\nagent: agent-1\n---\n\n${text}\n`,
});

/** A record of so many messages, none of whose texts stays in memory. */
async function cold(messages: Record<string, string>, env: Record<string, string> = {}) {
  const clock = testClock();
  const hub = testHub(clock);
  hub.seed(CENTRAL, messages);
  const peer = (raw: unknown) => (raw as { address?: string } | undefined)?.address;
  server = await startTestServer({
    clock,
    hub,
    env: { CONTENT_CACHE_MAX_BYTES: '1', ...env },
    deps: { peer },
  });
  const from = async (address: string, path: string) => {
    const answer = await server.app.request(path, {}, { address });
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as any };
  };
  hub.calls.readFile = 0;
  return { ...server, hub, clock, from };
}

const many = (count: number) => Object.assign({}, ...Array.from({ length: count }, (_, i) => board(i)));

describe('somebody who asks for everything that is old', () => {
  it('has the Hub asked three hundred times a minute, others still read, and writes go on', async () => {
    const { from, hub, call, clock, join } = await cold(many(400));
    const key = await join('bob');
    const page = '/v1/messages?expand=true&limit=200';
    expect((await from('10.0.0.1', page)).json.items).toHaveLength(200);
    const refused = await from('10.0.0.1', `${page}&order=asc`);
    expect([refused.status, refused.json.error.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await from('10.0.0.1', `/v1/messages/${name(1)}`)).status).toBe(200);
    expect((await from('10.0.0.2', page)).status).toBe(200);
    expect(hub.calls.readFile).toBeLessThan(420);
    const post = await call('POST', '/v1/messages', { as: key, body: { agent_id: 'bob', body: 'news' } });
    expect(post.status).toBe(201);
    await clock.advance(MINUTE);
    expect((await from('10.0.0.1', `${page}&order=asc`)).status).toBe(200);
  });

  it('is told so by a search too, which would ask for each of them', async () => {
    const { from, hub } = await cold(many(700));
    expect((await from('10.0.0.1', '/v1/messages?q=text')).status).toBe(429);
    expect(hub.calls.readFile).toBeLessThan(301);
  });

  it('from many addresses has the Hub asked six hundred times a minute in all', async () => {
    const { from, hub } = await cold(many(700));
    for (let i = 0; i < 9; i++) await from(`10.0.0.${i}`, '/v1/messages?expand=true&limit=200');
    expect(hub.calls.readFile).toBeLessThan(601);
  });

  it('a page larger than the limit goes when nothing else went before', async () => {
    const { from } = await cold(many(400), { EXPAND_MAX_LIMIT: '400' });
    const page = '/v1/messages?expand=true&limit=400';
    expect((await from('10.0.0.1', page)).status).toBe(200);
    expect((await from('10.0.0.1', page)).status).toBe(429);
  });
});

describe('a record that is larger than any may be', () => {
  const huge = 'x'.repeat(5 * 1024 * 1024);

  it('is shown as a pointer to its file, beside the others of its page, and never loaded', async () => {
    const { from } = await cold({ ...board(1), ...board(2, huge), ...board(3) });
    const shown: string[] = [];
    for (let after = '', next: string | null = 'first'; next !== null; after = `&after=${next}`) {
      const { status, json } = await from('10.0.0.1', `/v1/messages?expand=true&order=asc${after}`);
      expect(status).toBe(200);
      shown.push(...json.items.map(({ body }: { body: string }) => body));
      next = json.next;
    }
    expect(shown).toEqual([
      'text 1',
      expect.stringContaining(`hf buckets cp hf://buckets/${CENTRAL}/message_board/${name(2)} .`),
      'text 3',
    ]);
  });

  it('nor when the Hub listed it as a small one', async () => {
    const { from, hub } = await cold({ ...board(1), ...board(2), ...board(3) });
    hub.seed(CENTRAL, board(2, huge));
    const { json } = await from('10.0.0.1', `/v1/messages/${name(2)}`);
    expect(json.body).toContain('too large to be shown here');
    hub.seed(CENTRAL, board(2, 'x'.repeat(100_000)));
    await server.services.store.refresh();
    expect((await from('10.0.0.1', `/v1/messages/${name(2)}`)).json.body).toHaveLength(100_000);
  });
});

it('whoever asks for the deep health again and again has the Hub asked every five seconds', async () => {
  const { call, hub, clock } = await cold({});
  const ask = async () => (await call('GET', '/v1/healthz?deep=1')).json.hub;
  const before = hub.calls.bucketInfo ?? 0;
  for (let i = 0; i < 20; i++) expect(await ask()).toBe('ok');
  expect((hub.calls.bucketInfo ?? 0) - before).toBe(1);
  hub.buckets.delete(CENTRAL);
  await clock.advance(5_000);
  expect(await ask()).toBe('central bucket missing');
});

it('whoever asks who he is again and again has the Hub asked once', async () => {
  const { call, hub } = await cold({});
  hub.users.push({
    name: 'mailed',
    token: 'hf_mailedmailedmailed',
    orgs: { 'test-org': 'read' },
    email: 'm@test.invalid',
  });
  hub.memberByEmail = async () => {
    hub.calls.memberByEmail = (hub.calls.memberByEmail ?? 0) + 1;
    throw new Error('not for this token');
  };
  for (let i = 0; i < 9; i++)
    expect((await call('GET', '/v1/me', { as: 'hf_mailedmailedmailed' })).status).toBe(200);
  expect([hub.calls.memberByEmail, hub.calls.orgMembers, hub.calls.whoami]).toEqual([1, 1, 1]);
});

it('a file of a taskforce is served up to sixteen megabytes', async () => {
  const head = '---\ncreator: bob\ncreated: 2026-01-01 00:00 UTC\n---\n\nWe go.\n';
  const { from, hub } = await cold({
    'taskforces/fast/README.md': head,
    'taskforces/fast/weights_bob.bin': 'x'.repeat(17 * 1024 * 1024),
  });
  const read: unknown[] = [];
  hub.fault = (call, args) => void (call === 'readFile' && read.push(args[1]));
  const answer = await from('10.0.0.1', '/v1/taskforces/fast/files/weights_bob.bin');
  expect([answer.status, answer.json.error.code]).toEqual([413, 'TOO_LARGE']);
  expect(answer.json.error.hint).toContain('hf buckets cp');
  expect(read).not.toContain('taskforces/fast/weights_bob.bin');
});

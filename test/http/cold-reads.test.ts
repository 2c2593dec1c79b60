/** Records that left the memory: each read of one asks the Hub, and nobody needs a credential to read. */
import { afterEach, describe, expect, it } from 'vitest';
import { coldReads } from '../../templates/backend/store/cold-reads.ts';
import { CENTRAL, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const MINUTE = 60_000;
let server: TestServer;
afterEach(() => server?.close());

const name = (i: number) => `20260101-000000-${String(i).padStart(3, '0')}_agent-1.md`;
const board = (i: number, text = `text ${i}`) => ({
  [`message_board/${name(i)}`]: `---\nagent: agent-1\n---\n\n${text}\n`,
});

/** A record of so many messages, none of whose texts stays in memory. */
async function cold(messages: Record<string, string>, endpoint?: string) {
  const clock = testClock();
  const hub = testHub(clock);
  if (endpoint) Object.assign(hub, { endpoint });
  hub.seed(CENTRAL, messages);
  const peer = (raw: unknown) => (raw as { address?: string } | undefined)?.address;
  server = await startTestServer({
    clock,
    hub,
    env: { CONTENT_CACHE_MAX_BYTES: '1' },
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
  it('has the Hub asked within bounds, others still read, and writes go on', async () => {
    const { from, hub, call, clock, join } = await cold(many(200));
    const key = await join('bob');
    const before = hub.calls.readFile ?? 0;
    // Never the same address: no answer is a kept one.
    let asked = 0;
    const pageFor = (address: string) => from(address, `/v1/messages?expand=true&limit=200&n=${asked++}`);
    for (let i = 0; i < 7; i++) expect((await pageFor('10.0.0.1')).json.items).toHaveLength(200);
    const refused = await pageFor('10.0.0.1');
    expect([refused.status, refused.json.error.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // A search would ask for each of them.
    expect((await from('10.0.0.1', '/v1/messages?q=text')).status).toBe(429);
    expect((await from('10.0.0.1', `/v1/messages/${name(1)}`)).status).toBe(200);
    expect((await pageFor('10.0.0.2')).status).toBe(200);
    expect((hub.calls.readFile ?? 0) - before).toBeLessThan(1_650);
    const post = await call('POST', '/v1/messages', { as: key, body: { agent_id: 'bob', body: 'news' } });
    expect(post.status).toBe(201);
    await clock.advance(MINUTE);
    expect((await pageFor('10.0.0.1')).status).toBe(200);
  });

  it.each(['http://127.0.0.1:4000', 'http://localhost:4000', 'http://[::1]:4000'])(
    'has all of it where the Hub is %s: nobody counts its calls',
    async (endpoint) => {
      const { from } = await cold(many(200), endpoint);
      for (let i = 0; i < 12; i++) {
        const page = await from('10.0.0.1', `/v1/messages?expand=true&limit=200&n=${i}`);
        expect([page.status, page.json.items.length]).toEqual([200, 200]);
      }
    },
  );

  it('gets no more in five minutes than leaves the writes of a free account their part, from however many addresses', () => {
    let time = 0;
    const admit = coldReads(() => time, 'https://huggingface.co');
    let admitted = 0;
    for (; time < 5 * MINUTE; time += 1_000)
      for (let address = 0; address < 5; address++) {
        try {
          admit({ ip: `10.0.0.${address}` }, 20);
          admitted += 20;
        } catch {}
      }
    expect(admitted).toBeGreaterThan(4_000);
    expect(admitted).toBeLessThan(4_501);
  });

  it('of a page larger than the bound has it when nothing else went before, also after the clock was put back', () => {
    let time = 86_400_000;
    const admit = coldReads(() => time, 'https://huggingface.co');
    admit({ ip: '10.0.0.1' }, 1_600);
    expect(() => admit({ ip: '10.0.0.1' }, 1)).toThrow('too many old records');
    time = 0;
    expect(() => admit({ ip: '10.0.0.1' }, 1)).toThrow('too many old records');
    time += 7 * MINUTE;
    admit({ ip: '10.0.0.1' }, 1_600);
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

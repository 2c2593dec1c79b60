/** Weaknesses that belong to no single route; the others are tested where they live (`../guard/weaknesses.ts`). */
import { fileStamp } from '@collab/contract/stamps.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listPage } from '../../templates/backend/domain/list.ts';
import { createLog } from '../../templates/backend/log.ts';
import { IndexData } from '../../templates/backend/store/index-data.ts';
import type { Entry } from '../../templates/backend/store/types.ts';
import { hubError } from '../helpers/memory-hub.ts';
import {
  CENTRAL,
  ORG,
  PRIVATE,
  startTestServer,
  type TestOptions,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

const open: TestServer[] = [];
afterEach(async () => {
  vi.unstubAllGlobals();
  for (const server of open.splice(0)) await server.close();
});
const start = async (options: TestOptions = {}) => {
  const server = await startTestServer(options);
  open.push(server);
  return server;
};

const USER_ONE = 'hf_useroneuseroneuserone';
const USER_TWO = 'hf_usertwousertwousertwo';
const post = (s: TestServer, as: string, body: object) => s.call('POST', '/v1/messages', { as, body });
const record = (i: number) => `${fileStamp(Date.UTC(2026, 4, 1) + i * 60_000)}_agent-1.md`;

describe('identity', () => {
  it('S10: who makes a deleted bucket anew is not its agent', async () => {
    const s = await start();
    await s.join('agent-1');
    s.hub.buckets.delete(`${ORG}/test-agent-1`);
    await s.hub.createBucket(`${ORG}/test-agent-1`, { private: false }, USER_TWO);
    s.hub.seed(`${ORG}/test-agent-1`, {
      '.bucket-sync-handshake': 'user-two',
      'note.md': 'not the agent',
    });
    const source = `hf://buckets/${ORG}/test-agent-1/note.md`;
    expect((await post(s, USER_TWO, { source })).json.error.code).toBe('IDENTITY_MISMATCH');
    expect((await s.call('POST', '/v1/messages', { body: { source } })).status).toBe(401);
    const again = await s.call('POST', '/v1/agents/register', {
      as: USER_TWO,
      body: { agent_id: 'agent-1', model: 'm', harness: 'h', force: true, provision: true },
    });
    expect(again.status).toBe(403);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(0);
  });

  it.each(['unavailable', 'unknown_outcome', 'rate_limited'] as const)(
    'S31: provisioning that the Hub did not answer (%s) is 503 and can be repeated, never a refusal or a public bucket',
    async (kind) => {
      for (const call of ['bucketInfo', 'createBucket', 'write']) {
        const s = await start();
        let armed = true;
        s.hub.fault = (name, [bucket]) => {
          if (!armed || name !== call || (call === 'write' && bucket !== `${ORG}/test-agent-1`)) return;
          armed = false;
          throw hubError(kind);
        };
        const body = { agent_id: 'agent-1', model: 'm', harness: 'h', provision: true };
        const first = await s.call('POST', '/v1/agents/register', { as: USER_ONE, body });
        expect([call, first.status, first.json.error?.code]).toEqual([call, 503, 'HUB_UNAVAILABLE']);
        expect((await s.call('POST', '/v1/agents/register', { as: USER_ONE, body })).status).toBe(201);
      }
    },
  );

  it('S31: a private challenge never makes a public bucket because nobody could ask', async () => {
    const s = await start();
    (s.hub.buckets.get(CENTRAL) as { private: boolean }).private = true;
    await s.join('agent-1');
    expect(s.hub.buckets.get(`${ORG}/test-agent-1`)?.private).toBe(true);
  });

  it('C20: a person’s post is named like any other, and an answer to it reaches its inbox', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    const said = await post(s, USER_TWO, { agent_id: 'human-user-two', body: 'why?' });
    expect(said.json.filename).toMatch(/^\d{8}-\d{6}-\d{3}_human-user-two\.md$/);
    const answer = await post(s, key, { agent_id: 'agent-1', body: 'because', refs: said.json.filename });
    expect(answer.json.mentions_delivered).toEqual(['human-user-two']);
    const mine = await s.call('GET', '/v1/messages?agent=human-user-two');
    expect(mine.json.items).toEqual([said.json.filename]);
  });

  it('S35: no request makes the server call an address of the caller’s choosing', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    const outside = vi.fn(() => Promise.reject(new Error('called')));
    vi.stubGlobal('fetch', outside);
    const sources = [
      'http://127.0.0.1:1/x.md',
      'https://example.org/x.md',
      'file:///etc/passwd',
      'hf://datasets/a/b/x.md',
      `hf://buckets/${ORG}@example.org/test-agent-1/x.md`,
      `hf://buckets/${ORG}/test-agent-1/http://example.org/x.md`,
      `hf://buckets/${ORG}/test-agent-1/../../x.md`,
    ];
    for (const source of sources) {
      const refused = await post(s, key, { source });
      expect(refused.json.error.code, source).toBe('INVALID_PATH');
    }
    const bio = { agent_id: 'agent-2', model: 'm', harness: 'h', provision: true, bio_source: sources[1] };
    await s.call('POST', '/v1/agents/register', { as: USER_ONE, body: bio });
    await post(s, key, {
      agent_id: 'agent-1',
      body: '![x](https://example.org/x.png) <https://example.org>',
    });
    await s.call('GET', '/v1/digest?as=agent-1', {
      headers: { host: 'example.org', 'x-forwarded-host': 'example.org' },
    });
    expect(outside).not.toHaveBeenCalled();
  });
});

describe('cost', () => {
  it('P2: evicted bodies are fetched one by one as they are shown, never all for one page', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const text = (i: number) => `---\ntype: agent\nagent: agent-1\n---\n\n${i} ${'x'.repeat(2_000)}\n`;
    hub.seed(
      CENTRAL,
      Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`message_board/${record(i)}`, text(i)])),
    );
    const s = await start({ clock, hub, env: { CONTENT_CACHE_MAX_BYTES: '100000' } });
    const downloads = async (path: string) => {
      let n = 0;
      hub.fault = (call, [, file]) => {
        if (call === 'readFile' && String(file).startsWith('message_board/')) n++;
      };
      expect((await s.call('GET', path)).status).toBe(200);
      return n;
    };
    expect(await downloads('/v1/messages?limit=1')).toBe(0);
    await downloads('/v1/messages?expand=true&limit=10');
    expect(await downloads('/v1/messages?expand=true&limit=10')).toBe(0);
    expect(await downloads('/v1/messages?expand=true&limit=10&order=asc')).toBeLessThanOrEqual(10);
    expect(await downloads('/v1/messages?expand=true&limit=10&order=asc')).toBe(0);
  });

  it.each([
    ['newest page', {}],
    ['page after a cursor', { after: record(500) }],
    ['empty poll', { after: 'zzz' }],
    ['one author', { agent: 'agent-1' }],
    ['a span of time', { since: '20260501-020000-000', until: '20260501-030000-000' }],
  ])('P3: %s looks at a handful of entries, whatever the record holds', (_name, query) => {
    const looks = (size: number) => {
      let n = 0;
      const index = new IndexData();
      for (let i = 0; i < size; i++) {
        const name = record(i);
        const entry = { path: `message_board/${name}`, author: 'agent-1', frontmatter: {}, size: 1 } as Entry;
        Object.defineProperty(entry, 'name', {
          get() {
            n++;
            return name;
          },
        });
        index.put(entry);
      }
      const view = index.folder('message_board');
      view.where('agent', 'agent-1');
      n = 0;
      listPage(view, query, { defaultLimit: 10, maxExpanded: 200 });
      return n;
    };
    expect(looks(32_000)).toBeLessThan(100);
    expect(looks(32_000) - looks(1_000)).toBeLessThanOrEqual(30);
  });

  it('P5: the hundredth write sends as much as the first', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    const sent: number[] = [];
    s.hub.afterWrite = (bucket, { adds = [] }) => {
      const size = adds.reduce((sum, { content }) => sum + content.length, 0);
      if (bucket === CENTRAL || bucket === PRIVATE) sent[sent.length - 1] = (sent.at(-1) ?? 0) + size;
    };
    for (let i = 0; i < 100; i++) {
      sent.push(0);
      await post(s, key, { agent_id: 'agent-1', body: `note ${String(i).padStart(3, '0')}` });
      await s.clock.advance(2_000);
    }
    const sum = (from: number) => sent.slice(from, from + 20).reduce((a, b) => a + b, 0);
    expect(sum(10)).toBeGreaterThan(2_000);
    expect(sum(80)).toBeLessThan(sum(10) * 1.1);
  });

  it('P6: while the Hub hangs, everything that was read before is still answered', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    await post(s, key, { agent_id: 'agent-1', body: 'before' });
    let wake = () => {};
    const hanging = new Promise<void>((done) => {
      wake = done;
    });
    s.hub.fault = () => hanging;
    const stuck = post(s, key, { agent_id: 'agent-1', body: 'during' });
    await s.clock.advance(120_000);
    for (const path of [
      '/v1/messages?expand=true',
      '/v1/leaderboard',
      '/v1/digest',
      '/v1/inbox/agent-1',
      '/v1/healthz',
    ])
      expect((await s.call('GET', path)).status, path).toBe(200);
    s.hub.fault = () => {};
    wake();
    expect((await stuck).status).toBeLessThan(504);
    expect((await s.call('GET', '/v1/messages')).json.count).toBeGreaterThanOrEqual(1);
  });
});

it('B10: a request is one line of JSON with an id that its answer carries, and health can ask the Hub', async () => {
  const lines: string[] = [];
  const s = await start({
    deps: {
      log: createLog(
        (line) => lines.push(line),
        () => 0,
      ),
    },
  });
  const answer = await s.call('GET', '/v1/messages', { as: USER_ONE });
  const row = lines.map((line) => JSON.parse(line)).find((each) => each.path === '/v1/messages');
  expect(row).toMatchObject({ event: 'request', method: 'GET', status: 200 });
  expect(answer.headers.get('x-request-id')).toBe(row.request_id);
  expect(lines.join('')).not.toContain(USER_ONE);
  s.hub.fault = () => {
    throw new Error('down');
  };
  expect((await s.call('GET', '/v1/healthz')).status).toBe(200);
  expect((await s.call('GET', '/v1/healthz?deep=1')).status).toBe(503);
});

/** Few calls are left: writes go on, verdicts wait below a tenth, listings below a quarter; warm reads cost nothing. */
import { type BudgetSnapshot, createBudget, createHubClient } from '@collab/hub/index.ts';
import { HubError } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { gatedHub } from '../../templates/backend/store/gated-hub.ts';
import { CENTRAL, COMPAT, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const RECORD = 'org/record';
const NOW = 1_000_000;

/** A Hub whose answers say how many of 1,000 calls are left; every call costs one, 429 at none. */
function throttlingHub(left: number) {
  const state = { left, at: NOW, paths: [] as string[] };
  const budget = createBudget();
  const answer = async (url: string | URL | Request) => {
    state.paths.push(new URL(String(url)).pathname);
    const status = state.left > 0 ? 200 : 429;
    state.left = Math.max(0, state.left - 1);
    const headers = {
      'content-type': 'application/json',
      ratelimit: `"api";r=${state.left};t=300`,
      'ratelimit-policy': '"fixed window";"api";q=1000;w=300',
      ...(status === 429 && { 'retry-after': '300' }),
    };
    const whoami = { type: 'user', name: 'u', orgs: [], auth: { accessToken: { role: 'write' } } };
    const body = String(url).includes('whoami') ? whoami : [];
    return new Response(JSON.stringify(body), { status, headers });
  };
  const clock = { now: () => state.at, sleep: async () => {} };
  const client = createHubClient({
    endpoint: 'http://hub.test',
    token: 'hf_x',
    fetch: answer as typeof fetch,
    clock,
    budget,
  });
  return { state, hub: gatedHub(client, budget, RECORD, clock.now, () => true) };
}

const outcome = (call: Promise<unknown>) =>
  call.then(
    () => 'sent',
    (error: unknown) => (error instanceof HubError ? `${error.kind} ${error.retryAfterS}` : String(error)),
  );

describe('the gate', () => {
  it.each([
    [252, 'sent', 'sent', 'sent'],
    [250, 'rate_limited 300', 'sent', 'sent'],
    [104, 'rate_limited 300', 'sent', 'sent'],
    [90, 'rate_limited 300', 'rate_limited 300', 'sent'],
  ])('with %i calls left: listing %s, verdict %s, caller %s', async (left, listing, verdict, caller) => {
    const { hub } = throttlingHub(left);
    await hub.whoami();
    expect(await outcome(hub.listFiles(RECORD, 'results/'))).toBe(listing);
    expect(await outcome(hub.jobs('org'))).toBe(verdict);
    expect(await outcome(hub.whoami())).toBe(caller);
    expect(await outcome(hub.listFiles('org/somebody', 'a/'))).toBe(caller);
  });

  it('what is held back costs no call, and goes again when the window has ended', async () => {
    const { hub, state } = throttlingHub(50);
    await hub.whoami();
    const before = state.paths.length;
    expect(await outcome(hub.listFiles(RECORD))).toBe('rate_limited 300');
    expect(state.paths).toHaveLength(before);
    state.at += 300_000;
    expect(await outcome(hub.listFiles(RECORD))).toBe('sent');
  });
});

describe('the server with few calls left', () => {
  let server: TestServer;
  afterEach(() => server?.close());

  async function scene(told: Partial<BudgetSnapshot>) {
    const clock = testClock();
    const hub = testHub(clock);
    const budget = { snapshot: () => ({ calls: { api: 0, resolve: 0, cas: 0 }, rateLimited: 0, ...told }) };
    server = await startTestServer({ env: COMPAT, clock, hub, deps: { budget } });
    await server.join('agent-1');
    return told;
  }
  const post = (body: string) => server.call('POST', '/v1/messages', { body: { agent_id: 'agent-1', body } });
  const total = () => Object.values(server.hub.calls).reduce((sum, n) => sum + n, 0);

  it('starts, writes and answers; the picture is marked stale until it may list again', async () => {
    const told = await scene({ remaining: 5, limit: 1000, resetsAt: Number.MAX_SAFE_INTEGER });
    const listed = server.hub.calls.listFiles;
    await server.clock.advance(120_000);
    expect((await post('still taken')).status).toBe(201);
    expect(server.hub.calls.listFiles).toBe(listed);
    expect((await server.call('GET', '/v1/messages')).json).toMatchObject({ count: 1 });
    expect(server.services.store.stale).toBe(true);
    told.remaining = 900;
    await server.clock.advance(60_000);
    expect(server.services.store.stale).toBe(false);
  });

  it('reads nothing from the Hub for strangers below two fifths, and writes on', async () => {
    const told = await scene({ remaining: 390, limit: 1000, resetsAt: Number.MAX_SAFE_INTEGER });
    const { json } = await post('still taken');
    expect(json.filename).toBeDefined();
    const paths = ['/v1/files?prefix=artifacts/x', '/v1/files/artifacts/x/y', '/v1/taskforces/x/files/y'];
    for (const path of paths) {
      const { status, headers } = await server.call('GET', path);
      expect([path, status, Number(headers.get('retry-after')) > 0]).toEqual([path, 429, true]);
    }
    told.remaining = 410;
    expect((await server.call('GET', '/v1/files?prefix=artifacts/x')).status).toBe(200);
  });

  it('P1: warm reads of every kind cost no Hub call', async () => {
    await scene({});
    const { json } = await post('hello @agent-1');
    const paths = [
      '/v1',
      '/v1/healthz',
      '/v1/agents?expand=1',
      '/v1/agents/agent-1',
      '/v1/messages?expand=1&agent=agent-1',
      '/v1/messages?after=0&q=hello',
      `/v1/messages/${json.filename}`,
      '/v1/inbox/agent-1?expand=1',
      '/v1/results?expand=1',
      '/v1/leaderboard',
      '/v1/digest?as=agent-1',
      '/v1/taskforces',
      '/v1/traces?expand=1',
      '/v1/stats',
    ];
    const readAll = async () => {
      for (const path of paths) expect((await server.call('GET', path)).status, path).toBe(200);
    };
    await readAll();
    const before = total();
    await readAll();
    expect(total() - before).toBe(0);
  });
});

describe('a record of thousands of files', () => {
  it('P1: is listed whole at the start and once a day; in between two days of its board and what is small', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const day = (at: number) => new Date(at).toISOString().slice(0, 10).replaceAll('-', '');
    const stamp = (i: number) => `202605${10 + Math.floor(i / 600)}-${String(i % 600).padStart(6, '0')}-000`;
    const text = '---\ntype: agent\n---\n\nx\n';
    const files = Array.from({ length: 3_000 }, (_, i) => [`message_board/${stamp(i)}_agent-1.md`, text]);
    hub.seed(CENTRAL, Object.fromEntries(files));
    let listed: string[] = [];
    hub.fault = (call, [bucket, prefix]) => {
      if (call === 'listFiles' && bucket === CENTRAL) listed.push(String(prefix));
    };
    const server = await startTestServer({ clock, hub, env: { LISTING_TTL_S: '3600' } });
    const whole = () => listed.filter((prefix) => prefix === 'message_board/').length;
    expect(whole()).toBe(1);
    listed = [];
    await clock.advance(20 * 3_600_000);
    expect(whole()).toBe(0);
    const days = [day(clock.now() - 86_400_000), day(clock.now())].map((d) => `message_board/${d}`);
    expect(listed.filter((prefix) => prefix.startsWith('message_board/')).slice(-2)).toEqual(days);
    await clock.advance(6 * 3_600_000);
    expect(whole()).toBe(1);
    await server.close();
  });
});

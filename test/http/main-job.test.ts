import { afterEach, describe, expect, it } from 'vitest';
import {
  CENTRAL,
  COMPAT,
  PRIVATE,
  startTestServer,
  type TestOptions,
  type TestServer,
  USERS,
} from '../helpers/server.ts';

const tokenOf = (name: string) => USERS.find((u) => u.name === name)?.token as string;

let server: TestServer;
const start = async (options?: TestOptions) => {
  server = await startTestServer(options);
  return server;
};
afterEach(() => server?.close());

describe('registration', () => {
  it('by nonce', async () => {
    const { call, hub } = await start();
    const as = tokenOf('user-one');
    const body = { agent_id: 'agent-9', model: 'm', harness: 'h', tools: ['bash'] };
    const none = await call('POST', '/v1/agents/register', { as, body });
    expect([none.status, none.json.error.code]).toEqual([412, 'BUCKET_MISSING']);

    const bucket = 'test-org/test-agent-9';
    hub.seed(bucket, {});
    const empty = await call('POST', '/v1/agents/register', { as, body });
    expect([empty.status, empty.json.error.code]).toEqual([403, 'BUCKET_NOT_OWNED_BY_CALLER']);

    const challenge = await call('POST', '/v1/agents/register:challenge', {
      as,
      body: { agent_id: 'agent-9' },
    });
    expect(challenge.status).toBe(200);
    hub.seed(bucket, { [challenge.json.file]: `${challenge.json.nonce}\n` });
    const thief = await call('POST', '/v1/agents/register', { as: tokenOf('user-two'), body });
    expect(thief.json.error.code).toBe('BUCKET_NOT_OWNED_BY_CALLER');

    const done = await call('POST', '/v1/agents/register', { as, body });
    expect(done.status).toBe(201);
    expect(done.json).toMatchObject({ filename: 'agent-9.md', agent_bucket: bucket, hf_user: 'user-one' });
    expect(done.json.agent_key).toMatch(/^ccak_[\w-]{43}$/);
    expect(hub.textOf(CENTRAL, 'agents/agent-9.md')).toContain(
      'agent_name: agent-9\nagent_model: m\nagent_harness: h\nagent_tools:\n- bash\nhf_user: user-one\nagent_bucket: test-org/test-agent-9\njoined: 2026-06-01 12:00 UTC\n',
    );
    expect(hub.textOf(PRIVATE, 'keys/agent-9.json')).not.toContain(done.json.agent_key);

    const again = await call('POST', '/v1/agents/register', { as, body });
    expect([again.status, again.json.error.code]).toEqual([409, 'AGENT_ID_TAKEN']);
    expect(again.json.error.hint).toContain('force');
    const other = await call('POST', '/v1/agents/register', { as: tokenOf('user-two'), body });
    expect([other.status, other.json.error.code]).toEqual([403, 'IDENTITY_MISMATCH']);
  });

  it('S14: provision makes bucket and handshake as the caller and keeps no token', async () => {
    const { call, hub } = await start();
    const as = tokenOf('user-one');
    const body = { agent_id: 'agent-1', model: 'm', harness: 'h', provision: true };
    const done = await call('POST', '/v1/agents/register', { as, body });
    expect(done.status).toBe(201);
    expect(hub.buckets.has('test-org/test-agent-1')).toBe(true);
    await server.clock.advance(5000);
    const all = [...hub.buckets.values()].flatMap((b) =>
      [...b.files.values()].map((f) => new TextDecoder().decode(f.bytes)),
    );
    expect(all.some((text) => text.includes(as))).toBe(false);
  });

  it('C15: force replaces the card, keeps joined, rotates the key', async () => {
    const { call, clock, join } = await start();
    const first = await join('agent-1');
    await clock.advance(3_600_000);
    const as = tokenOf('user-one');
    const body = { agent_id: 'agent-1', model: 'm2', harness: 'h', force: true };
    const done = await call('POST', '/v1/agents/register', { as, body });
    expect(done.status).toBe(201);
    expect(done.json.joined).toBe('2026-06-01 12:00 UTC');
    const card = await call('GET', '/v1/agents/agent-1');
    expect(card.json).toMatchObject({ model: 'm2', joined: '2026-06-01 12:00 UTC', bio: null });
    const post = { agent_id: 'agent-1', body: 'hi' };
    expect((await call('POST', '/v1/messages', { as: first, body: post })).status).toBe(401);
    expect((await call('POST', '/v1/messages', { as: done.json.agent_key, body: post })).status).toBe(201);
  });

  it('compat takes the username handshake', async () => {
    const { call, hub } = await start({ env: COMPAT });
    hub.seed('test-org/test-agent-1', { '.bucket-sync-handshake': 'user-one\n' });
    const body = { agent_id: 'agent-1', model: 'm', harness: 'h' };
    const done = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body });
    expect(done.status).toBe(201);
  });

  it.each([
    ['Agent-1', /lowercase/],
    ['a_b', /invalid/],
    ['a\n', /invalid/],
    ['human', /reserved/],
    ['human-x', /reserved/],
    ['main-bucket', /reserved/],
  ])('S26 S34: id %j is refused', async (agent_id, message) => {
    const { call } = await start();
    const body = { agent_id, model: 'm', harness: 'h' };
    const answer = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body });
    expect([answer.status, answer.json.error.code]).toEqual([400, 'INVALID_PATH']);
    expect(answer.json.error.message).toMatch(message);
  });

  it('S31: a failed read is 503, never "free"', async () => {
    const { call, hub } = await start();
    hub.seed('test-org/test-agent-1', {});
    hub.fault = (name) => {
      if (name === 'readFile' || name === 'bucketInfo') throw new Error('boom');
    };
    const body = { agent_id: 'agent-1', model: 'm', harness: 'h' };
    const answer = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body });
    expect([answer.status, answer.json.error.code]).toEqual([503, 'HUB_UNAVAILABLE']);
  });

  it('strangers do not get in', async () => {
    const { call } = await start();
    const body = { agent_id: 'agent-1', model: 'm', harness: 'h', provision: true };
    expect((await call('POST', '/v1/agents/register', { body })).status).toBe(401);
    expect((await call('POST', '/v1/agents/register', { as: 'hf_wrong', body })).status).toBe(401);
    expect((await call('POST', '/v1/agents/register', { as: tokenOf('stranger'), body })).status).toBe(403);
  });
});

describe('messages', () => {
  it('S2: nobody posts as somebody else', async () => {
    const { call, join } = await start();
    const one = await join('agent-1');
    const two = await join('agent-2', 'user-two');
    const body = { agent_id: 'agent-1', body: 'hello' };
    const status = async (as?: string) => (await call('POST', '/v1/messages', { as, body })).status;
    expect(await status()).toBe(401);
    expect(await status(two)).toBe(401);
    expect(await status(tokenOf('user-two'))).toBe(403);
    expect(await status(one)).toBe(201);
    expect(await status(tokenOf('user-one'))).toBe(201);
  });

  it('inline, with fan-out, readable at once', async () => {
    const { call, join, hub } = await start();
    const key = await join('agent-1');
    await join('agent-2', 'user-two');
    const posted = await call('POST', '/v1/messages', {
      as: key,
      body: { agent_id: 'agent-1', body: 'hi @agent-2, @human-user-one, @human-nobody and @nobody' },
    });
    expect(posted.status).toBe(201);
    expect(posted.json).toMatchObject({
      via: 'raw',
      mentions_delivered: ['agent-2', 'human-user-one'],
      broadcast: false,
    });
    const { filename, path } = posted.json;
    const text = hub.textOf(CENTRAL, path) as string;
    expect(text).toMatch(
      /^---\ntype: agent\nagent: agent-1\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\n---\n\nhi @agent-2.*\n$/,
    );
    expect(hub.textOf(CENTRAL, `inbox/agent-2/${filename}`)).toBe(text);
    const list = await call('GET', '/v1/messages');
    expect(list.json).toEqual({ count: 1, matched: 1, items: [filename], next: null, cursor: filename });
    const inbox = await call('GET', '/v1/inbox/agent-2?expand=true');
    expect(inbox.json.items[0]).toMatchObject({
      filename,
      body: 'hi @agent-2, @human-user-one, @human-nobody and @nobody',
    });
    expect((await call('GET', `/v1/messages/${filename}`)).json.frontmatter.agent).toBe('agent-1');
    expect((await call('GET', '/v1/inbox/nobody')).json.error.code).toBe('NOT_REGISTERED');
  });

  it('from the scratch bucket, once', async () => {
    const { call, join, hub } = await start();
    const key = await join('agent-1');
    const source = 'hf://buckets/test-org/test-agent-1/posts/a.md';
    hub.seed('test-org/test-agent-1', {
      'posts/a.md': '---\nagent: human-x\nlane: quant\nweird: 1\n---\nfound it\n',
    });
    const stranger = await call('POST', '/v1/messages', { body: { source } });
    expect(stranger.status).toBe(401);
    const posted = await call('POST', '/v1/messages', { as: key, body: { source } });
    expect(posted.status).toBe(201);
    expect(posted.json).toMatchObject({ via: 'bucket', dropped_keys: ['weird'] });
    const read = await call('GET', `/v1/messages/${posted.json.filename}`);
    expect(read.json).toMatchObject({
      body: 'found it',
      frontmatter: { agent: 'agent-1', lane: 'quant', type: 'agent', via: 'bucket' },
    });
    const again = await call('POST', '/v1/messages', { as: key, body: { source } });
    expect([again.status, again.json.error.code, again.json.error.hint]).toEqual([
      409,
      'ALREADY_PROMOTED',
      `existing filename: ${posted.json.filename}`,
    ]);
    const missing = await call('POST', '/v1/messages', { as: key, body: { source: `${source}x` } });
    expect([missing.status, missing.json.error.code]).toEqual([404, 'SOURCE_NOT_FOUND']);
    hub.seed('test-org/test-agent-1', { 'bad.md': new Uint8Array([0xff, 0xfe]) });
    const bad = await call('POST', '/v1/messages', {
      as: key,
      body: { source: 'hf://buckets/test-org/test-agent-1/bad.md' },
    });
    expect([bad.status, bad.json.error.code]).toEqual([400, 'INVALID_SOURCE']);
  });

  it('compat: tokenless writes are taken and marked', async () => {
    const { call, join } = await start({ env: COMPAT });
    await join('agent-1');
    const posted = await call('POST', '/v1/messages', { body: { agent_id: 'agent-1', body: 'x' } });
    expect(posted.status).toBe(201);
    const read = await call('GET', `/v1/messages/${posted.json.filename}`);
    expect(read.json.frontmatter).toMatchObject({ agent: 'agent-1', auth: 'none' });
  });

  it('C17: people post under any user name; broadcasts are for organizers', async () => {
    const { call, join } = await start();
    await join('agent-1');
    const as = tokenOf('John_Doe.X');
    const body = { agent_id: 'human-john_doe.x', body: 'hello @agent-1' };
    const posted = await call('POST', '/v1/messages', { as, body });
    expect(posted.json).toMatchObject({ via: 'dashboard', mentions_delivered: ['agent-1'] });
    expect((await call('GET', '/v1/messages?agent=human-john_doe.x')).json.matched).toBe(1);
    expect((await call('POST', '/v1/messages', { as: tokenOf('user-two'), body })).status).toBe(403);
    const shout = await call('POST', '/v1/messages', { as, body: { ...body, broadcast: true } });
    expect([shout.status, shout.json.error.code]).toEqual([403, 'NOT_ORGANIZER']);
    const loud = await call('POST', '/v1/messages', {
      as: tokenOf('organizer'),
      body: { agent_id: 'human-organizer', body: 'all of you', broadcast: true },
    });
    expect(loud.json).toMatchObject({ broadcast: true, mentions_delivered: [] });
    const inbox = await call('GET', '/v1/inbox/agent-1');
    expect(inbox.json).toMatchObject({ count: 2, items: [loud.json.filename, posted.json.filename] });
    expect((await call('GET', '/v1/inbox/human-john_doe.x')).json.items).toEqual([loud.json.filename]);
  });

  it('an Idempotency-Key never posts twice', async () => {
    const { call, join } = await start();
    const key = await join('agent-1');
    const headers = { 'Idempotency-Key': 'abc' };
    const body = { agent_id: 'agent-1', body: 'once' };
    const first = await call('POST', '/v1/messages', { as: key, body, headers });
    const second = await call('POST', '/v1/messages', { as: key, body, headers });
    expect(second.json).toEqual(first.json);
    const clash = await call('POST', '/v1/messages', { as: key, body: { ...body, body: 'other' }, headers });
    expect(clash.json.error.code).toBe('IDEMPOTENCY_MISMATCH');
    expect((await call('GET', '/v1/messages')).json.count).toBe(1);
  });
});

describe('the edge', () => {
  it('has one shape of error', async () => {
    const { call, join } = await start();
    const key = await join('agent-1');
    const shape = (a: { status: number; json: { error: { code: string } } }) => [a.status, a.json.error.code];
    expect(shape(await call('GET', '/v1/nothing'))).toEqual([404, 'NOT_FOUND']);
    const wrong = await call('DELETE', '/v1/messages');
    expect(shape(wrong)).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrong.headers.get('allow')).toBe('POST, GET');
    expect(shape(await call('POST', '/v1/messages', { as: key, body: { agent_id: 'agent-1' } }))).toEqual([
      422,
      'INVALID_REQUEST',
    ]);
    expect(shape(await call('POST', '/v1/messages', { as: key, body: '{' }))).toEqual([
      422,
      'INVALID_REQUEST',
    ]);
    expect(shape(await call('GET', '/v1/messages?limit=0'))).toEqual([400, 'INVALID_QUERY']);
    expect(shape(await call('GET', '/v1/messages?order=bogus'))).toEqual([400, 'INVALID_QUERY']);
    expect(shape(await call('GET', '/v1/messages?since=0001-01-01T00:00:00%2B14:00'))).toEqual([
      400,
      'INVALID_QUERY',
    ]);
    const huge = await call('POST', '/v1/messages', {
      as: key,
      body: { agent_id: 'agent-1', body: 'x'.repeat(1_048_577) },
    });
    expect(shape(huge)).toEqual([413, 'TOO_LARGE']);
    const ignored = await call('GET', '/v1/messages?wat=1&limit=1');
    expect([ignored.status, ignored.headers.get('x-ignored-params')]).toEqual([200, 'wat']);
  });

  it('says what it is', async () => {
    const { call } = await start();
    expect((await call('GET', '/v1/healthz')).json).toEqual({ status: 'ok' });
    const self = (await call('GET', '/v1')).json;
    expect(self).toMatchObject({
      service: 'bucket-sync',
      collab: 'test',
      org: 'test-org',
      central_bucket: CENTRAL,
    });
    expect(self.endpoints.map((e: { path: string }) => e.path)).toContain('/v1/messages');
    expect((await call('GET', '/openapi.json')).json.openapi).toBe('3.1.0');
    const me = await call('GET', '/v1/me', { as: tokenOf('organizer') });
    expect(me.json).toEqual({
      hf_user: 'organizer',
      handle: 'human-organizer',
      is_member: true,
      is_organizer: true,
    });
    expect((await call('GET', '/v1/healthz?deep=1')).json).toMatchObject({
      status: 'ok',
      hub: 'ok',
      writer: true,
    });
  });

  it('C2: with after, a poller sees a burst whole and in order', async () => {
    const { call, join } = await start();
    const key = await join('agent-1');
    const first = await call('POST', '/v1/messages', {
      as: key,
      body: { agent_id: 'agent-1', body: 'first' },
    });
    await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        call('POST', '/v1/messages', { as: key, body: { agent_id: 'agent-1', body: `n${i}` } }),
      ),
    );
    const seen: string[] = [];
    let cursor = first.json.filename;
    for (let i = 0; i < 4; i++) {
      const page = (await call('GET', `/v1/messages?expand=true&after=${cursor}`)).json;
      seen.push(...page.items.map((r: { body: string }) => r.body));
      cursor = page.cursor;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `n${i}`));
  });

  it('S30: writes and refusals are in the audit log, one file per flush', async () => {
    const { call, join, clock, hub } = await start();
    const key = await join('agent-1');
    await call('POST', '/v1/messages', { as: key, body: { agent_id: 'agent-1', body: 'x' } });
    await call('POST', '/v1/messages', { body: { agent_id: 'agent-1', body: 'x' } });
    await call('POST', '/v1/messages', {
      as: 'hf_usertwousertwousertwo',
      body: { agent_id: 'agent-1', body: 'x' },
    });
    await clock.advance(2000);
    const files = [...(hub.buckets.get(PRIVATE)?.files ?? [])].filter(([p]) => p.startsWith('audit/'));
    const rows = files
      .flatMap(([, f]) => new TextDecoder().decode(f.bytes).trim().split('\n'))
      .map((r) => JSON.parse(r));
    expect(rows.map((r) => [r.route, r.status_code])).toEqual([
      ['/v1/agents/register', 201],
      ['/v1/messages', 201],
      ['/v1/messages', 401],
      ['/v1/messages', 403],
    ]);
    expect(rows.map((r) => r.hf_user)).toEqual(['user-one', undefined, undefined, 'user-two']);
    expect(files[0]?.[0]).toMatch(/^audit\/202606\/20260601-\d{6}-\d{3}\.jsonl$/);
    expect(JSON.stringify(rows)).not.toContain(key);
  });
});

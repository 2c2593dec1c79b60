/** Profile compat: an agent or tool written for the reference server works unchanged. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CENTRAL,
  COMPAT,
  START,
  startTestServer,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

let s: TestServer;

const message = (agent: string, type: string, body: string, more = '') =>
  `---\ntype: ${type}\nagent: ${agent}\ntimestamp: 2026-06-01 10:00 UTC\nvia: raw\n${more}---\n\n${body}\n`;

beforeAll(async () => {
  const clock = testClock(START + 86_400_000);
  const hub = testHub(clock);
  hub.seed(CENTRAL, {
    'agents/agent-1.md':
      '---\nagent_name: agent-1\nagent_model: m\nagent_harness: h\nagent_tools:\n- bash\nhf_user: user-one\nagent_bucket: test-org/test-agent-1\njoined: 2026-06-01 09:00 UTC\n---\n\nI am one.\n',
    'agents/agent-2.md': '---\nagent_name: agent-2\nhf_user: user-two\n---\n',
    'agents/README.md': '# agents',
    'message_board/20260601-100000-000_agent-2.md': message('agent-2', 'agent', 'first about kernels'),
    'message_board/20260601-110000-000_agent-2.md': message(
      'agent-2',
      'plan',
      'second',
      'refs: 20260601-100000-000_agent-2.md\n',
    ),
    'message_board/20260602-090000-000_agent-1.md': message('agent-1', 'agent', 'third'),
    'message_board/README.md': '# board',
    'inbox/agent-1/20260601-100000-000_agent-2.md': message('agent-2', 'agent', 'first about kernels'),
    'broadcasts/20260601-120000-000_human-organizer.md': message(
      'human-organizer',
      'user',
      'all',
      'broadcast: true\n',
    ),
  });
  hub.seed('test-org/test-agent-1', { '.bucket-sync-handshake': 'user-one' });
  s = await startTestServer({ env: COMPAT, clock, hub });
});
afterAll(() => s.close());

const get = async (path: string) => {
  const answer = await s.call('GET', path);
  const { cursor: _, ...rest } = answer.json ?? {};
  return { status: answer.status, json: rest };
};

describe('reads', () => {
  it('GET /v1/messages', async () => {
    expect((await get('/v1/messages')).json).toEqual({
      count: 3,
      matched: 3,
      items: [
        '20260602-090000-000_agent-1.md',
        '20260601-110000-000_agent-2.md',
        '20260601-100000-000_agent-2.md',
      ],
      next: null,
    });
  });

  it.each([
    ['limit=1', ['20260602-090000-000_agent-1.md'], '20260602-090000-000_agent-1.md', 3],
    ['limit=1&order=asc', ['20260601-100000-000_agent-2.md'], '20260601-100000-000_agent-2.md', 3],
    ['agent=agent-2', ['20260601-110000-000_agent-2.md', '20260601-100000-000_agent-2.md'], null, 2],
    ['type=plan', ['20260601-110000-000_agent-2.md'], null, 1],
    ['via=raw&type=agent', ['20260602-090000-000_agent-1.md', '20260601-100000-000_agent-2.md'], null, 2],
    ['q=KERNELS', ['20260601-100000-000_agent-2.md'], null, 1],
    ['q=type: plan', ['20260601-110000-000_agent-2.md'], null, 1],
    ['since=20260602', ['20260602-090000-000_agent-1.md'], null, 1],
    ['since=2026-06-01T11:00:00Z&until=20260601-110000-000', ['20260601-110000-000_agent-2.md'], null, 1],
    ['after=20260601-110000-000_agent-2.md', ['20260602-090000-000_agent-1.md'], null, 3],
    ['before=20260601-110000-000_agent-2.md', ['20260601-100000-000_agent-2.md'], null, 3],
    ['unknown=1&agent=agent-9', [], null, 0],
  ])('GET /v1/messages?%s', async (query, items, next, matched) => {
    expect((await get(`/v1/messages?${query}`)).json).toEqual({ count: 3, matched, items, next });
  });

  it('expanded records and single ones', async () => {
    const one = await get('/v1/messages/20260601-110000-000_agent-2.md');
    expect(one.json).toEqual({
      filename: '20260601-110000-000_agent-2.md',
      frontmatter: {
        type: 'plan',
        agent: 'agent-2',
        timestamp: '2026-06-01 10:00 UTC',
        via: 'raw',
        refs: '20260601-100000-000_agent-2.md',
      },
      body: 'second',
    });
    expect((await get('/v1/messages?expand=1&type=plan')).json.items).toEqual([one.json]);
    expect((await get('/v1/messages/nope.md')).json.error.code).toBe('NOT_FOUND');
    expect((await get('/v1/messages/README.md')).json.body).toBe('# board');
  });

  it('GET /v1/inbox: copies and broadcasts', async () => {
    expect((await get('/v1/inbox/agent-1')).json).toEqual({
      count: 2,
      matched: 2,
      items: ['20260601-120000-000_human-organizer.md', '20260601-100000-000_agent-2.md'],
      next: null,
    });
    expect((await get('/v1/inbox/human-anybody')).json.count).toBe(1);
    expect((await get('/v1/inbox/agent-9')).json.error).toMatchObject({
      code: 'NOT_REGISTERED',
      hint: 'register first via POST /v1/agents/register',
    });
    expect((await get('/v1/inbox/Agent')).json.error.code).toBe('INVALID_PATH');
  });

  it('GET /v1/agents', async () => {
    expect((await get('/v1/agents')).json).toEqual({
      count: 2,
      matched: 2,
      items: ['agent-1.md', 'agent-2.md'],
      next: null,
    });
    const card = {
      agent_id: 'agent-1',
      hf_user: 'user-one',
      model: 'm',
      harness: 'h',
      tools: ['bash'],
      agent_bucket: 'test-org/test-agent-1',
      joined: '2026-06-01 09:00 UTC',
      bio: 'I am one.',
    };
    expect((await get('/v1/agents/agent-1')).json).toEqual(card);
    expect((await get('/v1/agents?expand=true&model=m')).json.items).toEqual([card]);
    expect((await get('/v1/agents?hf_user=user-two')).json.items).toEqual(['agent-2.md']);
    expect((await get('/v1/agents/agent-2')).json).toMatchObject({ model: '', tools: [], bio: null });
    expect((await get('/v1/agents/agent-9')).status).toBe(404);
  });
});

describe('writes', () => {
  it('the example of the wire', async () => {
    const posted = await s.call('POST', '/v1/messages', {
      body: { agent_id: 'agent-1', body: 'hi @agent-2, @human-user-two and @nobody' },
    });
    expect(posted.json).toEqual({
      filename: '20260602-120000-123_agent-1.md',
      via: 'raw',
      path: 'message_board/20260602-120000-123_agent-1.md',
      mentions_delivered: ['agent-2', 'human-user-two'],
      broadcast: false,
    });
  });

  it('the one-of rule is 422', async () => {
    for (const body of [
      {},
      { agent_id: 'agent-1' },
      { source: 'hf://buckets/test-org/test-agent-1/a.md', agent_id: 'agent-1', body: 'x' },
    ])
      expect((await s.call('POST', '/v1/messages', { body })).status).toBe(422);
  });

  it.each([
    [{ agent_id: 'Agent-1', body: 'x' }, 400, 'INVALID_PATH'],
    [{ agent_id: 'agent-9', body: 'x' }, 404, 'NOT_REGISTERED'],
    [{ agent_id: 'human', body: 'x' }, 404, 'NOT_REGISTERED'],
    [{ agent_id: 'agent-1', body: 'x', broadcast: true }, 403, 'NOT_ORGANIZER'],
    [{ agent_id: 'human-user-one', body: 'x' }, 401, 'UNAUTHORIZED'],
    [{ source: 'hf://buckets/other/test-agent-1/a.md' }, 400, 'INVALID_PATH'],
    [{ source: 'hf://buckets/test-org/test-main-bucket/a.md' }, 404, 'NOT_REGISTERED'],
    [{ source: 'hf://buckets/test-org/test-agent-1/a.md', broadcast: true }, 403, 'NOT_ORGANIZER'],
  ])('%j is %i %s', async (body, status, code) => {
    const answer = await s.call('POST', '/v1/messages', { body });
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  });

  it('S2 S5: open writes never reach what costs money or another person', async () => {
    const human = await s.call('POST', '/v1/messages', {
      as: 'hf_useroneuseroneuserone',
      body: { agent_id: 'human-user-two', body: 'x' },
    });
    expect([human.status, human.json.error.code]).toEqual([403, 'IDENTITY_MISMATCH']);
    const wrong = await s.call('POST', '/v1/messages', {
      as: 'hf_usertwousertwousertwo',
      body: { agent_id: 'agent-1', body: 'x' },
    });
    expect((await get(`/v1/messages/${wrong.json.filename}`)).json.frontmatter.auth).toBe('none');
    const job = await s.call('POST', '/v1/results', { body: { agent_id: 'agent-1', body: 'x' } });
    expect(job.status).toBe(422);
  });

  it('S23: an agent is never of type user', async () => {
    const posted = await s.call('POST', '/v1/messages', {
      body: { agent_id: 'agent-1', body: 'x', type: 'user' },
    });
    expect((await get(`/v1/messages/${posted.json.filename}`)).json.frontmatter.type).toBe('agent');
  });

  it('C12: the fifth post in a minute is the last one', async () => {
    const limited = await startTestServer({
      env: { ...COMPAT, RAW_MESSAGE_PER_MINUTE: '5', RAW_MESSAGE_PER_HOUR: '30' },
      hub: s.hub,
      clock: s.clock,
    });
    const status = [];
    for (let i = 0; i < 6; i++)
      status.push(
        await limited.call('POST', '/v1/messages', { body: { agent_id: 'agent-2', body: `${i}` } }),
      );
    expect(status.map((a) => a.status)).toEqual([201, 201, 201, 201, 201, 429]);
    expect(status[5]?.headers.get('retry-after')).toBe('60');
    await limited.close();
  });
});

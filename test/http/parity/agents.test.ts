/** Registration and the register under compat: order of refusals, bytes, cards. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CENTRAL, ORG, type TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, ONE, STRANGER, source, TWO, uri, written } from './scene.ts';

let s: TestServer;
beforeAll(async () => {
  s = await compatServer({ REGISTRATION_PER_MINUTE: '100000' });
  s.hub.seed(`${ORG}/test-agent-3`, { 'README.md': 'no handshake' });
  s.hub.seed(`${ORG}/test-agent-4`, { '.bucket-sync-handshake': 'user-two' });
  s.hub.seed(`${ORG}/test-agent-5`, { '.bucket-sync-handshake': ' stranger\n' });
  s.hub.seed(`${ORG}/test-agent-9`, { '.bucket-sync-handshake': 'user-one\n' });
});
afterAll(() => s.close());

const register = (agent_id: string, as?: string, more: object = {}) =>
  s.call('POST', '/v1/agents/register', {
    as,
    body: { agent_id, model: 'm', harness: 'h', tools: ['bash'], ...more },
  });

describe('POST /v1/agents/register', () => {
  type Row = [string, string, string | undefined, object, number, string, RegExp?];
  const rows: Row[] = [
    ['capitals before everything', 'Agent-9', undefined, {}, 400, 'INVALID_PATH', /^use 'agent-9' instead$/],
    ['a bad name', 'agent_9', undefined, {}, 400, 'INVALID_PATH'],
    ['a trailing newline', 'agent-9\n', undefined, {}, 400, 'INVALID_PATH'],
    ['41 characters', 'a'.repeat(41), undefined, {}, 400, 'INVALID_PATH'],
    ['human', 'human', undefined, {}, 400, 'INVALID_PATH'],
    ['human-x', 'human-x', undefined, {}, 400, 'INVALID_PATH'],
    [
      'no bucket, before the missing token',
      'agent-8',
      undefined,
      {},
      412,
      'BUCKET_MISSING',
      /^run: hf buckets create test-org\/test-agent-8$/,
    ],
    ['no token', 'agent-3', undefined, {}, 401, 'UNAUTHORIZED', /./],
    ['a token nobody has', 'agent-3', 'hf_nobodynobodynobody', {}, 401, 'UNAUTHORIZED'],
    ['no handshake', 'agent-3', ONE, {}, 403, 'BUCKET_NOT_OWNED_BY_CALLER', /hf buckets cp/],
    ['the handshake of another', 'agent-4', ONE, {}, 403, 'BUCKET_NOT_OWNED_BY_CALLER', /hf buckets cp/],
    ['the handshake before the name', 'agent-1', TWO, {}, 403, 'BUCKET_NOT_OWNED_BY_CALLER'],
    ['the own name again', 'agent-1', ONE, {}, 409, 'AGENT_ID_TAKEN', /force/],
    [
      'a bio of another',
      'agent-9',
      ONE,
      { bio_source: uri('b.md', 'agent-2') },
      403,
      'BUCKET_NOT_OWNED_BY_CALLER',
    ],
    ['a bio elsewhere', 'agent-9', ONE, { bio_source: 'hf://buckets/x/y/b.md' }, 400, 'INVALID_PATH'],
    [
      'a bio that is not there',
      'agent-9',
      ONE,
      { bio_source: uri('no.md', 'agent-9') },
      404,
      'SOURCE_NOT_FOUND',
    ],
  ];
  it.each(rows)('refuses %s', async (_name, agent, as, more, status, code, hint) => {
    expectRefusal(await register(agent, as, more), status, code, hint);
  });

  it('says that a human name is reserved', async () => {
    expect((await register('human')).json.error.message).toContain('reserved');
  });

  it('another user who took over the bucket does not take over the name', async () => {
    s.hub.seed(`${ORG}/test-agent-2`, { '.bucket-sync-handshake': 'user-one' });
    expectRefusal(await register('agent-2', ONE), 403, 'IDENTITY_MISMATCH');
    s.hub.seed(`${ORG}/test-agent-2`, { '.bucket-sync-handshake': 'user-two' });
  });

  it('writes the card byte for byte and answers with three keys', async () => {
    const answer = await register('agent-9', ONE);
    expect(answer.status).toBe(201);
    expect(answer.text).toBe(
      '{"filename":"agent-9.md","agent_bucket":"test-org/test-agent-9","hf_user":"user-one"}',
    );
    expect(s.hub.textOf(CENTRAL, 'agents/agent-9.md')).toBe(
      '---\nagent_name: agent-9\nagent_model: m\nagent_harness: h\nagent_tools:\n- bash\nhf_user: user-one\nagent_bucket: test-org/test-agent-9\njoined: 2026-06-01 12:00 UTC\n---\n',
    );
  });

  it('no tools are an empty list', async () => {
    expect((await register('agent-5', STRANGER, { tools: undefined })).status).toBe(201);
    expect(written(s, 'agents/agent-5.md')).toContain('\nagent_tools: []\n');
  });

  it('force takes the bio without its head', async () => {
    const bio_source = source(s, 'bio.md', '---\nagent_name: evil\n---\nI am nine.\n', 'agent-9');
    expect((await register('agent-9', ONE, { force: true, bio_source })).status).toBe(201);
    const text = written(s, 'agents/agent-9.md');
    expect(text).toMatch(/^---\nagent_name: agent-9\n[^]*---\n\nI am nine\.\n$/);
    expect((await s.call('GET', '/v1/agents/agent-9')).json.bio).toBe('I am nine.');
  });

  it('the limit comes before bucket and token, per name', async () => {
    const limited = await compatServer({ REGISTRATION_PER_MINUTE: '3' });
    const ask = (agent_id: string) =>
      limited.call('POST', '/v1/agents/register', { body: { agent_id, model: 'm', harness: 'h' } });
    const status: number[] = [];
    for (let i = 0; i < 4; i++) status.push((await ask('agent-8')).status);
    const last = await ask('agent-8');
    expect(status).toEqual([412, 412, 412, 429]);
    expectRefusal(last, 429, 'RATE_LIMITED');
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('agent-7')).status).toBe(412);
    await limited.close();
  });

  it('a body that breaks the schema is 422 with the detail of the reference', async () => {
    const answer = await s.call('POST', '/v1/agents/register', { body: { agent_id: 'x' } });
    expect(answer.status).toBe(422);
    expect(answer.json.detail[0]).toMatchObject({ loc: ['body', 'model'] });
  });

  it('is kept in the audit with the keys in order', async () => {
    await s.services.audit.flush();
    const rows = [...(s.hub.buckets.get('test-admin/test-audit')?.files.keys() ?? [])]
      .filter((path) => path.startsWith('audit/'))
      .flatMap((path) => (s.hub.textOf('test-admin/test-audit', path) ?? '').trim().split('\n'))
      .map((line) => JSON.parse(line));
    const row = rows.find((each) => each.status_code === 201 && each.agent_id === 'agent-9');
    expect(Object.keys(row).filter((key) => !['caller_ip', 'user_agent'].includes(key))).toEqual([
      'ts',
      'agent_id',
      'route',
      'via',
      'source',
      'target_path',
      'bytes',
      'status_code',
      'hf_user',
    ]);
    expect(row).toMatchObject({ route: '/v1/agents/register', via: null, source: null, bytes: 163 });
  });
});

describe('the register', () => {
  it('a card in full, in the order of its keys', async () => {
    expect((await s.call('GET', '/v1/agents/agent-2')).text).toBe(
      '{"agent_id":"agent-2","hf_user":"user-two","model":"m","harness":"h","tools":["bash"],"agent_bucket":"test-org/test-agent-2","joined":"2026-06-01 09:00 UTC","bio":null}',
    );
  });
  it.each([
    ['Agent-1', 400, 'INVALID_PATH'],
    ['agent-77', 404, 'NOT_REGISTERED'],
  ])('GET /v1/agents/%s is %i %s', async (id, status, code) => {
    expectRefusal(await s.call('GET', `/v1/agents/${id}`), status, code);
  });
  it.each([
    ['', ['agent-1.md', 'agent-2.md', 'agent-5.md', 'agent-9.md'], null],
    ['order=desc&limit=1', ['agent-9.md'], 'agent-9.md'],
    ['after=agent-2.md&limit=1', ['agent-5.md'], 'agent-5.md'],
    ['before=agent-2.md', ['agent-1.md'], null],
    ['hf_user=user-two', ['agent-2.md'], null],
    ['harness=h&model=m&limit=0', ['agent-1.md', 'agent-2.md', 'agent-5.md', 'agent-9.md'], null],
    ['model=none', [], null],
    ['q=AM NINE', ['agent-9.md'], null],
  ])('GET /v1/agents?%s', async (query, items, next) => {
    const { json } = await s.call('GET', `/v1/agents?${query}`);
    expect(Object.keys(json)).toEqual(['count', 'matched', 'items', 'next']);
    expect([json.count, json.items, json.next]).toEqual([4, items, next]);
  });
});

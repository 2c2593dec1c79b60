/** What a client or test of the reference meets at the edges of its wire: heads, mentions, framework errors, foreign edits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CENTRAL, ORG, startTestServer, type TestServer, testClock, testHub } from '../../helpers/server.ts';
import { card, compatServer, expectRefusal, ONE, source, TWO, uri, written } from './scene.ts';

let s: TestServer;
beforeAll(async () => {
  s = await compatServer();
});
afterAll(() => s.close());

let posted = 0;
async function post(path: string, body: object, as?: string) {
  await s.clock.advance(5);
  return s.call('POST', path, { body, as });
}
const fromFile = (text: string) => post('/v1/messages', { source: source(s, `e${posted++}.md`, text) });
const read = async (filename: string) => (await s.call('GET', `/v1/messages/${filename}`)).json;

describe('heads of source files', () => {
  it.each(['---\n- a\n---\nx', '---\njust text\n---\nx'])('%j is no mapping', async (text) => {
    const answer = await fromFile(text);
    expectRefusal(answer, 400, 'INVALID_FRONTMATTER');
    expect(answer.json.error).toEqual({
      code: 'INVALID_FRONTMATTER',
      message: 'frontmatter must be a mapping',
    });
  });

  it.each([
    ['---k: v\n---\nbody 1', 'body 1'],
    ['---\n\n\nk: v\n---\nbody 2', 'body 2'],
    ['---\nk: v\n---body 3', 'body 3'],
    ['---\nk: v\n----\nbody 4', '-\nbody 4'],
    ['---\r\nk: v\r\n---\r\nbody 5', 'body 5'],
  ])('%j has a head', async (text, body) => {
    const { frontmatter, ...record } = await read((await fromFile(text)).json.filename);
    expect([frontmatter.k, record.body.trim()]).toEqual(['v', body]);
  });

  it('a head that never ends is body', async () => {
    const { json } = await fromFile('---\nk: v\n');
    expect((await read(json.filename)).frontmatter).not.toHaveProperty('k');
  });

  it('every key of the client stays, in its order; proofs of the server are nobody else’s', async () => {
    const head =
      'topic: kernels\nnested:\n  x:\n    deep: 1\nagent: evil\nvia: mine\nauth: key\nsource_sha256: f00\n';
    const { json } = await fromFile(`---\n${head}---\nbody`);
    expect(written(s, json.path)).toBe(
      '---\ntopic: kernels\nnested:\n  x:\n    deep: 1\nagent: agent-1\nvia: bucket\ntype: agent\ntimestamp: 2026-06-01 12:00 UTC\n---\n\nbody\n',
    );
    expect((await read(json.filename)).frontmatter).toMatchObject({
      nested: { x: { deep: 1 } },
      auth: 'none',
    });
  });
});

describe('mentions', () => {
  it.each([
    ['`@agent-2`', ['agent-2']],
    ['> @agent-2', ['agent-2']],
    ['```\n@agent-2\n```', ['agent-2']],
    ['https://example.org/@agent-2', ['agent-2']],
    ['@agent-2_x and @agent-2.', ['agent-2']],
    ['@human-bob.x', ['human-bob']],
    ['me@agent-2 @Agent-2 @human- @nobody', []],
  ])('%j calls %j', async (body, called) => {
    expect((await post('/v1/messages', { agent_id: 'agent-1', body })).json.mentions_delivered).toEqual(
      called,
    );
  });
});

describe('who writes', () => {
  it.each([TWO, 'hf_nobodynobodynobody'])('a credential nobody asked for changes nothing: %s', async (as) => {
    const answer = await post('/v1/messages', { agent_id: 'agent-1', body: 'x' }, as);
    expect(answer.status).toBe(201);
    expect((await read(answer.json.filename)).frontmatter.auth).toBe('none');
  });
  it('capitals in a handle come before the token', async () => {
    expectRefusal(await post('/v1/messages', { agent_id: 'human-User-One', body: 'x' }), 400, 'INVALID_PATH');
  });
  it('an agent that was registered elsewhere a moment ago is looked for', async () => {
    for (const agent of ['agent-5', 'agent-6', 'agent-7'])
      s.hub.seed(CENTRAL, { [`agents/${agent}.md`]: card(agent, 'user-two') });
    expect((await s.call('GET', '/v1/agents/agent-5')).status).toBe(200);
    expect((await post('/v1/messages', { agent_id: 'agent-6', body: 'x' })).status).toBe(201);
    const from = source(s, 'm.md', 'hello', 'agent-7');
    expect((await post('/v1/messages', { source: from })).status).toBe(201);
  });
  it('but not without end', async () => {
    const before = s.hub.calls.listFiles ?? 0;
    for (let i = 0; i < 90; i++) expect((await s.call('GET', `/v1/agents/none-${i}`)).status).toBe(404);
    expect((s.hub.calls.listFiles ?? 0) - before).toBeLessThanOrEqual(60);
  });
  it('registering again renews `joined`', async () => {
    const body = { agent_id: 'agent-1', model: 'm', harness: 'h', force: true };
    expect((await post('/v1/agents/register', body, ONE)).status).toBe(201);
    expect((await s.call('GET', '/v1/agents/agent-1')).json.joined).toBe('2026-06-01 12:00 UTC');
  });
});

describe('errors of the framework', () => {
  it.each([
    [
      { agent_id: 5, body: 'x' },
      { type: 'string_type', loc: ['body', 'agent_id'] },
    ],
    [{ agent_id: 'agent-1' }, { type: 'value_error', loc: ['body'] }],
  ])('%j', async (body, detail) => {
    const answer = await post('/v1/messages', body);
    expect([answer.status, answer.json.detail[0]]).toEqual([422, { ...detail, msg: expect.any(String) }]);
  });
  it('missing fields, each by its name', async () => {
    const { json } = await post('/v1/agents/register', { agent_id: 'x', tools: [1] });
    expect(json.detail).toEqual([
      { type: 'missing', loc: ['body', 'model'], msg: 'Field required' },
      { type: 'missing', loc: ['body', 'harness'], msg: 'Field required' },
      { type: 'string_type', loc: ['body', 'tools', 0], msg: 'Input should be a valid string' },
    ]);
  });
  it.each([
    ['POST', '/v1/messages', '{bad', 'json_invalid', ['body', 0]],
    ['POST', '/v1/traces', '{"source":"x","share":"some"}', 'literal_error', ['body', 'share']],
    ['GET', '/v1/messages?limit=x', undefined, 'int_parsing', ['query', 'limit']],
    ['GET', '/v1/messages?expand=x', undefined, 'bool_parsing', ['query', 'expand']],
  ])('%s %s %s is %s', async (method, path, body, type, loc) => {
    const answer = await s.call(method, path, { body });
    expect([answer.status, answer.json.detail[0].type, answer.json.detail[0].loc]).toEqual([422, type, loc]);
  });
  it('an unknown route and a wrong method are the framework’s alone; others carry code, message, hint', async () => {
    expect((await s.call('GET', '/v1/nowhere')).json).toEqual({ detail: 'Not Found' });
    expect((await s.call('PUT', '/v1/messages')).json).toEqual({ detail: 'Method Not Allowed' });
    expect((await s.call('GET', '/v1/messages/none.md')).json).toEqual({
      error: { code: 'NOT_FOUND', message: 'no such file: none.md' },
    });
  });
  it.each([
    ['GET', '/v1/messages/?limit=1', '/v1/messages?limit=1'],
    ['POST', '/v1/results/', '/v1/results'],
    ['GET', '/v1/', '/v1'],
  ])('%s %s leads to %s', async (method, path, to) => {
    const answer = await s.call(method, path, method === 'POST' ? { body: {} } : {});
    expect([answer.status, answer.headers.get('location')]).toEqual([307, to]);
  });
});

describe('parameters', () => {
  it.each([
    ['expand=t&limit=99999999999999999999', 200],
    ['expand=N', 200],
    ['since=20261301', 400],
    ['until=20260601-250000', 400],
  ])('?%s is %i', async (query, status) => {
    expect((await s.call('GET', `/v1/messages?${query}`)).status).toBe(status);
  });
});

describe('foreign edits', () => {
  it('with LISTING_TTL_S=0 every read lists', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const eager = await startTestServer({
      env: { WRITE_AUTH: 'open', REGISTRATION: 'compat', LISTING_TTL_S: '0' },
      clock,
      hub,
    });
    for (const n of [1, 2, 3]) {
      hub.seed(CENTRAL, { [`message_board/20260601-10000${n}-000_agent-1.md`]: 'x' });
      expect((await eager.call('GET', '/v1/messages')).json.count).toBe(n);
    }
    await eager.close();
  });

  it('an edit of the index counts as soon as a listing shows it', async () => {
    const text = '---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\n';
    const { json } = await post('/v1/results', { source: source(s, 'r.md', text) });
    const state = async () => (await s.call('GET', `/v1/results/${json.filename}`)).json.verification;
    expect(await state()).toBe('pending');
    s.hub.seed(CENTRAL, {
      'results/verification_status.json': JSON.stringify({ [json.filename]: 'invalid' }),
    });
    await s.services.store.refresh();
    await expect.poll(state).toBe('invalid');
  });
});

describe('results', () => {
  it('a word of the organizers’ own in the index is shown, and ranked nowhere', async () => {
    const result = '---\nscore: 5\nstatus: agent-run\nmethod: m\ndescription: d\n---\n';
    const name = '20260601-100000-000_agent-1.md';
    const board = await compatServer(
      {},
      {
        [`results/${name}`]: result,
        'results/verification_status.json': JSON.stringify({ [name]: 'disputed', 'gone.md': 'valid' }),
      },
    );
    const state = async () => (await board.call('GET', `/v1/results/${name}`)).json.verification;
    await expect.poll(state).toBe('disputed');
    const { json } = await board.call('GET', '/v1/leaderboard');
    expect([json.rows, json.meta.excluded]).toEqual([
      [],
      { status_negative: 0, malformed: 0, verification_disputed: 1 },
    ]);
    expect((await board.call('GET', '/v1/results?verification=pending')).json.matched).toBe(0);
    await board.close();
  });

  it('inline ones are not known without a credential', async () => {
    const answer = await post('/v1/results', { agent_id: 'agent-1', body: 'x' });
    expect([answer.status, answer.json.detail[0].loc]).toEqual([422, ['body', 'source']]);
  });
  it.each(['results', 'leaderboard'])('%s: states that only this server knows are refused', async (path) => {
    expectRefusal(await s.call('GET', `/v1/${path}?verification=queued`), 400, 'INVALID_QUERY');
  });
  it('a status that is not agent-run is malformed, one that is absent too', async () => {
    const head = (status: string) => `---\nscore: 5\n${status}method: m\ndescription: d\n---\n`;
    const board = await compatServer(
      {},
      {
        'results/20260601-100000-000_agent-1.md': head(''),
        'results/20260601-100001-000_agent-1.md': head('status: baseline\n'),
      },
    );
    const { json } = await board.call('GET', '/v1/leaderboard');
    expect([json.rows, json.meta.excluded]).toEqual([[], { status_negative: 0, malformed: 2 }]);
    await board.close();
  });
});

describe('copies', () => {
  const artifacts = (from: string) => post('/v1/artifacts:sync', { source: from, dest_slug: 'x' });
  it('a folder without files is no error', async () => {
    const { status, json } = await artifacts(uri('none'));
    expect([status, json.files, json.bytes_copied]).toEqual([200, [], 0]);
  });
  it('no path is the whole bucket, its dot-files apart', async () => {
    source(s, 'deep/x.txt', 'x', 'agent-2');
    const { json } = await artifacts(`hf://buckets/${ORG}/test-agent-2`);
    expect(json.files).toEqual([
      { src_path: 'deep/x.txt', dest_path: 'artifacts/x_agent-2/deep/x.txt', bytes: 1 },
    ]);
  });
  it.each([
    ['my_agent-1_tools', 200],
    ['x_agent-1.v2.tar.gz', 200],
    ['x_agent-12', 400],
    ['x_agent-1-b', 400],
  ])('the marker stands anywhere, as a whole name: %s', async (dest_path, status) => {
    source(s, 'd/x.txt', 'x');
    expect((await post('/v1/shared-resources:sync', { source: uri('d'), dest_path })).status).toBe(status);
  });
});

describe('taskforces', () => {
  const file = (dest_path: string, text = 'x') =>
    post('/v1/taskforces/edge/files', { source: source(s, 'named', text), dest_path });
  beforeAll(async () => {
    await post('/v1/taskforces', { name: 'edge', source: source(s, 'readme.md', '# Edge') });
  });

  it('the same README is refused', async () => {
    const again = await post('/v1/taskforces', { name: 'edge', source: uri('readme.md') });
    expectRefusal(again, 409, 'ALREADY_PROMOTED', 'existing filename: README.md');
  });
  it.each([
    ['a_agent-1.html', 'text/html'],
    ['a_agent-1.json', 'application/json'],
    ['a_agent-1.py', 'text/x-python'],
    ['a_agent-1.png', 'image/png'],
    ['a_agent-1.md', 'text/markdown'],
    ['a_agent-1.zzz', 'application/octet-stream'],
  ])('%s is served as %s, and runs nowhere', async (name, type) => {
    expect((await file(name)).status).toBe(201);
    const { headers } = await s.call('GET', `/v1/taskforces/edge/files/${name}`);
    expect(headers.get('content-type')?.split(';')[0]).toBe(type);
    expect(headers.get('content-disposition')).toBe('attachment');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
  it('all Markdown but READMEs is among the notes; markers make contributors', async () => {
    await file('deep/b_agent-2_by_agent-1.md');
    const { json } = await s.call('GET', '/v1/taskforces/edge/notes?order=asc');
    expect(json.items).toEqual(['a_agent-1.md', 'b_agent-2_by_agent-1.md']);
    const one = (await s.call('GET', '/v1/taskforces/edge')).json;
    expect([one.note_count, one.contributors]).toEqual([2, ['agent-1', 'agent-2']]);
  });
});

describe('traces', () => {
  it('cursors are of the minute, days as their authors name them', async () => {
    const manifest = (session: string) =>
      `---\nschema_version: 1\nharness: codex\nsession_id: ${session}\nstarted_at: '2020-02-03T08:00:00Z'\nusage:\n  total_tokens: 7\n---\n`;
    for (const session of ['t1', 't2']) {
      source(s, `traces/${session}/manifest.md`, manifest(session));
      expect((await post('/v1/traces', { source: uri(`traces/${session}`) })).status).toBe(201);
    }
    const { json } = await s.call('GET', '/v1/traces?limit=1&order=asc');
    expect([json.items, json.next]).toEqual([['agent-1/t1'], '2026-06-01 12:00 UTC|agent-1/t1']);
    expect((await s.call('GET', '/v1/stats')).json.by_day).toEqual({ '2020-02-03': 14 });
  });
});

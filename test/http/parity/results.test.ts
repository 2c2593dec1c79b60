/** Results, leaderboard, statistics and digest under compat: refusals in order, bytes, states, rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CENTRAL, type TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, source, uri, written } from './scene.ts';

const result = (head: Record<string, string>, body = '') =>
  `---\n${Object.entries({ score: '150.5', method: 'm', status: 'agent-run', description: 'd', ...head })
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n')}\n---\n${body}`;
const record = (agent: string, head: Record<string, string>) =>
  result({ ...head, agent, timestamp: '2026-06-01 10:00 UTC', via: 'bucket' });

const A = '20260601-100000-000_agent-1.md';
const B = '20260601-100000-001_agent-1.md';
const C = '20260601-100000-002_agent-2.md';
const D = '20260601-100000-003_agent-2.md';
const E = '20260601-100000-004_agent-9.md';
const F = '20260601-100000-005_agent-9.md';

let s: TestServer;
let posting: TestServer;
beforeAll(async () => {
  posting = await compatServer();
  s = await compatServer(
    {},
    {
      [`results/${A}`]: record('agent-1', { score: '10' }),
      [`results/${B}`]: record('agent-1', { score: '30' }),
      [`results/${C}`]: record('agent-2', { score: '20' }),
      [`results/${D}`]: record('agent-2', { score: '99' }),
      [`results/${E}`]: record('agent-9', { score: '5', status: 'negative' }),
      [`results/${F}`]: '---\n: [\n---\nbroken',
      'results/verification_status.json': JSON.stringify({ [A]: 'valid', [B]: 'pending', [D]: 'invalid' }),
    },
  );
});
afterAll(() => Promise.all([s.close(), posting.close()]));

const post = async (text: string, agent = 'agent-1') => {
  await posting.clock.advance(5);
  return posting.call('POST', '/v1/results', {
    body: { source: source(posting, `r${Math.random()}.md`, text, agent) },
  });
};

describe('POST /v1/results', () => {
  it.each([
    ['hf://buckets/other/test-agent-1/r.md', 400, 'INVALID_PATH'],
    [uri('r.md', 'agent-7'), 404, 'NOT_REGISTERED'],
    [uri('none.md'), 404, 'SOURCE_NOT_FOUND'],
  ])('source %s is %i %s', async (address, status, code) => {
    expectRefusal(await posting.call('POST', '/v1/results', { body: { source: address } }), status, code);
  });

  it('an inline result without a credential is unknown, as in the reference', async () => {
    const answer = await posting.call('POST', '/v1/results', {
      body: { agent_id: 'agent-1', body: result({}) },
    });
    expectRefusal(answer, 422, 'INVALID_REQUEST');
  });

  it.each([
    ['no method', '---\nscore: 1\nstatus: agent-run\ndescription: d\n---\n', 'method'],
    ['a blank description', result({ description: '"  "' }), 'description'],
    ['a score in words', result({ score: 'fast' }), 'score'],
    ['a score that is true', result({ score: 'true' }), 'score'],
    ['a score of nothing', result({ score: '0' }), 'score'],
    ['a score below nothing', result({ score: '-1' }), 'score'],
    ['another status', result({ status: 'done' }), 'status'],
  ])('%s is 400 INVALID_FRONTMATTER', async (_name, text, field) => {
    const answer = await post(text);
    expectRefusal(answer, 400, 'INVALID_FRONTMATTER');
    expect(answer.json.error.message).toContain(field);
  });

  it('a missing field has the reference’s sentence', async () => {
    const answer = await post('---\nscore: 1\n---\n');
    expect(answer.json.error.message).toBe('result frontmatter missing required field: method');
  });

  it('overrides the client’s head in place and appends what it lacks; the index says pending', async () => {
    const answer = await post(result({ agent: 'agent-2', extra: 'kept' }, 'how'));
    expect(answer.text).toBe(
      `{"filename":"${answer.json.filename}","via":"bucket","path":"results/${answer.json.filename}"}`,
    );
    expect(written(posting, answer.json.path)).toBe(
      '---\nscore: 150.5\nmethod: m\nstatus: agent-run\ndescription: d\nagent: agent-1\nextra: kept\ntimestamp: 2026-06-01 12:00 UTC\nvia: bucket\n---\n\nhow\n',
    );
    const index = JSON.parse(posting.hub.textOf(CENTRAL, 'results/verification_status.json') ?? '');
    expect(index[answer.json.filename]).toBe('pending');
    const { json } = await posting.call('GET', `/v1/results/${answer.json.filename}`);
    expect(Object.keys(json)).toEqual(['filename', 'frontmatter', 'body', 'verification']);
    expect(json.verification).toBe('pending');
  });

  it('the same bytes twice are 409', async () => {
    const address = source(posting, 'twice.md', result({ method: 'twice' }));
    const send = () => posting.call('POST', '/v1/results', { body: { source: address } });
    const first = await send();
    expectRefusal(await send(), 409, 'ALREADY_PROMOTED', `existing filename: ${first.json.filename}`);
  });
});

describe('GET /v1/results', () => {
  it.each([
    ['', [F, E, D, C, B, A], 6],
    ['status=negative', [E], 1],
    ['verification=valid', [A], 1],
    ['verification=pending', [F, E, C, B], 4],
    ['verification=valid,invalid&order=asc', [A, D], 2],
    ['agent=agent-2&limit=1', [D], 2],
  ])('?%s', async (query, items, matched) => {
    const { json } = await s.call('GET', `/v1/results?${query}`);
    expect(Object.keys(json)).toEqual(['count', 'matched', 'items', 'next']);
    expect([json.count, json.matched, json.items]).toEqual([6, matched, items]);
  });
  it.each(['verification=', 'verification=maybe', 'verification=valid,', 'since=x'])(
    '?%s is 400',
    async (query) => {
      expectRefusal(await s.call('GET', `/v1/results?${query}`), 400, 'INVALID_QUERY');
    },
  );
  it('the index is served as a record', async () => {
    expect((await s.call('GET', '/v1/results/verification_status.json')).status).toBe(200);
    expectRefusal(await s.call('GET', '/v1/results/none.md'), 404, 'NOT_FOUND');
  });
});

describe('GET /v1/leaderboard', () => {
  const rows = async (query: string) => (await s.call('GET', `/v1/leaderboard?${query}`)).json.rows;
  const shown = (row: { rank: number; filename: string }) => [row.rank, row.filename];

  it('answers with the reference’s keys and counts', async () => {
    const { json } = await s.call('GET', '/v1/leaderboard');
    expect(Object.keys(json)).toEqual(['score_field', 'order', 'rows', 'meta']);
    expect(json.rows[0]).toEqual({
      rank: 1,
      agent: 'agent-1',
      hf_user: 'user-one',
      score: 30,
      method: 'm',
      verification: 'pending',
      filename: B,
      timestamp: '2026-06-01 10:00 UTC',
      description: 'd',
    });
    expect(Object.keys(json.rows[0])).toEqual([
      'rank',
      'agent',
      'hf_user',
      'score',
      'method',
      'verification',
      'filename',
      'timestamp',
      'description',
    ]);
    expect(Object.keys(json.meta)).toEqual(['generated_at', 'results_considered', 'excluded']);
    expect(json.meta).toMatchObject({
      results_considered: 6,
      excluded: { status_negative: 1, malformed: 1, verification_invalid: 1 },
    });
  });
  it.each([
    [
      '',
      [
        [1, B],
        [2, C],
      ],
    ],
    [
      'best_per_agent=false',
      [
        [1, B],
        [2, C],
        [3, A],
      ],
    ],
    ['verification=valid', [[1, A]]],
    [
      'verification=valid,pending,invalid',
      [
        [1, D],
        [2, B],
      ],
    ],
    ['agent=agent-2', [[2, C]]],
    ['limit=1', [[1, B]]],
    [
      'limit=0',
      [
        [1, B],
        [2, C],
      ],
    ],
    [
      'limit=-3',
      [
        [1, B],
        [2, C],
      ],
    ],
  ])('?%s', async (query, expected) => {
    expect((await rows(query)).map(shown)).toEqual(expected);
  });
});

describe('GET /v1/digest and /v1/stats', () => {
  it('has the reference’s parts', async () => {
    const { json } = await s.call('GET', '/v1/digest?as=agent-1&since=20260601-100000-003');
    expect(Object.keys(json)).toEqual([
      'agents',
      'taskforces',
      'leaderboard',
      'recent_messages',
      'recent_results',
      'inbox',
      'stats',
      'generated_at',
    ]);
    expect(json.agents).toEqual({ count: 2, newest: expect.arrayContaining(['agent-1', 'agent-2']) });
    expect(json.taskforces).toEqual({ count: 0, newest: [] });
    expect(json.leaderboard.map((row: { filename: string }) => row.filename)).toEqual([B, C]);
    expect(json.recent_results.map((each: { filename: string }) => each.filename)).toEqual([F, E, D]);
    expect(json.inbox).toEqual({ count: 0, items: [] });
    expect(json.stats).toBeNull();
  });
  it.each([
    ['as=Agent-1', 400, 'INVALID_PATH'],
    ['as=agent-9', 404, 'NOT_REGISTERED'],
    ['since=x', 400, 'INVALID_QUERY'],
  ])('?%s is %i %s', async (query, status, code) => {
    expectRefusal(await s.call('GET', `/v1/digest?${query}`), status, code);
  });
  it('statistics of nothing', async () => {
    const { generated_at: _, ...json } = (await s.call('GET', '/v1/stats')).json;
    expect(JSON.stringify(json)).toBe(
      '{"tokens":{"total":0,"input":0,"output":0,"cache_read":0,"cache_creation":0,"reasoning":0},"cost_usd":null,"sessions_counted":0,"sessions_missing_tokens":0,"agents_reporting":0,"by_model":{},"by_agent":{},"by_day":{}}',
    );
  });
});

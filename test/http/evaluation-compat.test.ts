/** Results, board and verifier in profile compat: as the reference has them. */
import { afterEach, describe, expect, it } from 'vitest';
import { type JobEnd, type MemoryJobs, withJobs } from '../helpers/memory-jobs.ts';
import {
  CENTRAL,
  COMPAT,
  ORG,
  startTestServer,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

const ENV = { ...COMPAT, VERIFIER_ENABLED: 'true', VERIFIER_AGENT: 'test-verifier', JOB_WATCH_POLL_S: '1' };
let server: TestServer;
let jobs: MemoryJobs;
afterEach(() => server?.close());

async function scene(env: Record<string, string> = {}, behave: () => JobEnd | null = () => null) {
  const clock = testClock();
  const hub = testHub(clock);
  jobs = withJobs(hub, clock.now);
  jobs.behave(behave);
  server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  for (const agent of ['agent-1', 'agent-2']) {
    await server.join(agent, agent === 'agent-1' ? 'user-one' : 'user-two');
    hub.seed(`${ORG}/test-${agent}`, { 'sub/serve.py': agent });
  }
}
let counter = 0;
async function post(agent: string, score: number | string, over: Record<string, unknown> = {}) {
  const path = `results/${counter++}.md`;
  const head = {
    score,
    method: `m${counter}`,
    status: 'agent-run',
    description: 'a result',
    artifacts: 'sub',
    ...over,
  };
  const lines = Object.entries(head).map(
    ([key, value]) => `${key}: ${typeof value === 'number' ? value : JSON.stringify(value)}`,
  );
  server.hub.seed(`${ORG}/test-${agent}`, { [path]: `---\n${lines.join('\n')}\n---\n` });
  await server.clock.advance(5);
  return server.call('POST', '/v1/results', {
    body: { source: `hf://buckets/${ORG}/test-${agent}/${path}` },
  });
}
const index = () => JSON.parse(server.hub.textOf(CENTRAL, 'results/verification_status.json') ?? '{}');
const get = async (path: string) => (await server.call('GET', path)).json;
const settle = () => server.clock.advance(60_000);
const rerun = (score: number, more: object = {}): JobEnd => ({
  state: { 'summary.json': JSON.stringify({ score, ...more }) },
});

describe('results in profile compat', () => {
  it('answer, index and record as the reference has them; writes are marked as not authenticated', async () => {
    await scene();
    const posted = await post('agent-1', 150);
    expect(posted.status).toBe(201);
    expect(Object.keys(posted.json)).toEqual(['filename', 'via', 'path']);
    expect(index()).toEqual({ [posted.json.filename]: 'pending' });
    const record = await get(`/v1/results/${posted.json.filename}`);
    expect(record).toMatchObject({ verification: 'pending' });
    expect(record.frontmatter).toMatchObject({
      agent: 'agent-1',
      timestamp: '2026-06-01 12:00 UTC',
      via: 'bucket',
      auth: 'none',
    });
  });

  it('scores must be greater than 0', async () => {
    await scene();
    expect((await post('agent-1', 0)).json.error).toMatchObject({ code: 'INVALID_FRONTMATTER' });
    expect((await post('agent-1', -1)).status).toBe(400);
  });

  it('the board ranks claims, valid and pending in one list, invalid left out', async () => {
    await scene({ VERIFIER_ENABLED: 'false' });
    const first = (await post('agent-1', 150)).json.filename;
    await post('agent-2', 200);
    await post('agent-1', 50, { status: 'negative' });
    const invalid = (await post('agent-2', 900)).json.filename;
    server.hub.seed(CENTRAL, {
      'results/verification_status.json': JSON.stringify({ [first]: 'valid', [invalid]: 'invalid' }),
    });
    await settle();
    const board = await get('/v1/leaderboard');
    expect(Object.keys(board)).toEqual(['score_field', 'order', 'rows', 'meta']);
    expect(board.rows.map((row: object) => Object.keys(row))[0]).toEqual([
      ...[
        'rank',
        'agent',
        'hf_user',
        'score',
        'method',
        'verification',
        'filename',
        'timestamp',
        'description',
      ],
    ]);
    expect(board.rows).toMatchObject([
      { rank: 1, agent: 'agent-2', score: 200, verification: 'pending' },
      { rank: 2, agent: 'agent-1', score: 150, verification: 'valid', hf_user: 'user-one' },
    ]);
    expect(board.meta).toMatchObject({
      results_considered: 4,
      excluded: { status_negative: 1, malformed: 0, verification_invalid: 1 },
    });
    expect((await get('/v1/leaderboard?verification=valid')).rows).toHaveLength(1);
    expect((await get('/v1/leaderboard?agent=agent-1')).rows).toMatchObject([{ rank: 2 }]);
    expect((await get('/v1/leaderboard?best_per_agent=false&limit=1')).rows).toHaveLength(1);
    expect((await get('/v1/results?verification=invalid')).items).toEqual([invalid]);
  });
});

describe('an evaluator of its own (V5, V6)', () => {
  const ORGANIZER = 'hf_organizerorganizer';
  it('pages through everything that is pending, and gives verdicts with reasons that a person may overrule', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const results = Array.from(
      { length: 250 },
      (_, n) => `20260601-10${String(n).padStart(4, '0')}-000_agent-1.md`,
    );
    const text = '---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\n';
    hub.seed(CENTRAL, Object.fromEntries(results.map((name) => [`results/${name}`, text])));
    server = await startTestServer({ clock, hub, env: { VERIFICATION_MODE: 'eval-space' } });
    const seen: string[] = [];
    for (let after: string | null = '0'; after; ) {
      const page = await get(
        `/v1/results?verification=pending&expand=true&limit=200&order=asc&after=${after}`,
      );
      seen.push(...page.items.map((item: { filename: string }) => item.filename));
      after = page.next;
    }
    expect(seen).toEqual(results);
    const judge = (body: object) =>
      server.call('POST', `/v1/results/${results[0]}/verdict`, { as: ORGANIZER, body });
    const measured = {
      state: 'valid',
      reason: 'ran it',
      evaluator: true,
      score: 7,
      gates: [{ id: 'audit', pass: true }],
    };
    expect((await judge(measured)).json).toMatchObject({ verification: 'valid', score: 7, reason: 'ran it' });
    expect((await get('/v1/leaderboard')).rows[0]).toMatchObject({ rank: 1, score: 7, claimed: 1 });
    expect((await judge({ state: 'invalid', reason: 'copied' })).json.verification).toBe('invalid');
    expect((await judge(measured)).json).toMatchObject({ verification: 'invalid', reason: 'copied' });
    expect((await judge({ state: 'valid' })).status).toBe(422);
  });
});

describe('the verifier in profile compat', () => {
  it('runs what strictly beats the best valid result, and nothing else', async () => {
    await scene({}, () => rerun(150));
    await post('agent-1', 150);
    await settle();
    await post('agent-2', 150);
    await post('agent-2', 100);
    await settle();
    expect(jobs.launched).toHaveLength(1);
    await post('agent-2', 151);
    await settle();
    expect(jobs.launched).toHaveLength(2);
  });

  const table: [string, number, object, Record<string, string>, string][] = [
    ['within the tolerance', 104, {}, {}, 'valid'],
    ['too low', 90, {}, {}, 'invalid'],
    ['too high is invalid there as well', 110, {}, {}, 'invalid'],
    ['the guard holds', 100, { ppl: 2 }, { VERIFIER_GUARD_FIELD: 'ppl', VERIFIER_GUARD_CAP: '2.4' }, 'valid'],
    [
      'the guard does not',
      100,
      { ppl: 3 },
      { VERIFIER_GUARD_FIELD: 'ppl', VERIFIER_GUARD_CAP: '2.4' },
      'invalid',
    ],
    ['the guard is missing', 100, {}, { VERIFIER_GUARD_FIELD: 'ppl', VERIFIER_GUARD_CAP: '2.4' }, 'pending'],
  ];
  it.each(table)('%s', async (_name, score, more, env, state) => {
    await scene(env, () => rerun(score, more));
    const { filename } = (await post('agent-1', 100)).json;
    await settle();
    expect(index()).toEqual({ [filename]: state });
    const { items } = await get('/v1/messages?expand=true&type=verification');
    expect(items).toHaveLength(state === 'pending' ? 0 : 1);
    if (state !== 'pending')
      expect(items[0].body).toMatch(state === 'valid' ? /VERIFIED VALID.*@agent-1/s : /INVALID.*@agent-1/s);
    if (state !== 'pending') expect(items[0].body.includes('❌')).toBe(state === 'invalid');
    if (state === 'valid') expect(items[0].body).toContain('✅');
    expect(jobs.launched).toHaveLength(1);
    await server.clock.advance(600_000);
    expect(jobs.launched).toHaveLength(1);
  });

  it('V9: an empty VERIFIER_AGENT never makes a nameless author', async () => {
    await scene({ VERIFIER_AGENT: '' }, () => rerun(100));
    await post('agent-1', 100);
    await settle();
    expect((await get('/v1/messages')).items[0]).toMatch(/_verifier\.md$/);
  });

  it('what cannot be found is said on the board and stays pending', async () => {
    await scene();
    const { filename } = (await post('agent-1', 100, { artifacts: 'nowhere' })).json;
    await settle();
    expect(index()).toEqual({ [filename]: 'pending' });
    const { items } = await get('/v1/messages?expand=true&type=verification');
    expect(items[0].body).toMatch(/@agent-1[\s\S]*couldn't reproduce/);
    expect(items[0].frontmatter).toMatchObject({
      type: 'verification',
      via: 'server',
      agent: 'test-verifier',
      refs: [filename],
    });
    await settle();
    expect((await get('/v1/messages?type=verification')).matched).toBe(1);
  });
});

/** Self-description, identity and benchmarks under compat. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withJobs } from '../../helpers/memory-jobs.ts';
import {
  COMPAT,
  ORG,
  PRIVATE,
  startTestServer,
  type TestServer,
  testClock,
  testHub,
} from '../../helpers/server.ts';
import { card, compatServer, expectRefusal, ONE, ORGANIZER, STRANGER, TWO } from './scene.ts';

let s: TestServer;
let running: TestServer;
beforeAll(async () => {
  s = await compatServer();
  const clock = testClock();
  const hub = testHub(clock);
  withJobs(hub, clock.now);
  hub.seed(`${ORG}/test-main-bucket`, { 'agents/agent-1.md': card('agent-1', 'user-one') });
  hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-one', 'submissions/v1/run.py': 'x' });
  const env = { ...COMPAT, JOBS_ENABLED: 'true', JOB_PER_AGENT_PER_DAY: '2' };
  running = await startTestServer({ env, clock, hub });
});
afterAll(() => Promise.all([s.close(), running.close()]));

describe('who and what', () => {
  it('healthz', async () => {
    expect((await s.call('GET', '/v1/healthz')).text).toBe('{"status":"ok"}');
  });
  it('GET /v1 has what the trace client relies on', async () => {
    const { json } = await s.call('GET', '/v1');
    expect(json).toMatchObject({
      service: 'bucket-sync',
      collab: 'test',
      org: ORG,
      central_bucket: `${ORG}/test-main-bucket`,
      score_field: 'score',
      score_order: 'desc',
      docs: '/docs',
    });
    const rows = json.endpoints.map(
      ({ method, path }: { method: string; path: string }) => `${method} ${path}`,
    );
    expect(rows).toContain('POST /v1/traces');
    expect(rows).not.toContain('POST /v1/jobs:run');
  });
  it('calls itself what the reference does, and describes this profile', async () => {
    expect((await s.call('GET', '/openapi.json')).json.info).toEqual({
      title: 'bucket-sync',
      version: '1.3.0',
    });
    const { conventions } = (await s.call('GET', '/v1')).json;
    expect(JSON.stringify(conventions)).not.toMatch(/cursor|agent key|untrusted: true|queued/);
  });
  it.each([
    [ONE, '{"hf_user":"user-one","handle":"human-user-one","is_member":true,"is_organizer":false}'],
    [ORGANIZER, '{"hf_user":"organizer","handle":"human-organizer","is_member":true,"is_organizer":true}'],
    [STRANGER, '{"hf_user":"stranger","handle":"human-stranger","is_member":false,"is_organizer":false}'],
  ])('GET /v1/me', async (as, text) => {
    expect((await s.call('GET', '/v1/me', { as })).text).toBe(text);
  });
  it.each(['', 'Basic abc', 'Bearer', 'Bearer hf_nobodynobodynobody'])(
    'Authorization %j is 401',
    async (header) => {
      const headers = { Authorization: header };
      expectRefusal(await s.call('GET', '/v1/me', { headers }), 401, 'UNAUTHORIZED');
    },
  );
  it('the scheme is read in any case', async () => {
    expect((await s.call('GET', '/v1/me', { headers: { Authorization: `bEaReR  ${ONE} ` } })).status).toBe(
      200,
    );
  });
});

describe('POST /v1/jobs:run', () => {
  const body = { agent_id: 'agent-1', submission_prefix: 'submissions/v1', run_prefix: 'runs/v1' };
  const run = (more: object = {}, as?: string, server = running) =>
    server.call('POST', '/v1/jobs:run', { as, body: { ...body, ...more } });

  it('switched off is 404 before everything', async () => {
    expectRefusal(await run({ agent_id: 'Bad' }, undefined, s), 404, 'JOBS_DISABLED', /./);
  });
  it.each([
    ['a bad name', { agent_id: 'Bad' }, undefined, 400, 'INVALID_PATH'],
    [
      'a path upwards, before the register',
      { agent_id: 'agent-7', run_prefix: '../x' },
      undefined,
      400,
      'INVALID_PATH',
    ],
    ['nobody, before the token', { agent_id: 'agent-7' }, undefined, 404, 'NOT_REGISTERED'],
    ['no token, also with open writes', {}, undefined, 401, 'UNAUTHORIZED'],
    ['a token nobody has', {}, 'hf_nobodynobodynobody', 401, 'UNAUTHORIZED'],
    ['another user', {}, TWO, 403, 'BUCKET_NOT_OWNED_BY_CALLER'],
  ])('%s', async (_name, more, as, status, code) => {
    expectRefusal(await run(more, as), status, code);
  });
  it('launches and counts; at the cap 429 says when', async () => {
    const answer = await run({}, ONE);
    expect(answer.status).toBe(202);
    expect(Object.keys(answer.json)).toEqual([
      'agent_id',
      'hf_user',
      'submission_bucket',
      'submission_prefix',
      'run_bucket',
      'run_prefix',
      'job_id',
      'job_url',
      'status',
      'timeout_minutes',
      'status_file',
      'logs_file',
      'quota',
      'message',
    ]);
    expect(answer.json.quota).toEqual({ agent_remaining: 1, user_remaining: 29 });
    expect((await run({ run_prefix: 'runs/v2' }, ONE)).status).toBe(202);
    const refused = await run({ run_prefix: 'runs/v3' }, ONE);
    expectRefusal(refused, 429, 'RATE_LIMITED');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(86_000);
  });
  it('another user whose the bucket has become is not the registered one', async () => {
    running.hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-two' });
    expectRefusal(await run({}, TWO), 403, 'IDENTITY_MISMATCH');
    running.hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-one' });
  });
  it('prefixes are launched as they are, with or without files', async () => {
    const fresh = { JOBS_ENABLED: 'true' };
    const clock = testClock();
    const hub = testHub(clock);
    const jobs = withJobs(hub, clock.now);
    hub.seed(`${ORG}/test-main-bucket`, { 'agents/agent-1.md': card('agent-1', 'user-one') });
    hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-one' });
    const bare = await startTestServer({ env: { ...COMPAT, ...fresh }, clock, hub });
    const answer = await run({ submission_prefix: 'sub', run_prefix: 'sub/run' }, ONE, bare);
    expect([answer.status, jobs.launched.length]).toEqual([202, 1]);
    jobs.beforeLaunch(() => {
      throw new Error('no');
    });
    expectRefusal(await run({}, ONE, bare), 502, 'JOB_LAUNCH_FAILED', /./);
    await bare.close();
  });
  it('lines of the ledger that are none count for nothing, those of the reference count', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    withJobs(hub, clock.now);
    hub.seed(`${ORG}/test-main-bucket`, { 'agents/agent-1.md': card('agent-1', 'user-one') });
    hub.seed(`${ORG}/test-agent-1`, { '.bucket-sync-handshake': 'user-one' });
    const line = (ts: string) => JSON.stringify({ ts, agent_id: 'agent-1', hf_user: 'user-one' });
    const lines = ['garbage', line('2026-06-01T11:00:00.123Z'), '{"ts":5}', line('2026-05-31T11:00:00.000Z')];
    hub.seed(PRIVATE, { 'quota/job_ledger.jsonl': `${lines.join('\n')}\n` });
    const env = { ...COMPAT, JOBS_ENABLED: 'true', JOB_PER_AGENT_PER_DAY: '2' };
    const server = await startTestServer({ env, clock, hub });
    const first = await run({}, ONE, server);
    expect([first.status, first.json.quota]).toEqual([202, { agent_remaining: 0, user_remaining: 28 }]);
    const second = await run({ run_prefix: 'runs/w' }, ONE, server);
    expectRefusal(second, 429, 'RATE_LIMITED');
    expect(second.headers.get('retry-after')).toBe(String(23 * 3600 + 1));
    await server.close();
  });
  it('an unreadable ledger launches nothing', async () => {
    running.hub.fault = (call, args) => {
      if (call === 'readFile' && args[0] === PRIVATE) throw new Error('down');
    };
    const refused = await run({ run_prefix: 'runs/v4' }, ONE);
    running.hub.fault = () => {};
    expectRefusal(refused, 503, 'QUOTA_BACKEND_UNAVAILABLE');
    expect(refused.headers.get('retry-after')).toBe('30');
  });
});

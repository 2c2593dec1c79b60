import { afterEach, describe, expect, it } from 'vitest';
import { withJobs } from '../helpers/memory-jobs.ts';
import { startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  VERIFICATION_WINDOW_HOURS: '4',
};
const ORGANIZER = 'hf_organizerorganizer';
const HOUR = 3_600_000;
const open: TestServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function scene(env: Record<string, string>) {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const key = await server.join('bob');
  const post = async (status = 'agent-run', more = '') => {
    const body = `---\ntps: 100\nmethod: m\nstatus: ${status}\ndescription: d\n${more}---\ntext\n`;
    return (await server.call('POST', '/v1/results', { as: key, body: { agent_id: 'bob', body } })).json
      .filename as string;
  };
  const verdict = async (file: string) => (await server.call('GET', `/v1/results/${file}/verdict`)).json;
  const judge = (file: string, state: string) =>
    server.call('POST', `/v1/results/${file}/verdict`, { as: ORGANIZER, body: { state, reason: 'seen' } });
  /** In steps: every timer of the server fires. */
  const hours = (n: number) => clock.advance(n * HOUR + 60_000);
  return { server, hub, jobs, key, post, verdict, judge, hours };
}

describe('expiry', () => {
  it('ends what nobody judged in time, with reason, who and when; the owner is told and may appeal', async () => {
    const s = await scene({ VERIFICATION_MODE: 'peer' });
    const file = await s.post();
    const negative = await s.post('negative');
    await s.hours(3);
    expect((await s.verdict(file)).verification).toBe('pending');
    await s.hours(1);
    expect(await s.verdict(file)).toMatchObject({
      verification: 'expired',
      reason: 'nobody judged it within 4 hours; its owner may appeal',
      history: [
        { state: 'expired', kind: 'machine', by: 'verifier', at: expect.stringMatching(/^2026-06-01T16/) },
      ],
    });
    expect((await s.verdict(negative)).verification).toBe('pending');
    expect((await s.server.call('GET', '/v1/queue')).json.items).toEqual([]);
    const board = (await s.server.call('GET', '/v1/leaderboard')).json;
    expect(board).toMatchObject({
      rows: [],
      meta: { excluded: { verification_expired: 1, status_negative: 1 } },
    });
    expect((await s.server.call('GET', '/v1/results?verification=expired')).json.items).toEqual([file]);
    const inbox = (await s.server.call('GET', '/v1/inbox/bob?expand=true')).json.items;
    expect(inbox[0].body).toMatch(/EXPIRED.*@bob/s);
    const appeal = { as: s.key, body: { text: 'please look' } };
    expect((await s.server.call('POST', `/v1/results/${file}:appeal`, appeal)).json).toMatchObject({
      ...{ appealed: true, verification: 'expired' },
    });
  });

  it('a person overrules it, and a result handed back has the whole window again', async () => {
    const s = await scene({ VERIFICATION_MODE: 'peer' });
    const [one, two] = [await s.post(), await s.post()];
    await s.hours(5);
    await s.judge(one, 'valid');
    await s.judge(two, 'pending');
    await s.hours(3);
    expect((await s.verdict(one)).verification).toBe('valid');
    expect((await s.verdict(two)).verification).toBe('pending');
    await s.hours(2);
    const { verification, history } = await s.verdict(two);
    expect([verification, history.map((each: { state: string }) => each.state)]).toEqual([
      'expired',
      ['expired', 'pending', 'expired'],
    ]);
  });

  it.each([
    ['in mode manual', { VERIFICATION_MODE: 'manual' }],
    ['without a window', { VERIFICATION_MODE: 'peer', VERIFICATION_WINDOW_HOURS: '0' }],
  ])('%s nothing expires', async (_, env) => {
    const s = await scene(env);
    const file = await s.post();
    await s.hours(12);
    expect((await s.verdict(file)).verification).toBe('pending');
  });

  it('what waited for a person has the whole window when somebody else takes over, also across restarts', async () => {
    const s = await scene({ VERIFICATION_MODE: 'manual' });
    const file = await s.post();
    await s.hours(30);
    await s.server.close();
    open.pop();
    const next = async () => {
      const env = { ...ENV, VERIFICATION_MODE: 'peer' };
      const server = await startTestServer({ clock: s.server.clock, hub: s.hub, env });
      open.push(server);
      return server;
    };
    const state = async (server: TestServer) =>
      (await server.call('GET', `/v1/results/${file}/verdict`)).json.verification;
    const first = await next();
    await s.hours(3);
    expect(await state(first)).toBe('pending');
    await first.close();
    open.pop();
    const second = await next();
    await s.hours(2);
    expect(await state(second)).toBe('expired');
  });

  it('in mode jobs what runs does not expire, what waits for money does', async () => {
    const s = await scene({
      ...{ VERIFICATION_MODE: 'jobs', JOBS_ENABLED: 'true', JOB_USD_PER_HOUR: '1', JOB_BUDGET_USD: '0.7' },
      ...{ VERIFICATION_WINDOW_HOURS: '0.5', JOB_TIMEOUT_MINUTES: '40', JOB_WATCH_GRACE_S: '86400' },
    });
    s.hub.seed('test-org/test-bob', { 'v1/serve.py': 'x' });
    const running = await s.post('agent-run', 'submission: v1\n');
    await s.server.clock.advance(1000);
    const waiting = await s.post('agent-run', 'submission: v1\n');
    await s.hours(1);
    expect((await s.server.call('GET', `/v1/results/${running}`)).json.verification).toBe('running');
    expect((await s.verdict(waiting)).verification).toBe('expired');
  });
});

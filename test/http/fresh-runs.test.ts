import type { JobSpec } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { type JobEnd, type MemoryJobs, withJobs } from '../helpers/memory-jobs.ts';
import { CENTRAL, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([{ id: 'audit' }]),
  JOBS_ENABLED: 'true',
  JOB_USD_PER_HOUR: '1.2',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
};
const CALIBRATION = {
  hub: 'local',
  flavor: 'a10g-small',
  mean: 100,
  passes: 1,
  machine_sd: 1,
  pass_sd: 0.01,
};
const open: TestServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const BASELINE = 'shared_resources/samples/baseline';

/**
 * @param runs what the jobs measure, one after the other; `!` fails the gate, `?` ends without a word, `k` is killed.
 * Runs of the baseline, where there is one, take `control`.
 */
async function scene(runs: string[], env: Record<string, string> = {}, control?: string) {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs: MemoryJobs = withJobs(hub, clock.now);
  hub.seed(CENTRAL, { 'shared_resources/harness/calibration.json': JSON.stringify(CALIBRATION) });
  const left = [...runs];
  const isControl = (spec: JobSpec) => spec.volumes?.some(({ path }) => path === BASELINE);
  if (control) hub.seed(CENTRAL, { [`${BASELINE}/serve.py`]: 'print()' });
  jobs.behave((spec): JobEnd => ended((isControl(spec) ? control : left.shift()) ?? '?'));
  const local = { HF_ENDPOINT: 'http://127.0.0.1:1' };
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...local, ...env } });
  open.push(server);
  const keys = new Map<string, string>();
  const post = async (agent: string, content: string, user = 'user-one') => {
    if (!keys.has(agent)) keys.set(agent, await server.join(agent, user));
    hub.seed(`test-org/test-${agent}`, { [`${content}/serve.py`]: content });
    const head = `---\ntps: 1\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: ${content}\n---\n`;
    const body = { agent_id: agent, body: head };
    return (await server.call('POST', '/v1/results', { as: keys.get(agent), body })).json.filename as string;
  };
  const settle = () => clock.advance(60_000);
  const board = async () => (await server.call('GET', '/v1/leaderboard')).json.rows;
  const verdict = async (file: string) => (await server.call('GET', `/v1/results/${file}/verdict`)).json;
  const ran = () => jobs.launched.map(({ spec }) => (isControl(spec) ? 'control' : 'submission'));
  return { server, jobs, post, settle, board, verdict, ran };
}

let contents = 0;
function ended(word: string): JobEnd {
  if (word === '?') return { stage: 'ERROR', message: 'exit code: 1' };
  if (word === 'k') return { stage: 'ERROR', message: 'exit code: 137' };
  const [, score, content] = /^([\d.]+)!?(\w*)$/.exec(word) ?? [];
  const pass = !word.includes('!');
  const gates = [{ id: 'audit', value: pass ? 1 : 0, limit: 0.5, op: '>=', pass }];
  const submission_sha256 = content === '' ? `c${contents++}` : content;
  const value = {
    tps: Number(score),
    score: { mean: Number(score), runs: 1 },
    gates,
    provenance: { submission_sha256 },
  };
  return { state: { 'summary.json': JSON.stringify(value) } };
}

describe('fresh runs for a place in the top', () => {
  it('rank the result; the run that put it there does not', async () => {
    const s = await scene(['110x', '100x']);
    const file = await s.post('bob', 'x');
    await s.settle();
    expect(s.jobs.launched).toHaveLength(2);
    expect(await s.board()).toMatchObject([{ rank: 1, score: 100, verified_runs: 1 }]);
    const { runs, history, verification } = await s.verdict(file);
    expect(runs).toMatchObject([{ score: 110 }, { score: 100, fresh: true }]);
    expect([verification, history.length]).toEqual(['valid', 2]);
    const told = (await s.server.call('GET', '/v1/messages?type=verification')).json;
    expect(told.count).toBe(1);
    await s.settle();
    expect(s.jobs.launched).toHaveLength(2);
  });

  it('wait until nobody waits for a first verdict', async () => {
    const s = await scene([]);
    s.jobs.behave(() => null);
    await s.post('bob', 'x');
    await s.post('bob', 'y');
    await s.server.clock.advance(2_000);
    s.jobs.end('j1', ended('110x'));
    await s.server.clock.advance(2_000);
    const { items } = (await s.server.call('GET', '/v1/queue')).json;
    expect(items.map((item: { state: string; reason: string }) => [item.state, item.reason])).toEqual([
      ['running', 'its verification run is going on'],
      ['valid', 'valid; a fresh run for its rank'],
    ]);
    expect(s.jobs.launched.map(({ spec }) => spec.labels?.result?.slice(-6))).toEqual(['bob-md', 'bob-md']);
    expect(new Set(s.jobs.launched.map(({ spec }) => spec.labels?.result)).size).toBe(2);
  });

  it('an unlucky gate in one of them overturns nothing; a majority does, and the owner is told', async () => {
    const s = await scene(['110x', '100!x']);
    const file = await s.post('bob', 'x');
    await s.settle();
    expect(await s.verdict(file)).toMatchObject({ verification: 'valid', divisions: { main: 'valid' } });

    const t = await scene(['110x', '100!x', '100!x'], { VERIFIER_FRESH_RUNS: '2' });
    const other = await t.post('bob', 'x');
    await t.settle();
    expect(await t.verdict(other)).toMatchObject({ verification: 'invalid', divisions: { main: 'invalid' } });
    expect(await t.board()).toEqual([]);
    expect((await t.server.call('GET', '/v1/messages?type=verification')).json.count).toBe(2);
  });

  it('that end without a word blame nobody and are not repeated for ever', async () => {
    const s = await scene(['110x', '?', '?', '?', '?']);
    const file = await s.post('bob', 'x');
    await s.settle();
    await s.server.clock.advance(600_000);
    expect((await s.verdict(file)).verification).toBe('valid');
    expect(await s.board()).toMatchObject([{ score: 110 }]);
    expect(s.jobs.launched).toHaveLength(3);
  });

  it.each([
    ['are killed', 'k'],
    ['end without a word', '?'],
  ])(
    'that %s, when a control run of the baseline does not, do not leave the lucky run that is there',
    async (_, end) => {
      const s = await scene(['110x', end, end], {}, '44');
      const file = await s.post('bob', 'x');
      await s.settle();
      await s.server.clock.advance(600_000);
      expect(s.ran()).toEqual(['submission', 'submission', 'submission', 'control']);
      expect(await s.verdict(file)).toMatchObject({
        ...{
          verification: 'inconclusive',
          reason: expect.stringContaining('a control run of the baseline did not'),
        },
      });
      expect(await s.board()).toEqual([]);
    },
  );

  it('that are killed as the baseline is blame nobody', async () => {
    const s = await scene(['110x', 'k', 'k'], {}, 'k');
    const file = await s.post('bob', 'x');
    await s.settle();
    await s.server.clock.advance(600_000);
    expect(s.ran()).toEqual(['submission', 'submission', 'submission', 'control']);
    expect((await s.verdict(file)).verification).toBe('valid');
  });

  it('are runs of the submission, also after a first run that died', async () => {
    const s = await scene(['k', '110x', '100x'], {}, '44');
    await s.post('bob', 'x');
    await s.settle();
    expect(s.ran()).toEqual(['submission', 'submission', 'submission']);
    expect(await s.board()).toMatchObject([{ score: 100, verified_runs: 1 }]);
  });

  it('cost dollars and nobody’s runs of the day; without money the runs there are rank', async () => {
    const s = await scene(['110x', '100x', '90y'], { VERIFIER_PER_USER_PER_DAY: '2' });
    await s.post('bob', 'x');
    await s.settle();
    await s.post('bob', 'y');
    await s.settle();
    expect(s.jobs.launched).toHaveLength(3);
    const poor = await scene([], { JOB_USD_PER_HOUR: '60', VERIFIER_BUDGET_USD: '41' });
    poor.jobs.behave(() => null);
    await poor.post('bob', 'x');
    await poor.server.clock.advance(120_000);
    poor.jobs.end('j1', ended('110x'));
    await poor.settle();
    expect(poor.jobs.launched).toHaveLength(1);
    expect(await poor.board()).toMatchObject([{ score: 110, verified_runs: 1 }]);
  });

  it('tell a small honest step apart, which one run could not', async () => {
    const steps = ['100a', '100a', '103.5b', '103.5b'];
    const s = await scene(steps);
    await s.post('bob', 'a');
    await s.settle();
    await s.post('bob', 'b');
    await s.settle();
    expect(await s.board()).toMatchObject([{ score: 103.5, verified_runs: 2 }]);
    const without = await scene(['100a', '103.5b'], { VERIFIER_FRESH_RUNS: '0' });
    await without.post('bob', 'a');
    await without.settle();
    await without.post('bob', 'b');
    await without.settle();
    expect(await without.board()).toMatchObject([{ score: 100, verified_runs: 1 }]);
  });

  it('are not for results that a person judged', async () => {
    const s = await scene(['110x', '?', '?']);
    s.jobs.behave(() => null);
    const file = await s.post('bob', 'x');
    await s.server.clock.advance(2_000);
    const human = { as: 'hf_organizerorganizer', body: { state: 'valid', reason: 'seen' } };
    await s.server.call('POST', `/v1/results/${file}/verdict`, human);
    s.jobs.end('j1', ended('110x'));
    await s.settle();
    expect(s.jobs.launched).toHaveLength(1);
  });
});

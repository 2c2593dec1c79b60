import { afterEach, describe, expect, it } from 'vitest';
import { type JobEnd, withJobs } from '../helpers/memory-jobs.ts';
import { CENTRAL, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([{ id: 'audit' }]),
  JOBS_ENABLED: 'true',
  JOB_USD_PER_HOUR: '1.2',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_FRESH_RUNS: '0',
};
const BASELINE = 'shared_resources/samples/baseline';
const DIED: JobEnd = { stage: 'ERROR', message: 'exit code: 137' };
const LOST: JobEnd = { stage: 'DELETED' };
const WELL: JobEnd = {
  state: {
    'summary.json': JSON.stringify({
      ...{
        tps: 44,
        score: { mean: 44, runs: 1 },
        gates: [{ id: 'audit', value: 1, limit: 0.5, op: '>=', pass: true }],
      },
      provenance: { submission_sha256: 'baseline' },
    }),
  },
};
const open: TestServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** @param submission how runs of the submission end; @param control how those of the baseline do. */
async function scene(submission: JobEnd, control: JobEnd, baseline = true, env: Record<string, string> = {}) {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  if (baseline) hub.seed(CENTRAL, { [`${BASELINE}/serve.py`]: 'print()' });
  const what = (spec: { volumes?: { mountPath: string; path?: string }[] }) =>
    spec.volumes?.find(({ mountPath }) => mountPath === '/submission')?.path === BASELINE
      ? 'control'
      : 'submission';
  jobs.behave((spec) => (what(spec) === 'control' ? control : submission));
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const key = await server.join('bob');
  hub.seed('test-org/test-bob', { 'v1/serve.py': 'crash()' });
  const body = '---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: v1\n---\n';
  const post = async () =>
    (await server.call('POST', '/v1/results', { as: key, body: { agent_id: 'bob', body } })).json
      .filename as string;
  const file = await post();
  await clock.advance(200_000);
  const verdict = (await server.call('GET', `/v1/results/${file}/verdict`)).json;
  const ran = jobs.launched.map(({ spec }) => what(spec));
  return { server, hub, jobs, file, verdict, ran, post, clock };
}

describe('a submission all of whose runs die', () => {
  it('is found invalid when a control run of the baseline does not', async () => {
    const s = await scene(DIED, WELL);
    expect(s.ran).toEqual(['submission', 'submission', 'control']);
    expect(s.verdict).toMatchObject({
      ...{ verification: 'invalid', reason: '2 runs of it died, and a control run of the baseline did not' },
      ...{ runs: [], score: null, gates: [], submission_sha256: null },
    });
    const [, , control] = s.jobs.launched;
    const state = control?.spec.volumes?.find(({ mountPath }) => mountPath === '/state')?.path;
    const asked = JSON.parse(s.hub.textOf(PRIVATE, `${state}/verification_request.json`) ?? '{}');
    expect(asked).toMatchObject({ submission_prefix: BASELINE, filename: s.file });
    await s.clock.advance(600_000);
    expect(s.jobs.launched).toHaveLength(3);
    const rejudged = { as: 'hf_organizerorganizer', body: { apply: false } };
    expect((await s.server.call('POST', '/v1/results:rejudge', rejudged)).json.changes).toEqual([]);
  });

  it('blames nobody when the baseline dies too', async () => {
    const s = await scene(DIED, DIED);
    expect(s.ran).toEqual(['submission', 'submission', 'control']);
    expect(s.verdict).toMatchObject({ verification: 'inconclusive', runs: [] });
    expect(s.verdict.reason).toMatch(/and so did a control run of the baseline/);
  });

  it('blames nobody where there is no baseline to run', async () => {
    const s = await scene(DIED, WELL, false);
    expect(s.ran).toEqual(['submission', 'submission']);
    expect(s.verdict).toMatchObject({ verification: 'inconclusive' });
  });

  it.each<[string, JobEnd]>([
    ['the Hub lost its runs', LOST],
    ['its runs end and say nothing', { state: {} }],
  ])('is not put to the test when %s', async (_, end) => {
    const s = await scene(end, WELL);
    expect(s.ran).toEqual(['submission', 'submission']);
    expect(s.verdict).toMatchObject({ verification: 'inconclusive' });
  });

  it('costs its user the runs it died in, not the control; what the Hub lost is given back, twice a day', async () => {
    const rows = (s: Awaited<ReturnType<typeof scene>>) =>
      (s.hub.textOf(PRIVATE, 'quota/job_ledger.jsonl') ?? '')
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => JSON.parse(line));
    const died = await scene(DIED, WELL, true, { VERIFIER_PER_USER_PER_DAY: '2' });
    expect(died.verdict.verification).toBe('invalid');
    expect(rows(died).map(({ refunded = false, target }) => [refunded, target.control])).toEqual([
      [false, undefined],
      [false, undefined],
      [false, 'true'],
    ]);
    const lost = await scene(LOST, WELL);
    await lost.post();
    await lost.clock.advance(200_000);
    expect(rows(lost).map(({ refunded = false }) => refunded)).toEqual([true, true, false, false]);
  });
});

import { HubError, type JobSpec } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { type MemoryJobs, withJobs } from '../helpers/memory-jobs.ts';
import {
  CENTRAL,
  ORG,
  PRIVATE,
  startTestServer,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

const ENV = {
  JOBS_ENABLED: 'true',
  JOB_USD_PER_HOUR: '1.2',
  JOB_WATCH_POLL_S: '1',
  JOB_PER_AGENT_PER_DAY: '2',
};
const LEDGER = 'quota/job_ledger.jsonl';
const SCRATCH = `${ORG}/test-bob`;
const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Scene {
  server: TestServer;
  jobs: MemoryJobs;
  key: string;
}

async function scene(env: Record<string, string> = {}): Promise<Scene> {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const key = await server.join('bob');
  hub.seed(SCRATCH, { 'submissions/v1/manifest.json': '{"port": 8000}', 'submissions/v1/serve.py': 'x' });
  await clock.advance(10);
  return { server, jobs, key };
}

const run = (
  { server, key }: Scene,
  over: Record<string, unknown> = {},
  options: { as?: string; headers?: Record<string, string> } = {},
) =>
  server.call('POST', '/v1/jobs:run', {
    as: key,
    body: { agent_id: 'bob', submission_prefix: 'submissions/v1', run_prefix: 'runs/v1', ...over },
    ...options,
  });
const status = ({ server }: Scene, prefix = 'runs/v1') =>
  JSON.parse(server.hub.textOf(SCRATCH, `${prefix}/job_status.json`) ?? 'null');
const mount = (spec: JobSpec | undefined, path: string) =>
  spec?.volumes?.find((volume) => volume.mountPath === path);

describe('jobs:run', () => {
  it('launches on the own files, says where to look, and records how it ended', async () => {
    const s = await scene();
    const answer = await run(s);
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      hf_user: 'user-one',
      run_bucket: SCRATCH,
      job_id: 'j1',
      status: 'launched',
      quota: { agent_remaining: 1, user_remaining: 29 },
      status_file: `hf://buckets/${SCRATCH}/runs/v1/job_status.json`,
    });
    const spec = s.jobs.launched[0]?.spec;
    expect(mount(spec, '/submission')).toMatchObject({
      source: SCRATCH,
      path: 'submissions/v1',
      readOnly: true,
    });
    expect(mount(spec, '/harness')).toMatchObject({
      source: CENTRAL,
      path: 'shared_resources/harness',
      readOnly: true,
    });
    expect(mount(spec, '/private')).toBeUndefined();
    expect(spec?.labels).toMatchObject({
      task: 'test-benchmark',
      submission: 'submissions-v1',
      agent_id: 'bob',
      via: 'bucket-sync-api',
    });
    expect(spec?.secrets).toBeUndefined();
    expect(status(s)).toMatchObject({
      status: 'running',
      job_id: 'j1',
      agent_id: 'bob',
      timeout_minutes: 40,
    });
    s.jobs.end('j1', { state: { 'summary.json': '{"score": 1}' }, logs: ['one', 'two'] });
    await s.server.clock.advance(5_000);
    expect(status(s)).toMatchObject({ status: 'completed', stage: 'COMPLETED' });
    expect(s.server.hub.textOf(SCRATCH, 'runs/v1/job_logs.txt')).toBe('one\ntwo\n');
  });

  it('a file stands below the run prefix before the job is launched', async () => {
    const s = await scene();
    let before: unknown = null;
    s.jobs.beforeLaunch(() => {
      before = status(s);
    });
    await run(s);
    expect(before).toMatchObject({ status: 'running' });
  });

  it('only the owner, from its own bucket', async () => {
    const s = await scene();
    expect((await run(s, {}, { as: undefined })).status).toBe(401);
    expect((await run(s, {}, { as: 'hf_usertwousertwousertwo' })).json.error.code).toBe('IDENTITY_MISMATCH');
    expect((await run(s, { agent_id: 'nobody' })).json.error.code).toBe('NOT_REGISTERED');
    for (const submission_prefix of ['../test-eve/x', '/abs', '', 'a//b', '.hidden'])
      expect((await run(s, { submission_prefix })).json.error.code).toBe('INVALID_PATH');
    expect((await run(s, { submission_prefix: 'submissions/none' })).json.error.code).toBe(
      'SOURCE_NOT_FOUND',
    );
    expect(s.jobs.launched).toHaveLength(0);
  });

  it('V10: a run does not lie inside its submission, nor the other way round', async () => {
    const s = await scene();
    for (const run_prefix of ['submissions/v1', 'submissions/v1/out', 'submissions'])
      expect((await run(s, { run_prefix })).json.error.code).toBe('INVALID_PATH');
    expect((await run(s, { run_prefix: 'submissions/v10' })).status).toBe(202);
  });

  it('V10: what the harness declares is checked before anything is billed, all problems at once', async () => {
    const s = await scene();
    const preflight = {
      required_files: ['serve.py', 'weights.bin'],
      json_files: [
        {
          path: 'manifest.json',
          required_keys: ['model_id'],
          properties: { port: { type: 'integer', minimum: 9000 } },
        },
      ],
      max_files: 1,
    };
    s.server.hub.seed(CENTRAL, { 'shared_resources/harness/preflight.json': JSON.stringify(preflight) });
    const answer = await run(s);
    expect(answer.status).toBe(422);
    expect(answer.json.error.problems.map((each: { path: string }) => each.path)).toEqual([
      'weights.bin',
      '',
      'manifest.json',
      'manifest.json',
    ]);
    expect(s.jobs.launched).toHaveLength(0);
    expect(s.server.hub.textOf(PRIVATE, LEDGER)).toBeNull();
  });

  it.each(['not json', '{"max_files": "many"}'])(
    'rules that cannot be read launch nothing: %s',
    async (text) => {
      const s = await scene();
      s.server.hub.seed(CENTRAL, { 'shared_resources/harness/preflight.json': text });
      const answer = await run(s);
      expect([answer.status, answer.json.error.code]).toEqual([502, 'JOB_LAUNCH_FAILED']);
      expect(answer.json.error.message).toContain('preflight.json');
      expect(s.jobs.launched).toHaveLength(0);
      expect(s.server.hub.textOf(PRIVATE, LEDGER)).toBeNull();
    },
  );

  it('V2: quota is exact under concurrency and survives a restart', async () => {
    const s = await scene();
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => run(s, { run_prefix: `runs/${n}` })));
    expect(answers.map((each) => each.status).sort()).toEqual([202, 202, 429, 429, 429]);
    const refused = answers.find((each) => each.status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(86_000);
    await s.server.close();
    open.pop();
    const next = await startTestServer({ clock: s.server.clock, hub: s.server.hub, env: { ...ENV } });
    open.push(next);
    expect((await run({ ...s, server: next }, { run_prefix: 'runs/9' })).status).toBe(429);
    expect(s.jobs.launched).toHaveLength(2);
    await next.clock.advance(86_401_000);
    expect((await run({ ...s, server: next }, { run_prefix: 'runs/9' })).status).toBe(202);
  });

  it('V2: fail-closed: a ledger that cannot be read, written or understood launches nothing', async () => {
    const s = await scene();
    for (const call of ['readFile', 'write'] as const) {
      s.server.hub.fault = (name, [bucket, detail]) => {
        const text = JSON.stringify(detail ?? '');
        if (name === call && bucket === PRIVATE && text.includes('job_ledger'))
          throw new HubError('unavailable', 'down', { url: 'x' });
      };
      expect((await run(s)).json.error.code).toBe('QUOTA_BACKEND_UNAVAILABLE');
    }
    s.server.hub.fault = () => {};
    s.server.hub.seed(PRIVATE, { [LEDGER]: 'garbage\n' });
    expect((await run(s)).json.error.code).toBe('QUOTA_BACKEND_UNAVAILABLE');
    expect(s.jobs.launched).toHaveLength(0);
  });

  it('a refused launch is 502 and counts for nothing', async () => {
    const s = await scene();
    s.jobs.beforeLaunch(() => {
      throw new HubError('payment', 'no credits', { url: 'x', status: 402 });
    });
    for (let n = 0; n < 4; n++) expect((await run(s)).json.error.code).toBe('JOB_LAUNCH_FAILED');
    s.jobs.beforeLaunch(() => {});
    expect((await run(s)).json.quota).toEqual({ agent_remaining: 1, user_remaining: 29 });
  });

  it.each(['rate_limited', 'unavailable'] as const)(
    'a Hub that is %s is 503 with Retry-After, and counts for nothing',
    async (kind) => {
      const s = await scene();
      s.jobs.beforeLaunch(() => {
        throw new HubError(kind, 'not now', { url: 'x', retryAfterS: 17 });
      });
      const answer = await run(s);
      expect([answer.status, answer.json.error.code]).toEqual([503, 'HUB_UNAVAILABLE']);
      expect(answer.headers.get('retry-after')).toBe('17');
      s.jobs.beforeLaunch(() => {});
      expect((await run(s)).json.quota).toEqual({ agent_remaining: 1, user_remaining: 29 });
    },
  );

  it('a lost answer is found by its label; the same Idempotency-Key gives the same job', async () => {
    const s = await scene();
    s.jobs.afterLaunch(() => {
      throw new HubError('unknown_outcome', 'lost', { url: 'x' });
    });
    const headers = { 'Idempotency-Key': 'k' };
    const first = await run(s, {}, { as: s.key, headers });
    const again = await run(s, {}, { as: s.key, headers });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.json.job_id).toBe(first.json.job_id);
    expect(s.jobs.launched).toHaveLength(1);
  });

  it('the budget in dollars is a hard stop; what a job did not use is free again', async () => {
    const s = await scene({ JOB_BUDGET_USD: '1', JOB_PER_AGENT_PER_DAY: '9' });
    expect((await run(s, { run_prefix: 'runs/1' })).status).toBe(202);
    expect((await run(s, { run_prefix: 'runs/2' })).json.error).toMatchObject({ code: 'BUDGET_SPENT' });
    await s.server.clock.advance(60_000);
    s.jobs.end('j1', {});
    await s.server.clock.advance(5_000);
    expect((await run(s, { run_prefix: 'runs/2' })).status).toBe(202);
  });

  it('a run that the harness spoiled does not count, twice a day; its dollars do', async () => {
    const s = await scene({ JOB_PER_AGENT_PER_DAY: '1' });
    const spoiled = {
      stage: 'ERROR',
      message: 'exit code: 1',
      state: { 'summary.json': '{"error": "harness: no GPU"}' },
    };
    for (const id of ['j1', 'j2', 'j3']) {
      expect((await run(s, { run_prefix: `runs/${id}` })).status).toBe(202);
      await s.server.clock.advance(500);
      s.jobs.end(id, spoiled);
      await s.server.clock.advance(5_000);
    }
    expect((await run(s, { run_prefix: 'runs/4' })).status).toBe(429);
    expect((await s.server.call('GET', '/v1/queue')).json.spend.usd).toBeGreaterThan(0);
  });

  it('a run that its submission spoiled counts', async () => {
    const s = await scene({ JOB_PER_AGENT_PER_DAY: '1' });
    await run(s);
    s.jobs.end('j1', {
      stage: 'ERROR',
      message: 'exit code: 3',
      state: { 'summary.json': '{"error": "harness: forged"}' },
    });
    await s.server.clock.advance(5_000);
    expect((await run(s, { run_prefix: 'runs/2' })).status).toBe(429);
  });

  it('a job that outlives its limit and the grace is cancelled and says so', async () => {
    const s = await scene({ JOB_TIMEOUT_MINUTES: '1', JOB_WATCH_GRACE_S: '30', JOB_WATCH_POLL_S: '10' });
    await run(s);
    await s.server.clock.advance(150_000);
    expect(s.jobs.launched[0]?.info.stage).toBe('CANCELED');
    expect(status(s)).toMatchObject({ status: 'timed_out' });
  });

  it('P8: other requests are answered while a launch is going on', async () => {
    const s = await scene();
    let release: (value?: unknown) => void = () => {};
    const gate = new Promise((done) => {
      release = done;
    });
    const launch = s.server.hub.runJob;
    s.server.hub.runJob = async (...args) => {
      await gate;
      return launch.apply(s.server.hub, args);
    };
    const first = run(s, { run_prefix: 'runs/1' });
    await s.server.clock.advance(10);
    s.server.hub.runJob = launch;
    expect((await run(s, { run_prefix: 'runs/2' })).status).toBe(202);
    expect((await run(s, { run_prefix: 'runs/3' })).status).toBe(429);
    release();
    expect((await first).status).toBe(202);
  });

  it('V10: jobs are listed, and stopped by their owner alone', async () => {
    const s = await scene();
    await run(s);
    const listed = async () => (await s.server.call('GET', '/v1/jobs?agent=bob')).json.items;
    expect(await listed()).toMatchObject([
      { job_id: 'j1', kind: 'benchmark', agent: 'bob', state: 'launched', target: { run_prefix: 'runs/v1' } },
    ]);
    const cancel = (as?: string, id = 'j1') => s.server.call('POST', `/v1/jobs/${id}:cancel`, { as });
    expect([(await cancel()).status, (await cancel('hf_usertwousertwousertwo')).status]).toEqual([401, 403]);
    expect((await cancel(s.key, 'j9')).json.error.code).toBe('NOT_FOUND');
    expect((await cancel(s.key)).status).toBe(202);
    await s.server.clock.advance(2_000);
    const files = [...(s.server.hub.buckets.get(PRIVATE)?.files ?? [])].filter(([p]) =>
      p.startsWith('audit/'),
    );
    const rows = files.flatMap(([, f]) => new TextDecoder().decode(f.bytes).trim().split('\n'));
    expect(rows.map((row) => JSON.parse(row))).toContainEqual(
      expect.objectContaining({ route: '/v1/jobs/{job_id}:cancel', status_code: 202, job_id: 'j1' }),
    );
    await s.server.clock.advance(5_000);
    expect(status(s)).toMatchObject({ status: 'canceled' });
    expect((await listed())[0].state).toBe('settled');
    expect((await cancel(s.key)).json.error.code).toBe('NOT_FOUND');
  });

  it('who asks again and again for what cannot run has the Hub asked a few times a minute', async () => {
    const s = await scene({ BUCKET_WRITE_PER_MINUTE: '3' });
    const codes: string[] = [];
    for (let n = 0; n < 6; n++) codes.push((await run(s, { submission_prefix: 'none' })).json.error.code);
    expect(codes).toEqual([...Array(3).fill('SOURCE_NOT_FOUND'), ...Array(3).fill('RATE_LIMITED')]);
    const before = { ...s.server.hub.calls };
    for (let n = 0; n < 9; n++) {
      expect((await s.server.call('POST', '/v1/jobs/none:cancel')).json.error.code).toBe('NOT_FOUND');
      expect((await run(s, { submission_prefix: 'none' })).status).toBe(429);
    }
    expect(s.server.hub.calls).toEqual(before);
  });

  it('is not there when jobs are switched off', async () => {
    const s = await scene({ JOBS_ENABLED: 'false' });
    expect((await run(s)).json.error.code).toBe('JOBS_DISABLED');
  });
});

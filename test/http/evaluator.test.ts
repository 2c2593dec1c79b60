import { createHash } from 'node:crypto';
import { HubError } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { withJobs } from '../helpers/memory-jobs.ts';
import {
  CENTRAL,
  ORG,
  PRIVATE,
  startTestServer,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

const KEY = 'ccek_0123456789abcdef0123456789abcdef';
const ORGANIZER = 'hf_organizerorganizer';
const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([{ id: 'audit' }, { id: 'ppl' }]),
  DIVISIONS: JSON.stringify([
    { id: 'lossless', gates: ['audit'], headline: true },
    { id: 'open', gates: ['ppl'] },
  ]),
  VERIFICATION_MODE: 'eval-space',
  EVALUATOR_KEY_SHA256: createHash('sha256').update(KEY).digest('hex'),
  EVALUATOR_LEASE_S: '120',
  JOB_TIMEOUT_MINUTES: '10',
  VERIFIER_FRESH_RUNS: '0',
};
const LEASE_MS = 120_000;
const open: TestServer[] = [];

interface Scene {
  server: TestServer;
  keys: Record<string, string>;
}

async function scene(env: Record<string, string> = {}): Promise<Scene> {
  const clock = testClock();
  const hub = testHub(clock);
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const keys = { bob: await server.join('bob'), ann: await server.join('ann', 'user-two') };
  for (const agent of ['bob', 'ann'])
    hub.seed(`${ORG}/test-${agent}`, { 'submissions/v1/serve.py': `print("${agent}")` });
  return { server, keys };
}

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const restart = async (s: Scene, env: Record<string, string> = {}) => {
  const next = await startTestServer({ clock: s.server.clock, hub: s.server.hub, env: { ...ENV, ...env } });
  open.push(next);
  return { ...s, server: next };
};

const post = async ({ server, keys }: Scene, agent = 'bob', tps = 100, submission = 'submissions/v1') => {
  const fields = { tps, method: 'm', status: 'agent-run', description: 'd', submission };
  const head = Object.entries(fields).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const body = { agent_id: agent, body: `---\n${head.join('\n')}\n---\ntext\n` };
  const answer = await server.call('POST', '/v1/results', { as: keys[agent] as string, body });
  expect(answer.status).toBe(201);
  return answer.json.filename as string;
};

const ask = ({ server }: Scene, path: string, body?: unknown, key = KEY) =>
  server.call('POST', path, { headers: { 'X-Evaluator-Key': key }, ...(body !== undefined && { body }) });
const claim = async (s: Scene, evaluator = 'one') =>
  (await ask(s, '/v1/queue:claim', { evaluator })).json.run;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const summary = (tps: number, pass = true) =>
  JSON.stringify({
    tps,
    score: { mean: tps, sd: 0.1, runs: 3, unit: 'tokens/s' },
    gates: [
      { id: 'audit', value: pass ? 0.99 : 0.7, limit: 0.98, op: '>=', pass },
      { id: 'ppl', value: 2.3, limit: 2.4, op: '<=', pass: true },
    ],
    provenance: { submission_sha256: 'aa', image: 'python:3.12' },
  });
const measured = (tps: number, pass = true) => ({
  exit_code: 0,
  seconds: 30,
  logs: ['pass audit'],
  files: { 'summary.json': base64(summary(tps, pass)), 'timings.jsonl': base64('{}\n') },
});
const end = (s: Scene, run: string, body: object) => ask(s, `/v1/queue/runs/${run}:end`, body);
const verdict = async ({ server }: Scene, filename: string) =>
  (await server.call('GET', `/v1/results/${filename}/verdict`)).json;
const queue = async ({ server }: Scene, query = '') => (await server.call('GET', `/v1/queue${query}`)).json;

describe('an evaluator takes a run, runs it and tells how it ended', () => {
  it('gets the run as a job gets it, and its gates are judged as those of a job', async () => {
    const s = await scene();
    s.server.hub.seed(PRIVATE, { 'eval_dataset/split.jsonl': '{}' });
    const filename = await post(s);
    expect((await queue(s)).items).toMatchObject([{ filename, state: 'queued', position: 1, price_usd: 0 }]);
    const run = await claim(s);
    const state = `verification_runs/${filename}`;
    expect(run).toMatchObject({ result: filename, timeout_s: 600, renew_every_s: 30 });
    expect(run.command.slice(0, 2)).toEqual(['python3', '/harness/run.py']);
    expect(run.command).toContain('--private-dir');
    expect(run.volumes).toMatchObject([
      {
        source: CENTRAL,
        path: expect.stringMatching(/^submissions\/[0-9a-f]{64}$/),
        mountPath: '/submission',
      },
      { source: CENTRAL, path: 'shared_resources/harness', mountPath: '/harness', readOnly: true },
      { source: PRIVATE, path: state, mountPath: '/state', readOnly: false },
      { source: PRIVATE, path: 'eval_dataset', mountPath: '/private', readOnly: true },
    ]);
    expect((await queue(s)).items).toMatchObject([{ filename, state: 'running', position: 0 }]);
    const ended = await end(s, run.id, measured(96));
    expect(ended.json).toEqual({ filename, verification: 'valid', reason: 'passed audit' });
    expect(await verdict(s, filename)).toMatchObject({
      verification: 'valid',
      score: 96,
      claimed: 100,
      divisions: { lossless: 'valid', open: 'valid' },
      history: [{ kind: 'machine', by: 'verifier', evidence: state }],
    });
    const { hub } = s.server;
    expect(hub.textOf(PRIVATE, `${state}/timings.jsonl`)).toBe('{}\n');
    expect(hub.textOf(PRIVATE, `${state}/job_logs.txt`)).toBe('pass audit\n');
    expect(JSON.parse(hub.textOf(PRIVATE, `${state}/job_status.json`) ?? '')).toMatchObject({
      stage: 'COMPLETED',
    });
    const { rows } = (await s.server.call('GET', '/v1/leaderboard')).json;
    expect(rows).toMatchObject([{ rank: 1, score: 96, verified_runs: 1 }]);
    expect(await queue(s)).toMatchObject({ items: [], spend: { usd: 0, runs: 1 } });
    expect(await claim(s)).toBeNull();
  });

  const table: [string, object, string, string][] = [
    ['a failed gate', measured(96, false), 'invalid', 'gate audit failed: 0.7 (must be >= 0.98)'],
    [
      'the submission at fault',
      { exit_code: 3, seconds: 1, files: { 'summary.json': base64('{"error":"it never listened"}') } },
      'invalid',
      'it never listened',
    ],
  ];
  it.each(table)('%s', async (_name, report, state, reason) => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    expect((await end(s, run.id, report)).json).toEqual({ filename, verification: state, reason });
  });

  const faults: [string, object][] = [
    ['the harness at fault', { exit_code: 1, seconds: 1 }],
    ['out of time', { timed_out: true, seconds: 600 }],
    ['nothing could be fetched', { seconds: 0, message: 'the snapshot is not there' }],
    ['a summary that is none', { exit_code: 0, seconds: 1, files: { 'summary.json': base64('[]') } }],
  ];
  it.each(faults)(
    'V6: %s: run again, then inconclusive, and never a verdict on the submission',
    async (_name, report) => {
      const s = await scene();
      const filename = await post(s);
      expect((await end(s, (await claim(s)).id, report)).json.verification).toBe('queued');
      expect((await end(s, (await claim(s)).id, report)).json.verification).toBe('inconclusive');
      expect((await verdict(s, filename)).reason).toMatch(/; 2 runs could not tell$/);
      expect(await claim(s)).toBeNull();
    },
  );

  it('V5: a result without a submission is settled without a run, and holds nobody up', async () => {
    const s = await scene();
    const without = await post(s, 'bob', 100, 'submissions/none');
    const filename = await post(s, 'ann', 50);
    expect((await claim(s)).result).toBe(filename);
    expect((await verdict(s, without)).verification).toBe('inconclusive');
  });

  it('files of the server are not overwritten by those of the run, and names stay inside its folder', async () => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    const bad = { ...measured(1), files: { '../owner.json': base64('{}') } };
    expect((await end(s, run.id, bad)).status).toBe(422);
    const report = measured(96);
    await end(s, run.id, { ...report, files: { ...report.files, 'job_status.json': base64('forged') } });
    const status = s.server.hub.textOf(PRIVATE, `verification_runs/${filename}/job_status.json`);
    expect(JSON.parse(status ?? '')).toMatchObject({ status: 'completed' });
  });
});

describe('leases', () => {
  it('two evaluators never hold the same run', async () => {
    const s = await scene({ VERIFIER_SLOTS: '3' });
    await post(s);
    await post(s, 'ann', 50);
    const claims = await Promise.all(['one', 'two', 'three'].map((name) => claim(s, name)));
    const results = claims.flatMap((run) => (run ? [run.result] : []));
    expect(new Set(results).size).toBe(2);
    expect(results).toHaveLength(2);
  });

  it('what nobody renews goes to the next evaluator, and the late one is refused', async () => {
    const s = await scene();
    const filename = await post(s);
    const late = await claim(s, 'one');
    await s.server.clock.advance(LEASE_MS / 2);
    expect((await ask(s, `/v1/queue/runs/${late.id}:renew`)).status).toBe(200);
    await s.server.clock.advance(LEASE_MS - 1000);
    expect(await claim(s, 'two')).toBeNull();
    await s.server.clock.advance(2000);
    const run = await claim(s, 'two');
    expect(run.result).toBe(filename);
    expect(run.id).not.toBe(late.id);
    expect((await end(s, late.id, measured(1000))).json.error.code).toBe('LEASE_LOST');
    expect((await ask(s, `/v1/queue/runs/${late.id}:renew`)).status).toBe(409);
    expect((await end(s, run.id, measured(96))).json.verification).toBe('valid');
    expect((await verdict(s, filename)).score).toBe(96);
  });

  it('an evaluator that starts again gets the result at once, and one that dies each time is not fed for ever', async () => {
    const s = await scene();
    const filename = await post(s);
    const first = await claim(s);
    const second = await claim(s);
    expect([first.result, second.result]).toEqual([filename, filename]);
    expect(await claim(s)).toBeNull();
    expect(await verdict(s, filename)).toMatchObject({
      verification: 'inconclusive',
      reason: 'the evaluator went silent while it ran; 2 runs could not tell',
    });
  });

  it('what is given back counts for nothing', async () => {
    const s = await scene();
    await post(s);
    for (let times = 0; times < 4; times++) {
      const run = await claim(s);
      expect((await ask(s, `/v1/queue/runs/${run.id}:release`)).json).toEqual({ released: true });
    }
    expect((await claim(s)).result).toBeTruthy();
    expect((await queue(s)).spend.runs).toBe(1);
  });

  it('what is given back lets others go first: one that cannot be placed holds nobody up', async () => {
    const s = await scene();
    const first = await post(s, 'bob', 100);
    const second = await post(s, 'ann', 50);
    const run = await claim(s);
    await ask(s, `/v1/queue/runs/${run.id}:release`);
    const next = await claim(s);
    expect([run.result, next.result]).toEqual([first, second]);
    await ask(s, `/v1/queue/runs/${next.id}:release`);
    await s.server.clock.advance(61_000);
    expect((await claim(s)).result).toBe(first);
  });

  it('no renewal goes beyond the time limit of a run', async () => {
    const s = await scene({ JOB_TIMEOUT_MINUTES: '3', JOB_WATCH_GRACE_S: '0' });
    await post(s);
    const run = await claim(s);
    await s.server.clock.advance(100_000);
    expect((await ask(s, `/v1/queue/runs/${run.id}:renew`)).status).toBe(200);
    await s.server.clock.advance(79_000);
    expect((await ask(s, `/v1/queue/runs/${run.id}:renew`)).status).toBe(200);
    await s.server.clock.advance(2000);
    expect((await ask(s, `/v1/queue/runs/${run.id}:renew`)).status).toBe(409);
  });

  it('a restart of the server keeps the lease; an answer that got lost is given again', async () => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    const next = await restart(s);
    expect((await ask(next, `/v1/queue/runs/${run.id}:renew`)).status).toBe(200);
    expect(await claim(next, 'two')).toBeNull();
    const answer = { filename, verification: 'valid', reason: 'passed audit' };
    expect((await end(next, run.id, measured(96))).json).toEqual(answer);
    expect((await end(next, run.id, measured(1))).json).toEqual(answer);
    const later = await restart(next);
    expect((await end(later, run.id, measured(1))).json).toEqual(answer);
    expect((await verdict(later, filename)).runs).toHaveLength(1);
  });

  it('a Hub that fails while the end is written down loses nothing', async () => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    s.server.hub.fault = (call) => {
      if (call === 'write') throw new HubError('unavailable', 'down', { url: 'hub' });
    };
    const failed = await end(s, run.id, measured(96));
    expect(failed.status).toBeGreaterThanOrEqual(500);
    s.server.hub.fault = () => undefined;
    expect((await end(s, run.id, measured(96))).json).toMatchObject({ filename, verification: 'valid' });
  });

  it('a change of the mode takes back what an evaluator held, and lets no evaluator in', async () => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    const manual = await restart(s, { VERIFICATION_MODE: 'manual', EVALUATOR_KEY_SHA256: '' });
    expect((await ask(manual, '/v1/queue:claim', { evaluator: 'one' })).status).toBe(401);
    await manual.server.clock.advance(LEASE_MS + 60_000);
    expect(await queue(manual)).toMatchObject({ items: [{ filename, state: 'pending' }], mode: 'manual' });
    const back = await restart(manual);
    expect((await end(back, run.id, measured(96))).status).toBe(409);
    expect((await claim(back)).result).toBe(filename);
  });
});

describe('what a place near the top asks for', () => {
  it('a fresh run is the evaluator’s too; one that is lost overturns nothing', async () => {
    const s = await scene({ VERIFIER_FRESH_RUNS: '1' });
    const filename = await post(s);
    await end(s, (await claim(s)).id, measured(96));
    expect((await claim(s)).result).toBe(filename);
    const again = await claim(s);
    expect(again.result).toBe(filename);
    expect((await verdict(s, filename)).verification).toBe('valid');
    await end(s, again.id, measured(94));
    expect(await verdict(s, filename)).toMatchObject({
      verification: 'valid',
      runs: [{ score: 96 }, { score: 94 }],
    });
    expect(await claim(s)).toBeNull();
  });

  it('so is the exam, and its gates count', async () => {
    const gates = [{ id: 'audit' }, { id: 'ppl' }, { id: 'downstream', when: 'top-k' }];
    const divisions = [{ id: 'lossless', gates: ['audit', 'downstream'], headline: true }];
    const s = await scene({ GATES: JSON.stringify(gates), DIVISIONS: JSON.stringify(divisions) });
    const filename = await post(s);
    await end(s, (await claim(s)).id, measured(96));
    const exam = await claim(s);
    expect(exam).toMatchObject({
      result: filename,
      command: ['python3', '/harness/downstream.py', ...exam.command.slice(2)],
    });
    const failed = {
      gates: [{ id: 'downstream', value: 0.2, limit: 0.5, op: '>=', pass: false }],
      provenance: {},
    };
    await end(s, exam.id, {
      exit_code: 0,
      seconds: 1,
      files: { 'summary.json': base64(JSON.stringify(failed)) },
    });
    expect(await verdict(s, filename)).toMatchObject({ verification: 'invalid' });
  });
});

describe('an evaluator that asks again and again', () => {
  it('costs the Hub nothing while nothing waits', async () => {
    const s = await scene();
    await claim(s);
    const calls = () => Object.values(s.server.hub.calls).reduce((sum, each) => sum + each, 0);
    const before = calls();
    for (let times = 0; times < 20; times++) expect(await claim(s)).toBeNull();
    expect(calls()).toBe(before);
  });
});

describe('verification by jobs before', () => {
  it('a job that still runs is followed to its end, and not run again beside it', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const jobs = withJobs(hub, clock.now);
    const env = { ...ENV, VERIFICATION_MODE: 'jobs', JOB_WATCH_POLL_S: '1' };
    const server = await startTestServer({ clock, hub, env });
    open.push(server);
    const keys = { bob: await server.join('bob') };
    hub.seed(`${ORG}/test-bob`, { 'submissions/v1/serve.py': 'print()' });
    const filename = await post({ server, keys });
    await clock.advance(2000);
    const [job] = jobs.launched;
    const s = await restart({ server, keys }, { JOB_WATCH_POLL_S: '1' });
    await clock.advance(2000);
    expect(await claim(s)).toBeNull();
    jobs.end(job?.info.id ?? '', { state: { 'summary.json': summary(96) } });
    await clock.advance(5000);
    expect(await verdict(s, filename)).toMatchObject({ verification: 'valid', score: 96 });
  });
});

describe('who is an evaluator', () => {
  it.each([
    ['no key', undefined],
    ['another key', 'ccek_another0another0another0another0'],
    ['the hash of the key', ENV.EVALUATOR_KEY_SHA256],
  ])('%s: refused', async (_name, key) => {
    const s = await scene();
    await post(s);
    const paths = [
      '/v1/queue:claim',
      '/v1/queue/runs/x:renew',
      '/v1/queue/runs/x:release',
      '/v1/queue/runs/x:end',
    ];
    const bodies: object[] = [{ evaluator: 'one' }, {}, {}, measured(1)];
    for (const [at, path] of paths.entries()) {
      const headers: Record<string, string> = key === undefined ? {} : { 'X-Evaluator-Key': key };
      const answer = await s.server.call('POST', path, { headers, body: bodies[at] });
      expect([path, answer.status]).toEqual([path, 401]);
    }
    expect(JSON.stringify(await queue(s))).not.toContain('running');
  });

  it('neither a participant nor an organizer is one, and the key opens nothing else', async () => {
    const s = await scene();
    const filename = await post(s);
    for (const as of [ORGANIZER, s.keys.bob as string])
      expect((await s.server.call('POST', '/v1/queue:claim', { as, body: { evaluator: 'x' } })).status).toBe(
        401,
      );
    const body = { state: 'valid', reason: 'mine' };
    const headers = { 'X-Evaluator-Key': KEY };
    const path = `/v1/results/${filename}/verdict`;
    expect((await s.server.call('POST', path, { headers, body })).status).toBe(401);
    expect((await s.server.call('POST', path, { as: KEY, body })).status).toBe(401);
    expect((await ask(s, '/v1/queue/runs/0000:end', measured(1000))).json.error.code).toBe('LEASE_LOST');
    expect((await verdict(s, filename)).verification).toBe('queued');
  });

  it('a key in a text is refused, as every secret is', async () => {
    const s = await scene();
    const body = { agent_id: 'bob', body: `here: ${KEY}` };
    const answer = await s.server.call('POST', '/v1/messages', { as: s.keys.bob as string, body });
    expect(answer.json.error.code).toBe('SECRET_IN_TEXT');
  });

  it('C3: a person always wins, before the run ends and after', async () => {
    const s = await scene();
    const filename = await post(s);
    const run = await claim(s);
    const body = { state: 'invalid', reason: 'copied' };
    await s.server.call('POST', `/v1/results/${filename}/verdict`, { as: ORGANIZER, body });
    expect((await end(s, run.id, measured(96))).json).toMatchObject({
      verification: 'invalid',
      reason: 'copied',
    });
    expect(await verdict(s, filename)).toMatchObject({ verification: 'invalid', runs: [{ score: 96 }] });
  });
});

describe('the queue, in pages', () => {
  it('V5: names what comes next until there is nothing more', async () => {
    const s = await scene();
    for (let n = 0; n < 5; n++) await post(s, n % 2 ? 'ann' : 'bob', 10 + n);
    await claim(s);
    const seen: string[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page: { items: { filename: string }[]; next: number | null } = await queue(
        s,
        `?limit=2&after=${after}`,
      );
      seen.push(...page.items.map(({ filename }) => filename));
      after = page.next;
    }
    const whole = await queue(s);
    expect(seen).toEqual(whole.items.map((item: { filename: string }) => item.filename));
    expect(whole).toMatchObject({ matched: 5, next: null });
    expect(whole.evaluator_seen_at).toMatch(/^2026-/);
  });
});

import type { JobSpec } from '@collab/hub/port.ts';
import { HubError } from '@collab/hub/port.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { type JobEnd, type MemoryJobs, withJobs } from '../helpers/memory-jobs.ts';
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
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([{ id: 'audit' }, { id: 'ppl' }]),
  DIVISIONS: JSON.stringify([
    { id: 'lossless', gates: ['audit'], headline: true },
    { id: 'open', gates: ['ppl'] },
  ]),
  JOBS_ENABLED: 'true',
  JOB_USD_PER_HOUR: '1.2',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_AGENT: 'verifier',
  VERIFIER_FRESH_RUNS: '0',
};
const ORGANIZER = 'hf_organizerorganizer';
const SCRATCH = `${ORG}/test-bob`;
const open: TestServer[] = [];

interface Scene {
  server: TestServer;
  jobs: MemoryJobs;
  key: string;
}

async function scene(env: Record<string, string> = {}, before?: (jobs: MemoryJobs) => void): Promise<Scene> {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  before?.(jobs);
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const key = await server.join('bob');
  hub.seed(SCRATCH, { 'submissions/v1/manifest.json': '{"port": 1}', 'submissions/v1/serve.py': 'print()' });
  return { server, jobs, key };
}

/** A second process over the same hub. */
async function restart({ server }: Scene, env: Record<string, string> = {}): Promise<TestServer> {
  const next = await startTestServer({ clock: server.clock, hub: server.hub, env: { ...ENV, ...env } });
  open.push(next);
  return next;
}

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const head = (fields: Record<string, unknown>) =>
  `---\n${Object.entries({
    tps: 100,
    method: 'm',
    status: 'agent-run',
    description: 'd',
    submission: 'submissions/v1',
    ...fields,
  })
    .map(
      ([key, value]) =>
        `${key}: ${typeof value === 'string' && value.startsWith('raw ') ? value.slice(4) : JSON.stringify(value)}`,
    )
    .join('\n')}\n---\ntext\n`;

const post = (
  { server, key }: Scene,
  fields: Record<string, unknown> = {},
  headers?: Record<string, string>,
) => server.call('POST', '/v1/results', { as: key, body: { agent_id: 'bob', body: head(fields) }, headers });

const summary = (tps: number, pass = true, sha = 'aa'): JobEnd => ({
  state: {
    'summary.json': JSON.stringify({
      tps,
      score: { mean: tps, sd: 0.1, runs: 3, unit: 'tokens/s' },
      gates: [
        { id: 'audit', value: pass ? 0.99 : 0.7, limit: 0.98, op: '>=', pass },
        { id: 'ppl', value: 2.3, limit: 2.4, op: '<=', pass: true },
      ],
      provenance: { submission_sha256: sha, image: 'python:3.12' },
    }),
  },
});

const settle = async (server: TestServer, ms = 40_000) => server.clock.advance(ms);
const mount = (spec: JobSpec | undefined, path: string) =>
  spec?.volumes?.find((volume) => volume.mountPath === path);
const verdict = async ({ server }: Scene, filename: string) =>
  (await server.call('GET', `/v1/results/${filename}/verdict`)).json;
const indexOf = ({ server }: Scene) =>
  JSON.parse(server.hub.textOf(CENTRAL, 'results/verification_status.json') ?? '{}');

describe('a result and its verdict', () => {
  it('is copied to a snapshot, run from it, judged by its gates and ranked by what was measured', async () => {
    const s = await scene({}, (jobs) => jobs.behave(() => summary(96)));
    const posted = await post(s);
    expect(posted.status).toBe(201);
    const { filename, submission_snapshot: snapshot } = posted.json;
    expect(snapshot).toMatch(/^submissions\/[0-9a-f]{64}$/);
    expect(s.server.hub.textOf(CENTRAL, `${snapshot}/serve.py`)).toBe('print()');
    await settle(s.server);
    const spec = s.jobs.launched[0]?.spec;
    expect(mount(spec, '/submission')).toMatchObject({ source: CENTRAL, path: snapshot, readOnly: true });
    expect(mount(spec, '/state')).toMatchObject({
      source: PRIVATE,
      path: `verification_runs/${filename}`,
      readOnly: false,
    });
    expect(spec?.labels).toMatchObject({ task: 'test-verification', via: 'bucket-sync-verifier' });
    expect(spec?.command).toEqual([
      'python3',
      '/harness/run.py',
      '--submission-dir',
      '/submission',
      '--state-dir',
      '/state',
    ]);
    const answer = await verdict(s, filename);
    expect(answer).toMatchObject({
      verification: 'valid',
      score: 96,
      claimed: 100,
      divisions: { lossless: 'valid', open: 'valid' },
    });
    expect(indexOf(s)).toEqual({ [filename]: 'valid' });
    const board = (await s.server.call('GET', '/v1/leaderboard')).json;
    expect(board.rows).toMatchObject([
      { rank: 1, score: 96, claimed: 100, verified_runs: 1, verification: 'valid' },
    ]);
    const messages = (await s.server.call('GET', '/v1/messages?expand=true')).json.items;
    expect(messages[0].frontmatter).toMatchObject({
      type: 'verification',
      agent: 'verifier',
      refs: [filename],
      via: 'server',
    });
    expect(messages[0].body).toMatch(/VERIFIED VALID.*@bob/s);
    expect((await s.server.call('GET', '/v1/inbox/bob')).json.count).toBe(1);
    expect(s.server.hub.textOf(PRIVATE, `verification_runs/${filename}/job_status.json`)).toContain(
      '"status": "completed"',
    );
  });

  it('V3: a failed gate is INVALID with its name, in the division that asks for it', async () => {
    const s = await scene({}, (jobs) => jobs.behave(() => summary(500, false)));
    const { filename } = (await post(s, { tps: 500 })).json;
    await settle(s.server);
    const answer = await verdict(s, filename);
    expect(answer).toMatchObject({
      verification: 'invalid',
      divisions: { lossless: 'invalid', open: 'valid' },
    });
    expect(answer.reason).toMatch(/gate audit failed: 0.7/);
    expect((await s.server.call('GET', '/v1/leaderboard')).json.rows).toEqual([]);
    expect((await s.server.call('GET', '/v1/leaderboard?division=open')).json.rows).toMatchObject([
      { rank: 1, score: 500 },
    ]);
    expect((await s.server.call('GET', '/v1/leaderboard?division=nope')).status).toBe(400);
  });

  it('what is swapped after posting is not what runs', async () => {
    const s = await scene();
    const { submission_snapshot: snapshot } = (await post(s)).json;
    s.server.hub.seed(SCRATCH, { 'submissions/v1/serve.py': 'evil()' });
    await settle(s.server);
    expect(s.server.hub.textOf(CENTRAL, `${snapshot}/serve.py`)).toBe('print()');
    expect(mount(s.jobs.launched[0]?.spec, '/submission')?.path).toBe(snapshot);
  });

  it('the harness refuses (exit code 3): INVALID with its reason', async () => {
    const refusal = {
      stage: 'ERROR',
      message: 'Job failed with exit code: 3',
      state: { 'summary.json': '{"error": "no serve.py"}' },
    };
    const s = await scene({}, (jobs) => jobs.behave(() => refusal));
    const { filename } = (await post(s)).json;
    await settle(s.server);
    expect(await verdict(s, filename)).toMatchObject({ verification: 'invalid', reason: 'no serve.py' });
  });

  it('an unexplained end is repeated within bounds, in a fresh folder, and then nobody is blamed', async () => {
    const s = await scene({}, (jobs) => jobs.behave(() => ({ stage: 'ERROR', message: 'exit code: 1' })));
    const { filename } = (await post(s)).json;
    await settle(s.server, 120_000);
    expect(s.jobs.launched).toHaveLength(2);
    const folders = s.jobs.launched.map(({ spec }) => mount(spec, '/state')?.path);
    expect(new Set(folders).size).toBe(2);
    expect(await verdict(s, filename)).toMatchObject({ verification: 'inconclusive' });
    await settle(s.server, 120_000);
    expect(s.jobs.launched).toHaveLength(2);
  });

  it('V7: a restart loses no verdict; a job without a reservation is cancelled', async () => {
    const s = await scene();
    const { filename } = (await post(s)).json;
    await settle(s.server);
    await s.server.close();
    open.splice(open.indexOf(s.server), 1);
    const zombie = {
      image: 'i',
      command: [],
      flavor: 'f',
      timeoutSeconds: 1,
      labels: { task: 'test-benchmark', run: 'ghost' },
    };
    await s.server.hub.runJob(ORG, zombie);
    const next = await restart(s);
    await settle(next);
    expect(s.jobs.launched.map(({ info }) => info.stage)).toEqual(['RUNNING', 'CANCELED']);
    s.jobs.end('j1', summary(90));
    await settle(next);
    expect(await verdict({ ...s, server: next }, filename)).toMatchObject({
      verification: 'valid',
      score: 90,
    });
    expect(s.jobs.launched).toHaveLength(2);
  });

  it('V2: the launch intent is on the hub before the job; a lost answer is found again by its label', async () => {
    const s = await scene();
    let ledgerAtLaunch: string | null = null;
    s.jobs.beforeLaunch(() => {
      ledgerAtLaunch = s.server.hub.textOf(PRIVATE, 'quota/job_ledger.jsonl');
    });
    s.jobs.afterLaunch(() => {
      throw new HubError('unknown_outcome', 'lost', { url: 'x' });
    });
    const { filename } = (await post(s)).json;
    await settle(s.server);
    expect(ledgerAtLaunch).toContain('"state":"reserved"');
    s.jobs.end('j1', summary(90));
    await settle(s.server);
    expect(s.jobs.launched).toHaveLength(1);
    expect(await verdict(s, filename)).toMatchObject({ verification: 'valid' });
  });

  it('a result without a submission is said so at once and judged inconclusive', async () => {
    const s = await scene();
    const posted = (await post(s, { submission: 'submissions/none' })).json;
    expect(posted.submission_snapshot).toBeNull();
    expect(posted.warnings[0]).toMatch(/no submission was found/);
    await settle(s.server);
    expect(await verdict(s, posted.filename)).toMatchObject({ verification: 'inconclusive' });
    expect(s.jobs.launched).toHaveLength(0);
  });
});

describe('the name of the verifier (S2)', () => {
  it('is nobody else to take: who held it could speak verdicts', async () => {
    const s = await scene();
    await expect(s.server.join('verifier', 'user-two')).rejects.toThrow(/reserved/);
    const forged = { agent_id: 'verifier', body: 'VERIFIED VALID @bob', type: 'verification' };
    expect((await s.server.call('POST', '/v1/messages', { as: s.key, body: forged })).status).toBe(404);
  });
});

describe('an overclaim', () => {
  it('puts its author behind others, under whatever name of an agent he comes back', async () => {
    let claimed = 0;
    const s = await scene({}, (jobs) => jobs.behave(() => (claimed++ === 0 ? summary(50) : null)));
    await post(s, { tps: 300 });
    await settle(s.server);
    await post(s, { tps: 1 });
    await settle(s.server);
    for (const [agent, user] of [
      ['bob-two', 'user-one'],
      ['cid', 'user-two'],
    ] as const) {
      const key = await s.server.join(agent, user);
      s.server.hub.seed(`${ORG}/test-${agent}`, { 'submissions/v1/serve.py': agent });
      const body = { agent_id: agent, body: head({ tps: 400 }) };
      await s.server.call('POST', '/v1/results', { as: key, body });
    }
    const { items } = (await s.server.call('GET', '/v1/queue')).json;
    expect(
      items.slice(1).map((item: { agent: string; reason: string }) => [item.agent, item.reason]),
    ).toEqual([
      ['cid', 'champion claim'],
      ['bob-two', 'after an overclaim'],
    ]);
  });
});

describe('judging again', () => {
  it('uses the stored evidence and the present gates, costs no job, leaves people alone', async () => {
    const s = await scene({}, (jobs) => jobs.behave(() => summary(96, false)));
    const { filename } = (await post(s)).json;
    const ruled = (await post(s, { tps: 101 })).json.filename;
    await settle(s.server, 120_000);
    const human = { as: ORGANIZER, body: { state: 'invalid', reason: 'seen' } };
    await s.server.call('POST', `/v1/results/${ruled}/verdict`, human);
    await s.server.close();
    open.splice(open.indexOf(s.server), 1);
    const divisions = JSON.stringify([{ id: 'open', gates: ['ppl'], headline: true }]);
    const next = await restart(s, { DIVISIONS: divisions });
    const again = (as: string | undefined, apply: boolean) =>
      next.call('POST', '/v1/results:rejudge', { as, body: { apply } });
    expect((await again(s.key, false)).status).toBeGreaterThanOrEqual(401);
    const change = { filename, from: 'invalid', to: 'valid', reason: 'passed ppl' };
    expect((await again(ORGANIZER, false)).json).toEqual({
      considered: 1,
      applied: false,
      changes: [change],
    });
    expect((await verdict({ ...s, server: next }, filename)).verification).toBe('invalid');
    expect((await again(ORGANIZER, true)).json.changes).toEqual([change]);
    const after = await verdict({ ...s, server: next }, filename);
    expect(after).toMatchObject({ verification: 'valid', score: 96 });
    expect(after.runs).toHaveLength(1);
    expect((await verdict({ ...s, server: next }, ruled)).verification).toBe('invalid');
    expect(s.jobs.launched).toHaveLength(2);
  });
});

describe('the published board', () => {
  it('stands in the record as JSON and as a table, written only when it changed', async () => {
    const s = await scene({}, (jobs) => jobs.behave(() => summary(96)));
    await post(s, { method: 'raw "a | b\\n<script>"' });
    await settle(s.server, 120_000);
    const json = JSON.parse(s.server.hub.textOf(CENTRAL, 'leaderboard/leaderboard.json') ?? '{}');
    expect(json).toMatchObject({
      score_field: 'tps',
      results_considered: 1,
      rows: [{ rank: 1, score: 96, agent: 'bob' }],
    });
    const table = s.server.hub.textOf(CENTRAL, 'leaderboard/LEADERBOARD.md') ?? '';
    expect(table.trimEnd().split('\n').at(-1)).toMatch(/^\| 1 \| 96 \| bob \| valid \| a b script \| 2026/);
    let writes = 0;
    s.server.hub.fault = (call, [bucket]) => {
      if (call === 'write' && bucket === CENTRAL) writes++;
    };
    await settle(s.server, 300_000);
    expect(writes).toBe(0);
  });
});

describe('people and the machine (C3, V8)', () => {
  it("an edit of the index file is taken in before it is written over, and beats the machine's verdict", async () => {
    const s = await scene();
    const { filename } = (await post(s)).json;
    await settle(s.server);
    s.server.hub.seed(CENTRAL, {
      'results/verification_status.json': JSON.stringify({ [filename]: 'invalid', 'other.md': 'valid' }),
    });
    s.jobs.end('j1', summary(90));
    await settle(s.server);
    const answer = await verdict(s, filename);
    expect(answer.verification).toBe('invalid');
    expect(answer.history.map((each: { kind: string; state: string }) => [each.kind, each.state])).toEqual([
      ['human', 'invalid'],
      ['machine', 'valid'],
    ]);
    expect(indexOf(s)).toEqual({ [filename]: 'invalid', 'other.md': 'valid' });
  });

  it('an organizer judges through the API, the owner appeals, nobody else may', async () => {
    const s = await scene({ VERIFICATION_MODE: 'manual' });
    const { filename } = (await post(s)).json;
    const judge = (as: string, state: string) =>
      s.server.call('POST', `/v1/results/${filename}/verdict`, {
        as,
        body: { state, reason: 'looked at it' },
      });
    expect((await judge('hf_useroneuseroneuserone', 'valid')).status).toBe(403);
    expect((await judge(ORGANIZER, 'invalid')).json).toMatchObject({ verification: 'invalid' });
    const appeal = (as?: string) =>
      s.server.call('POST', `/v1/results/${filename}:appeal`, { as, body: { text: 'the gate was wrong' } });
    expect((await appeal()).status).toBe(401);
    expect((await appeal('hf_usertwousertwousertwo')).status).toBe(403);
    const answer = await appeal(s.key);
    expect(answer.json).toMatchObject({ appealed: true, verification: 'invalid' });
    expect((await judge(ORGANIZER, 'valid')).json).toMatchObject({ appealed: false, verification: 'valid' });
  });

  it('edits are taken in although the hub runs no jobs for us', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const server = await startTestServer({ clock, hub, env: { ...ENV, VERIFICATION_MODE: 'manual' } });
    open.push(server);
    const s = { server, key: await server.join('bob'), jobs: null as never };
    const { filename } = (await post(s)).json;
    hub.seed(CENTRAL, { 'results/verification_status.json': JSON.stringify({ [filename]: 'valid' }) });
    await settle(server, 60_000);
    expect(await verdict(s, filename)).toMatchObject({ verification: 'valid', history: [{ kind: 'human' }] });
  });

  it('an index that is no JSON is not written over', async () => {
    const s = await scene({ VERIFICATION_MODE: 'manual' });
    s.server.hub.seed(CENTRAL, { 'results/verification_status.json': '{"half": ' });
    expect((await post(s)).status).toBe(201);
    expect(s.server.hub.textOf(CENTRAL, 'results/verification_status.json')).toBe('{"half": ');
  });
});

describe('posting results', () => {
  it('lists every problem of the head', async () => {
    const s = await scene();
    const answer = await s.server.call('POST', '/v1/results', {
      as: s.key,
      body: { agent_id: 'bob', body: '---\nmethod: ""\n---\n' },
    });
    expect(answer.status).toBe(400);
    expect(answer.json.error.problems.map((each: { path: string }) => each.path)).toEqual([
      'tps',
      'method',
      'status',
      'description',
    ]);
  });

  it('S17, C23: scores that break readers are refused, others are kept exactly', async () => {
    const s = await scene();
    for (const tps of ['raw .nan', 'raw .inf', `raw 1${'0'.repeat(4001)}`])
      expect((await post(s, { tps })).status).toBe(400);
    const big = `1${'0'.repeat(400)}`;
    const { filename } = (await post(s, { tps: `raw ${big}` })).json;
    expect((await post(s, { tps: -2 })).status).toBe(201);
    const rows = (await s.server.call('GET', '/v1/leaderboard?best_per_agent=false')).json.rows;
    expect(rows.map((row: { score_exact?: string; score: number }) => row.score_exact ?? row.score)).toEqual([
      '0.1e401',
      -2,
    ]);
    expect((await s.server.call('GET', `/v1/results/${filename}`)).json.frontmatter.tps).toBe(
      Number.MAX_VALUE,
    );
    expect((await s.server.call('GET', '/v1/digest')).status).toBe(200);
  });

  it('S4: nobody posts for another, nor from its bucket', async () => {
    const s = await scene();
    s.server.hub.seed(SCRATCH, { 'drafts/private.md': head({}) });
    const source = `hf://buckets/${SCRATCH}/drafts/private.md`;
    expect((await s.server.call('POST', '/v1/results', { body: { source } })).status).toBe(401);
    expect(
      (await s.server.call('POST', '/v1/results', { as: 'hf_usertwousertwousertwo', body: { source } }))
        .status,
    ).toBe(403);
    expect((await s.server.call('POST', '/v1/results', { as: s.key, body: { source } })).status).toBe(201);
    expect(
      (await s.server.call('POST', '/v1/results', { as: s.key, body: { source } })).json.error.code,
    ).toBe('ALREADY_PROMOTED');
  });

  it('S24: the same bytes by another agent are its own result', async () => {
    const s = await scene();
    const eve = await s.server.join('eve', 'user-two');
    const draft = head({});
    s.server.hub.seed(SCRATCH, { 'r.md': draft });
    s.server.hub.seed(`${ORG}/test-eve`, { 'r.md': draft });
    const from = (agent: string, as: string) =>
      s.server.call('POST', '/v1/results', {
        as,
        body: { source: `hf://buckets/${ORG}/test-${agent}/r.md` },
      });
    expect((await from('eve', eve)).status).toBe(201);
    expect((await from('bob', s.key)).status).toBe(201);
  });

  it('S6: pointers out of the own bucket are not followed, and no snapshot of ones choosing is believed', async () => {
    const s = await scene();
    s.server.hub.seed(PRIVATE, { 'eval_dataset/secret.json': '{}' });
    await s.server.join('eve', 'user-two');
    s.server.hub.seed(`${ORG}/test-eve`, { 'submissions/best/serve.py': 'x' });
    s.server.hub.seed(SCRATCH, {
      'runs/1/run_request.json': JSON.stringify({
        submission_bucket: `${ORG}/test-eve`,
        submission_prefix: 'submissions/best',
      }),
    });
    for (const submission of [
      `hf://buckets/${PRIVATE}/eval_dataset`,
      `hf://buckets/${ORG}/test-eve/submissions/best`,
    ]) {
      const { json } = await post(s, { submission, submission_snapshot: `submissions/${'0'.repeat(64)}` });
      expect(json.submission_snapshot).toBeNull();
    }
    const { json } = await post(s, { submission: 'runs/1' });
    expect(s.server.hub.textOf(CENTRAL, `${json.submission_snapshot}/serve.py`)).toBeNull();
  });

  it('X2: a snapshot takes the folder, not its neighbours', async () => {
    const s = await scene();
    s.server.hub.seed(SCRATCH, { 'submissions/v1.md': 'note', 'submissions/v1-private/x': 'secret' });
    const { submission_snapshot: snapshot } = (await post(s)).json;
    const copied = [...(s.server.hub.buckets.get(CENTRAL)?.files.keys() ?? [])].filter((path) =>
      path.startsWith(snapshot),
    );
    expect(copied.map((path) => path.slice(snapshot.length))).toEqual(['/manifest.json', '/serve.py']);
  });

  it('a retry with the same Idempotency-Key is one result', async () => {
    const s = await scene();
    const headers = { 'Idempotency-Key': 'k1' };
    const [first, second] = [await post(s, {}, headers), await post(s, {}, headers)];
    expect(second.json.filename).toBe(first.json.filename);
    expect((await s.server.call('GET', '/v1/results')).json.count).toBe(1);
    expect((await post(s, { tps: 5 }, headers)).json.error.code).toBe('IDEMPOTENCY_MISMATCH');
  });

  it('lists by status and verification; `pending` finds what waits or runs', async () => {
    const s = await scene();
    await post(s);
    await post(s, { status: 'negative' });
    const names = async (query: string) =>
      (await s.server.call('GET', `/v1/results?${query}`)).json.items?.length;
    expect([
      await names('verification=pending'),
      await names('verification=queued,running'),
      await names('verification=valid'),
    ]).toEqual([2, 1, 0]);
    expect(await names('status=negative')).toBe(1);
    expect((await s.server.call('GET', '/v1/results?verification=banana')).json.error.code).toBe(
      'INVALID_QUERY',
    );
    expect((await s.server.call('GET', '/v1/results?verification=')).json.error.code).toBe('INVALID_QUERY');
  });
});

describe('queue', () => {
  it('shows what runs and what waits, with position, reason, time and price', async () => {
    const s = await scene();
    await post(s, { tps: 10 });
    await post(s, { tps: 11 });
    await settle(s.server);
    const { items, spend, mode } = (await s.server.call('GET', '/v1/queue')).json;
    expect(mode).toBe('jobs');
    expect(items.map((item: { state: string; position: number }) => [item.state, item.position])).toEqual([
      ['running', 0],
      ['queued', 1],
    ]);
    expect(items[1]).toMatchObject({ reason: 'champion claim', price_usd: 0.4, hf_user: 'user-one' });
    expect(items[1].eta_seconds).toBeGreaterThan(0);
    expect(spend).toMatchObject({ usd: 0.8, runs: 1, budget_usd: null });
  });

  it('S5: a flood of rising claims costs what the budget allows and no more', async () => {
    const s = await scene({ VERIFIER_BUDGET_USD: '2' }, (jobs) => jobs.behave(() => ({ stage: 'ERROR' })));
    for (let i = 0; i < 15; i++) await post(s, { tps: 100 + i });
    await settle(s.server, 3_600_000);
    const { spend } = (await s.server.call('GET', '/v1/queue')).json;
    expect(spend.verification_usd).toBeLessThanOrEqual(2);
  });

  it('in mode manual everything waits for a person and nothing runs', async () => {
    const s = await scene({ VERIFICATION_MODE: 'manual' });
    await post(s);
    await settle(s.server);
    const { items } = (await s.server.call('GET', '/v1/queue')).json;
    expect(items).toMatchObject([{ state: 'pending', reason: 'waits for an organizer', eta: null }]);
    expect(s.jobs.launched).toHaveLength(0);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { type JobEnd, withJobs } from '../helpers/memory-jobs.ts';
import { ORG, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

/** Gates of results near the top (`when: top-k`, `champion`) are measured by an exam of their own. */

const ORGANIZER = 'hf_organizerorganizer';
const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: '[{"id":"audit","when":"every"},{"id":"downstream","when":"top-k"}]',
  DIVISIONS:
    '[{"id":"lossless","gates":["audit","downstream"],"headline":true},{"id":"open","gates":["audit"]}]',
  JOBS_ENABLED: 'true',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_AGENT: 'verifier',
  VERIFIER_FRESH_RUNS: '0',
};
const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const summary = (text: object): JobEnd => ({ state: { 'summary.json': JSON.stringify(text) } });
const run = (tps: number, sha: string): JobEnd =>
  summary({
    tps,
    gates: [{ id: 'audit', value: 0.99, limit: 0.98, op: '>=', pass: true }],
    provenance: { submission_sha256: sha, isolation: { strict: true } },
  });
const exam = (pass: boolean): JobEnd =>
  summary({
    gates: [{ id: 'downstream', value: pass ? -0.01 : -0.4, limit: -0.05, op: '>=', pass, note: '48 lost' }],
    provenance: { submission_sha256: 'aa', isolation: { strict: true } },
  });
const isExam = (command: readonly string[]) => command.includes('/harness/downstream.py');

async function scene(
  exams: JobEnd | ((sitting: number) => JobEnd),
  env: Record<string, string> = {},
  sha?: string,
) {
  let sittings = 0;
  const examEnd = () => (typeof exams === 'function' ? exams(sittings++) : exams);
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  jobs.behave((spec) =>
    isExam(spec.command) ? examEnd() : run(100 - jobs.launched.length, sha ?? `sha${jobs.launched.length}`),
  );
  const server = await startTestServer({ clock, hub, env: { ...ENV, ...env } });
  open.push(server);
  const post = async (agent: string, user = 'user-one') => {
    const key = await server.join(agent, user);
    hub.seed(`${ORG}/test-${agent}`, {
      'submissions/v1/manifest.json': `{"by":"${agent}"}`,
      'submissions/v1/serve.py': '',
    });
    const body =
      '---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: submissions/v1\n---\ntext\n';
    const { json } = await server.call('POST', '/v1/results', { as: key, body: { agent_id: agent, body } });
    await clock.advance(200_000);
    return json.filename as string;
  };
  const verdict = async (name: string) => (await server.call('GET', `/v1/results/${name}/verdict`)).json;
  const board = async (division = 'lossless') =>
    (await server.call('GET', `/v1/leaderboard?division=${division}`)).json.rows;
  const exams_ = () => jobs.launched.filter(({ spec }) => isExam(spec.command));
  return { server, clock, hub, jobs, post, verdict, board, exams: exams_ };
}

describe('the exam of results near the top', () => {
  it('runs the snapshot on the private split in a folder of its own, once; what passes stays valid', async () => {
    const s = await scene(exam(true));
    s.hub.seed(PRIVATE, { 'eval_dataset/downstream.json': '{}' });
    const name = await s.post('bob');
    const [launched] = s.exams();
    const mounts = Object.fromEntries((launched?.spec.volumes ?? []).map((v) => [v.mountPath, v]));
    expect(mounts['/submission']).toMatchObject({
      readOnly: true,
      path: expect.stringMatching(/^submissions\//),
    });
    expect(mounts['/private']).toMatchObject({ source: PRIVATE, readOnly: true });
    expect(mounts['/state']?.path).toMatch(new RegExp(`^verification_runs/${name}/exam-`));
    const found = await s.verdict(name);
    expect(found).toMatchObject({ verification: 'valid', score: 99 });
    expect(found.gates.map(({ id }: { id: string }) => id)).toEqual(['audit', 'downstream']);
    expect((await s.board())[0]).toMatchObject({ rank: 1, score: 99, verified_runs: 1 });
    await s.clock.advance(400_000);
    expect(s.exams()).toHaveLength(1);
  });

  it('a result that passed its run and loses the exam is invalid, with the reason, and stands in the other division', async () => {
    const s = await scene(exam(false));
    const name = await s.post('bob');
    const found = await s.verdict(name);
    expect(found).toMatchObject({
      verification: 'invalid',
      divisions: { lossless: 'invalid', open: 'valid' },
    });
    expect(found.reason).toContain('gate downstream failed: -0.4');
    expect(await s.board()).toEqual([]);
    expect(await s.board('open')).toMatchObject([{ rank: 1, score: 99 }]);
    const { items } = (await s.server.call('GET', '/v1/messages?expand=true')).json;
    expect(items.some(({ body }: { body: string }) => /INVALID.*downstream/s.test(body))).toBe(true);
  });

  it.each([
    ['the harness fails', { stage: 'ERROR', message: 'Job failed with exit code: 1' } as JobEnd, 'valid', 2],
    [
      'the submission fails',
      {
        ...summary({ error: 'never ready', gates: [] }),
        stage: 'ERROR',
        message: 'Job failed with exit code: 3',
      },
      'invalid',
      1,
    ],
    ['nothing is said', summary({ gates: [] }), 'valid', 2],
  ])('when %s', async (_what, end, state, tries) => {
    const s = await scene(end);
    const name = await s.post('bob');
    await s.clock.advance(600_000);
    expect([(await s.verdict(name)).verification, s.exams().length]).toEqual([state, tries]);
    expect((await s.board()).length).toBe(state === 'valid' ? 1 : 0);
  });

  it.each([
    ['is killed', { stage: 'ERROR', message: 'Job failed with exit code: 137' } as JobEnd],
    ['runs out of time', { stage: 'ERROR', message: 'Job timeout' } as JobEnd],
  ])('a submission that %s in each of its exams does not stay valid unexamined', async (_what, end) => {
    const s = await scene(end);
    const name = await s.post('bob');
    await s.clock.advance(600_000);
    expect(s.exams()).toHaveLength(2);
    expect(await s.verdict(name)).toMatchObject({
      verification: 'inconclusive',
      reason: expect.stringMatching(/^exam: 2 runs of it died/),
    });
    expect(await s.board()).toEqual([]);
  });

  it('has four times the time of a run: it is not timed, and asks much more', async () => {
    const s = await scene(exam(true), { JOB_TIMEOUT_MINUTES: '40' });
    await s.post('bob');
    const minutes = s.jobs.launched.map(({ spec }) => (spec.timeoutSeconds ?? 0) / 60);
    expect(minutes).toEqual([40, 160]);
  });

  it.each([
    [true, 'valid'],
    [false, 'invalid'],
  ])(
    'equal contents share one exam that says %s: nobody pays twice, and posting again is no second chance',
    async (pass, state) => {
      const s = await scene((sitting) => exam(sitting === 0 ? pass : !pass), {}, 'same');
      const names = [await s.post('bob'), await s.post('cid')];
      await s.clock.advance(600_000);
      expect(s.exams()).toHaveLength(1);
      for (const name of names) {
        const found = await s.verdict(name);
        expect(found.verification).toBe(state);
        expect(found.gates.map(({ id }: { id: string }) => id)).toContain('downstream');
      }
    },
  );

  const broken: JobEnd = { stage: 'ERROR', message: 'Job failed with exit code: 1' };

  it.each([
    ['before the others', [broken, broken, exam(true)], 'bob', 'cid'],
    ['after the others', [exam(true), broken, broken], 'cid', 'bob'],
  ])(
    'a submission in whose exams the harness fails, %s do not, does not stay valid unexamined',
    async (_when, ends, bad, good) => {
      const s = await scene((sitting) => ends[sitting] ?? exam(true));
      const names = { bob: await s.post('bob'), cid: await s.post('cid') } as Record<string, string>;
      await s.clock.advance(600_000);
      expect(await s.verdict(names[bad] as string)).toMatchObject({
        verification: 'inconclusive',
        reason: expect.stringMatching(/^exam: 2 runs of it said nothing/),
      });
      expect((await s.verdict(names[good] as string)).verification).toBe('valid');
      // A person who hands it back gives it new chances.
      const body = { state: 'pending', reason: 'the harness was mended' };
      await s.server.call('POST', `/v1/results/${names[bad]}/verdict`, { as: ORGANIZER, body });
      await s.clock.advance(600_000);
      expect(await s.verdict(names[bad] as string)).toMatchObject({ verification: 'valid' });
      expect(s.exams()).toHaveLength(4);
    },
  );

  it('a result that lost its exam and is handed back sits another: no place without one', async () => {
    const s = await scene((sitting) => exam(sitting > 0));
    const name = await s.post('bob');
    expect((await s.verdict(name)).verification).toBe('invalid');
    const body = { state: 'pending', reason: 'the exam was at fault' };
    await s.server.call('POST', `/v1/results/${name}/verdict`, { as: ORGANIZER, body });
    await s.clock.advance(600_000);
    expect(s.exams()).toHaveLength(2);
    const { verification, gates } = await s.verdict(name);
    expect([verification, gates.at(-1)]).toMatchObject(['valid', { id: 'downstream', pass: true }]);
  });

  it('who was examined is judged again by gates that the organizer asks for later, as everybody else is', async () => {
    const s = await scene(exam(true));
    const name = await s.post('bob');
    const stricter = ENV.GATES.replace('"audit"', '"ppl"');
    const divisions = '[{"id":"lossless","gates":["ppl","downstream"]}]';
    const env = { ...ENV, GATES: stricter, DIVISIONS: divisions };
    const next = await startTestServer({ clock: s.clock, hub: s.hub, env });
    open.push(next);
    const again = { as: ORGANIZER, body: { apply: true } };
    const { considered, changes } = (await next.call('POST', '/v1/results:rejudge', again)).json;
    expect([considered, changes]).toMatchObject([
      1,
      [{ filename: name, from: 'valid', to: 'inconclusive', reason: 'the run did not report gate ppl' }],
    ]);
    const found = (await next.call('GET', `/v1/results/${name}/verdict`)).json;
    expect(found).toMatchObject({ verification: 'inconclusive', score: 99 });
  });

  it('who lost one and posts again, a byte changed, is asked more of; others are not', async () => {
    const s = await scene((sitting) => exam(sitting > 1));
    await s.post('bob');
    await s.post('bob-two');
    const asked = s.exams().map(({ spec }) => spec.command.slice(spec.command.indexOf('--lost')));
    expect(asked).toEqual([expect.not.arrayContaining(['--lost']), ['--lost', '1']]);
    await s.post('cid', 'user-two');
    expect(s.exams().at(-1)?.spec.command).not.toContain('--lost');
  });

  it('is the server’s own wish: who has used up the runs of a day is examined all the same', async () => {
    const s = await scene(exam(false), { VERIFIER_PER_USER_PER_DAY: '1' });
    expect((await s.verdict(await s.post('bob'))).verification).toBe('invalid');
  });

  it('only the champion, and only the top k, are asked', async () => {
    const champion = await scene(exam(true), { GATES: ENV.GATES.replace('top-k', 'champion') });
    await champion.post('bob');
    await champion.post('cid');
    expect(champion.exams()).toHaveLength(1);
    const top = await scene(exam(true), { VERIFIER_TOP_K: '1' });
    await top.post('bob');
    await top.post('cid');
    expect(top.exams()).toHaveLength(1);
    const both = await scene(exam(true));
    await both.post('bob');
    await both.post('cid');
    expect(both.exams()).toHaveLength(2);
  });

  it('a challenge without such gates runs none', async () => {
    const s = await scene(exam(false), {
      GATES: '[{"id":"audit"}]',
      DIVISIONS: '[{"id":"main","gates":["audit"]}]',
    });
    await s.post('bob');
    expect(s.exams()).toEqual([]);
  });

  it('strict isolation: an exam without every layer decides nothing', async () => {
    const bare = summary({
      gates: [{ id: 'downstream', pass: false }],
      provenance: { isolation: { strict: false } },
    });
    const s = await scene(bare, { VERIFICATION_ISOLATION: 'strict' });
    expect((await s.verdict(await s.post('bob'))).verification).toBe('valid');
  });
});

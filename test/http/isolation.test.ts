import { afterEach, expect, it } from 'vitest';
import { type JobEnd, withJobs } from '../helpers/memory-jobs.ts';
import { ORG, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

/** `verification.isolation: strict`: what was not run behind every layer is no evidence, for nor against. */

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: '[{"id":"audit"}]',
  DIVISIONS: '[{"id":"main","gates":["audit"],"headline":true}]',
  JOBS_ENABLED: 'true',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_FRESH_RUNS: '0',
};
const BODY =
  '---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: submissions/v1\n---\ntext\n';
const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** What becomes of a result whose run reports these layers, or ends in another way. */
async function judged(mode: string, isolation: unknown, end?: JobEnd) {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  const summary = {
    tps: 96,
    gates: [{ id: 'audit', value: 1, limit: 0.9, op: '>=', pass: true }],
    provenance: { submission_sha256: 'aa', isolation },
  };
  const ran = { state: { 'summary.json': JSON.stringify(summary) } };
  jobs.behave(() => end ?? ran);
  const server = await startTestServer({ clock, hub, env: { ...ENV, VERIFICATION_ISOLATION: mode } });
  open.push(server);
  const key = await server.join('bob');
  hub.seed(`${ORG}/test-bob`, { 'submissions/v1/manifest.json': '{}', 'submissions/v1/serve.py': '' });
  const posted = await server.call('POST', '/v1/results', {
    as: key,
    body: { agent_id: 'bob', body: BODY },
  });
  await clock.advance(400_000);
  const { json } = await server.call('GET', `/v1/results/${posted.json.filename}/verdict`);
  return { state: json.verification, reason: json.reason, command: jobs.launched[0]?.spec.command ?? [] };
}

const HELD = { layers: ['landlock'], missing: {}, strict: true };
const OPEN = { layers: ['limits'], missing: { landlock: 'the kernel has no Landlock' }, strict: false };

it.each([
  ['strict', 'every layer held', HELD, 'valid'],
  ['strict', 'a layer was missing', OPEN, 'inconclusive'],
  ['strict', 'nothing is said of layers', null, 'inconclusive'],
  ['best', 'a layer was missing', OPEN, 'valid'],
])('%s: %s', async (mode, _what, isolation, state) => {
  const found = await judged(mode, isolation);
  expect(found.state, found.reason).toBe(state);
  expect(found.command.join(' ').includes('--isolation strict')).toBe(mode === 'strict');
  if (isolation === OPEN && mode === 'strict')
    expect(found.reason).toContain('not isolated in full: without landlock');
});

it('a Hub that runs no strangers’ submissions blames nobody, and says why', async () => {
  const refused: JobEnd = { stage: 'CANCELED', message: 'Only the shipped samples run here: no Landlock' };
  const found = await judged('best', HELD, refused);
  expect([found.state, found.reason]).toEqual([
    'inconclusive',
    expect.stringContaining('CANCELED: Only the shipped samples run here'),
  ]);
});

/** A cheat prints the private prompts it is asked: who gets to read them? */
import { HubError } from '@collab/hub/port.ts';
import { afterEach, expect, it } from 'vitest';
import { withJobs } from '../helpers/memory-jobs.ts';
import { ORG, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  SCORE_FIELD: 'tps',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([{ id: 'audit' }]),
  DIVISIONS: JSON.stringify([{ id: 'lossless', gates: ['audit'], headline: true }]),
  JOBS_ENABLED: 'true',
  JOB_WATCH_POLL_S: '1',
  VERIFICATION_MODE: 'jobs',
  VERIFIER_FRESH_RUNS: '0',
  VERIFIER_AGENT: 'verifier',
};
const ORGANIZER = 'hf_organizerorganizer';
const SECRET = 'private prompt 17: what is the capital of';
const SUMMARY = JSON.stringify({
  tps: 96,
  gates: [{ id: 'audit', value: 0.99, limit: 0.98, op: '>=', pass: true }],
  provenance: { hardware: 'x86_64, 2 cores', times: { passes: 1.5, audit: 2 }, seeds: [7] },
});

let server: TestServer;
afterEach(() => server.close());

/** A result that was run once for its verdict. */
async function judged(privateData: boolean) {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  jobs.behave(() => ({
    state: { 'summary.json': SUMMARY, 'server.log': SECRET },
    logs: ['started', SECRET],
  }));
  server = await startTestServer({ clock, hub, env: ENV });
  if (privateData) hub.seed(PRIVATE, { 'eval_dataset/prompts.jsonl': SECRET });
  const [bob, eve] = [await server.join('bob'), await server.join('eve', 'user-two')];
  hub.seed(`${ORG}/test-bob`, {
    'submissions/v1/serve.py': 'print()',
    'runs/1/job_logs.txt': 'pass 1: 100 tokens/s\n<b>not bold</b>\n',
    'drafts/secret.md': 'not yet',
  });
  const head = `---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: submissions/v1\nartifacts: hf://buckets/${ORG}/test-bob/runs/1\n---\n`;
  const posted = await server.call('POST', '/v1/results', { as: bob, body: { agent_id: 'bob', body: head } });
  await clock.advance(40_000);
  const at = `/v1/results/${posted.json.filename}`;
  const list = (as?: string) => server.call('GET', `${at}/logs`, as === undefined ? {} : { as });
  const read = (run: string, as?: string) =>
    server.call('GET', `${at}/logs/${run}`, as === undefined ? {} : { as });
  return { at, bob, eve, list, read, hub };
}

it('what a run printed that saw private data is for organizers alone, not for its author', async () => {
  const { bob, eve, list, read } = await judged(true);
  for (const as of [undefined, bob, eve]) {
    const { json } = await list(as);
    expect(json).toMatchObject({ items: [{ run: 'benchmark', kind: 'benchmark' }], hidden: 1 });
    const answer = await read('first', as);
    expect([as, answer.status]).toEqual([as, as === undefined ? 401 : 403]);
    expect(answer.text).not.toContain('capital');
  }
  expect((await list(ORGANIZER)).json).toMatchObject({ items: [{}, { run: 'first' }], hidden: 0 });
  expect((await read('first', ORGANIZER)).text).toBe(`started\n${SECRET}\n`);
});

it('where nothing private was mounted, its author may read it too', async () => {
  const { bob, eve, list, read } = await judged(false);
  expect((await list(bob)).json).toMatchObject({ items: [{}, { run: 'first' }], hidden: 0 });
  expect((await read('first', bob)).text).toContain('started');
  for (const as of [undefined, eve]) expect((await read('first', as)).status).not.toBe(200);
});

it('a job cannot open its own log by what it writes into its folder', async () => {
  const { bob, read, hub, at } = await judged(true);
  const name = at.slice('/v1/results/'.length);
  hub.seed(PRIVATE, {
    [`verification_runs/${name}/verification_request.json`]: '{"private_data": false}',
  });
  expect((await read('first', bob)).status).toBe(403);
});

it('the log of the benchmark that the result names is anybody’s, as plain text; nothing beside it', async () => {
  const { read } = await judged(true);
  const answer = await read('benchmark');
  expect(answer.text).toContain('<b>not bold</b>');
  expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain('sandbox');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  for (const run of ['..', 'x', 'run-1', 'server.log', '%2e%2e%2fdrafts', 'summary.json'])
    expect([run, (await read(run)).status]).toEqual([run, 404]);
});

it('everybody sees what the harness says of each run, and nothing the submission printed', async () => {
  const { at } = await judged(true);
  const { history } = (await server.call('GET', `${at}/verdict`)).json;
  expect(history[0].run).toMatchObject({
    run: 'first',
    score: 96,
    gates: [{ id: 'audit', pass: true }],
    facts: [
      { name: 'hardware', value: 'x86_64, 2 cores' },
      { name: 'times.passes', value: '1.5' },
      { name: 'times.audit', value: '2' },
      { name: 'seeds', value: '[7]' },
    ],
  });
  expect(JSON.stringify(history)).not.toContain('capital');
});

it('a bucket that is gone has no log; one that cannot be asked is a failure, not an empty list', async () => {
  const { list, hub } = await judged(true);
  const fail = (kind: 'missing' | 'unavailable') => {
    hub.fault = (call) => {
      if (call === 'pathsInfo') throw new HubError(kind, 'no', { url: 'x' });
    };
  };
  fail('missing');
  expect((await list()).json).toMatchObject({ items: [], hidden: 1 });
  fail('unavailable');
  expect((await list()).json.error.code).toBe('HUB_UNAVAILABLE');
});

it('a log that never ends is kept by its end', async () => {
  const clock = testClock();
  const hub = testHub(clock);
  const jobs = withJobs(hub, clock.now);
  jobs.behave(() => ({ state: { 'summary.json': SUMMARY }, logs: ['x'.repeat(3_000_000), 'the end'] }));
  server = await startTestServer({ clock, hub, env: ENV });
  const bob = await server.join('bob');
  hub.seed(`${ORG}/test-bob`, { 'submissions/v1/serve.py': 'print()' });
  const head = `---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: submissions/v1\n---\n`;
  const { json } = await server.call('POST', '/v1/results', {
    as: bob,
    body: { agent_id: 'bob', body: head },
  });
  await clock.advance(40_000);
  const log = await server.call('GET', `/v1/results/${json.filename}/logs/first`, { as: ORGANIZER });
  expect(log.text.length).toBeLessThan(300 * 1024);
  expect(log.text).toMatch(/^\[the first \d+ bytes are left out\]\nx+\nthe end\n$/);
});

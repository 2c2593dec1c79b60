import { expect, it } from 'vitest';
import { withJobs } from '../helpers/memory-jobs.ts';
import { ORG, PRIVATE, startTestServer, testClock, testHub } from '../helpers/server.ts';

const ENV = {
  TRUSTED_PROXY_HOPS: '1',
  JOBS_ENABLED: 'true',
  VERIFICATION_MODE: 'peer',
  VERIFIER_AGENT: 'verifier',
  SCORE_FIELD: 'tps',
};
const FROM = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7', 'user-agent': 'probe/1' };
const ORGANIZER = 'hf_organizerorganizer';
const RESULT = '---\ntps: 100\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: v1\n---\ntext\n';
const TRACE = {
  schema_version: 1,
  harness: 'pi',
  session_id: 's1',
  model: 'm',
  started_at: '2026-06-01T08:00:00Z',
};

it('every write leaves a row with the address that the trusted proxy saw and the program that called', async () => {
  const clock = testClock();
  const hub = testHub(clock);
  withJobs(hub, clock.now);
  const server = await startTestServer({ clock, hub, env: ENV });
  const keys = { bob: await server.join('bob'), eve: await server.join('eve', 'user-two') };
  const scratch = `hf://buckets/${ORG}/test-bob`;
  hub.seed(`${ORG}/test-bob`, {
    'v1/serve.py': 'x',
    'traces/s1/manifest.md': `---\n${JSON.stringify(TRACE)}\n---\n`,
  });
  const bob = { agent_id: 'bob' };
  const send = async (path: string, body: object, as: string = keys.bob) => {
    const { status, json } = await server.call('POST', path, { as, body, headers: FROM });
    expect([path, status, json]).toEqual([path, expect.toSatisfy((s: number) => s < 300), json]);
    return json;
  };

  await send('/v1/messages', { ...bob, body: 'hello' });
  const { filename } = await send('/v1/results', { ...bob, body: RESULT });
  const review = { agent_id: 'eve', decision: 'approve', body: 'I ran it: 101, 99 and 100 tokens a second.' };
  await send(`/v1/results/${filename}/reviews`, review, keys.eve);
  await send(`/v1/results/${filename}/verdict`, { state: 'valid', reason: 'looked' }, ORGANIZER);
  await send('/v1/agents/eve:vouch', { vouched: true, reason: 'known' }, ORGANIZER);
  await send('/v1/taskforces', { ...bob, name: 'speed', body: '# Speed' });
  await send('/v1/taskforces/speed/files', { ...bob, name: 'note', body: 'a note' });
  await send('/v1/artifacts:sync', { ...bob, source: `${scratch}/v1`, dest_slug: 'v1' });
  await send('/v1/jobs:run', { ...bob, submission_prefix: 'v1', run_prefix: 'runs/v1' });
  await send('/v1/traces', { source: `${scratch}/traces/s1`, share: 'stats' });
  await server.close();

  const files = [...(hub.buckets.get(PRIVATE)?.files.keys() ?? [])].filter((path) =>
    path.startsWith('audit/'),
  );
  const rows = files
    .flatMap((path) => (hub.textOf(PRIVATE, path) ?? '').trim().split('\n'))
    .map((line) => JSON.parse(line))
    .filter(({ route }) => route !== '/v1/agents/register');
  expect(rows).toHaveLength(10);
  for (const row of rows)
    expect(row, row.route).toMatchObject({ caller_ip: '203.0.113.7', user_agent: 'probe/1' });
});

/** The same path on the embedded hub: real jobs, real uploads, a real clock. */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { createHubClient } from '@collab/hub/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp, type Server } from '../../templates/backend/app.ts';
import { silent } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

const HARNESS = `
import argparse, hashlib, json, pathlib, sys
parser = argparse.ArgumentParser()
for flag in ('--submission-dir', '--state-dir', '--private-dir'):
    parser.add_argument(flag, type=pathlib.Path)
args = parser.parse_args()
try:
    wanted = json.loads((args.submission_dir / 'manifest.json').read_text())
except Exception as error:
    (args.state_dir / 'summary.json').write_text(json.dumps({'error': f'manifest.json: {error}'}))
    sys.exit(3)
bonus = len(list(args.private_dir.iterdir())) if args.private_dir else 0
tps = wanted['tps'] - bonus
files = sorted(path for path in args.submission_dir.rglob('*') if path.is_file())
lines = [f'{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(args.submission_dir)}\\n' for path in files]
summary = {
    'tps': tps,
    'score': {'mean': tps, 'sd': 0.0, 'runs': 2, 'unit': 'tokens/s'},
    'gates': [{'id': 'audit', 'value': wanted['audit'], 'limit': 0.9, 'op': '>=', 'pass': wanted['audit'] >= 0.9}],
    'provenance': {'submission_sha256': hashlib.sha256(''.join(lines).encode()).hexdigest()},
}
(args.state_dir / 'summary.json').write_text(json.dumps(summary))
print('measured', tps)
`;

let hub: Awaited<ReturnType<typeof testHub>>;
let server: Server;
let running: Promise<void>;
let key: string;

const admin = () => createHubClient({ endpoint: hub.url, token: TOKENS.admin });
const participant = () => createHubClient({ endpoint: hub.url, token: TOKENS.one });

async function start(): Promise<void> {
  server = createApp({
    settings: parseSettings({
      HF_ENDPOINT: hub.url,
      HF_TOKEN: TOKENS.writer,
      ORG: 'acme',
      COLLAB_SLUG: 'race',
      AUDIT_BUCKET: 'acme/race-private',
      SCORE_FIELD: 'tps',
      REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
      GATES: '[{"id":"audit"}]',
      JOBS_ENABLED: 'true',
      JOB_FLAVOR: 'cpu-basic',
      JOB_TIMEOUT_MINUTES: '1',
      JOB_WATCH_POLL_S: '0.2',
      VERIFICATION_MODE: 'jobs',
      VERIFIER_FRESH_RUNS: '0',
    }),
    hub: createHubClient({ endpoint: hub.url, token: TOKENS.writer }),
    now: Date.now,
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
    random: (n) => randomBytes(n),
    log: silent,
    strict: true,
  });
  running = server.run();
  await server.services.store.ready();
}

async function call(method: string, path: string, body?: unknown, as = key) {
  const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' };
  const answer = await server.app.request(path, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, any> };
}

beforeAll(async () => {
  hub = await testHub();
  for (const name of ['race-main-bucket', 'race-private'])
    await admin().createBucket(`acme/${name}`, { private: name === 'race-private' });
  await admin().write('acme/race-main-bucket', {
    adds: [{ path: 'shared_resources/harness/run.py', content: HARNESS }],
  });
  await admin().write('acme/race-private', { adds: [{ path: 'eval_dataset/prompts.json', content: '[]' }] });
  await start();
  const card = { agent_id: 'bob', model: 'm', harness: 'h', provision: true };
  key = (await call('POST', '/v1/agents/register', card, TOKENS.one)).json.agent_key;
  const files = {
    'submissions/v1': '{"tps": 50, "audit": 0.95}',
    'submissions/v2': '{"tps": 90, "audit": 0.5}',
    'submissions/v3': 'no json',
  };
  const adds = Object.entries(files).map(([folder, content]) => ({
    path: `${folder}/manifest.json`,
    content,
  }));
  await participant().write('acme/race-bob', { adds });
});

afterAll(async () => {
  await server?.stop();
  await running;
  await hub?.remove();
});

const result = (folder: string, tps: number) =>
  `---\ntps: ${tps}\nmethod: m\nstatus: agent-run\ndescription: d\nsubmission: submissions/${folder}\n---\ntext\n`;

async function judged(folder: string, tps: number) {
  const posted = await call('POST', '/v1/results', { agent_id: 'bob', body: result(folder, tps) });
  expect(posted.status).toBe(201);
  return until(async () => {
    const { json } = await call('GET', `/v1/results/${posted.json.filename}/verdict`);
    return json.history.length > 0 && json;
  });
}

describe('on the embedded hub', () => {
  it('runs a benchmark into the own bucket', async () => {
    const body = { agent_id: 'bob', submission_prefix: 'submissions/v1', run_prefix: 'runs/v1' };
    const launched = await call('POST', '/v1/jobs:run', body);
    expect(launched.status).toBe(202);
    const done = await until(async () => {
      const bytes = await participant().readFile('acme/race-bob', 'runs/v1/job_status.json');
      const status = bytes && JSON.parse(new TextDecoder().decode(bytes));
      return status?.status !== 'running' && status;
    });
    expect(done).toMatchObject({ status: 'completed', job_id: launched.json.job_id });
    const read = async (name: string) =>
      new TextDecoder().decode(
        (await participant().readFile('acme/race-bob', `runs/v1/${name}`)) as Uint8Array,
      );
    expect(JSON.parse(await read('summary.json')).tps).toBe(50);
    expect(await read('job_logs.txt')).toContain('measured 50');
  });

  it('verifies by a job of its own with the private split: valid, invalid by a gate, invalid by the harness', async () => {
    const [valid, cheat, broken] = [await judged('v1', 50), await judged('v2', 90), await judged('v3', 1)];
    expect(valid).toMatchObject({ verification: 'valid', score: 49, claimed: 50 });
    expect(valid.submission_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(cheat).toMatchObject({ verification: 'invalid' });
    expect(cheat.reason).toMatch(/gate audit failed: 0.5/);
    expect(broken).toMatchObject({ verification: 'invalid' });
    expect(broken.reason).toMatch(/manifest.json/);
    const { rows } = (await call('GET', '/v1/leaderboard')).json;
    expect(rows.map((row: { rank: number; score: number }) => [row.rank, row.score])).toEqual([[1, 49]]);
    const index = await admin().readFile('acme/race-main-bucket', 'results/verification_status.json');
    expect(Object.values(JSON.parse(new TextDecoder().decode(index as Uint8Array))).sort()).toEqual([
      'invalid',
      'invalid',
      'valid',
    ]);
    expect((await call('GET', '/v1/inbox/bob')).json.count).toBe(3);
    const { spend, items } = (await call('GET', '/v1/queue')).json;
    expect([spend.runs, items.length]).toEqual([3, 0]);
  });

  it('a new server over the same hub knows every verdict', async () => {
    const before = (await call('GET', '/v1/leaderboard')).json.rows;
    await server.stop();
    await running;
    await start();
    expect((await call('GET', '/v1/leaderboard')).json.rows).toEqual(before);
  });
});

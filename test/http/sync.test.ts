import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, COMPAT, ORG, startTestServer, type TestServer } from '../helpers/server.ts';

const SCRATCH = `${ORG}/test-bob`;
let server: TestServer;
afterEach(() => server?.close());

async function scene(env: Record<string, string> = {}) {
  server = await startTestServer({ env });
  const key = await server.join('bob');
  server.hub.seed(SCRATCH, {
    'run/a.txt': 'a',
    'run/sub/b.txt': 'bb',
    'run/.secret': 's',
    'run.md': 'n',
    'runs-private/x': 'p',
  });
  return key;
}
const source = (path: string) => `hf://buckets/${SCRATCH}/${path}`;
const artifacts = (as: string | undefined, body: object) =>
  server.call('POST', '/v1/artifacts:sync', { as, body });
const shared = (as: string | undefined, body: object) =>
  server.call('POST', '/v1/shared-resources:sync', { as, body });
const central = (prefix: string) =>
  [...(server.hub.buckets.get(CENTRAL)?.files.keys() ?? [])].filter((path) => path.startsWith(prefix)).sort();

describe('artifacts:sync', () => {
  it('X2, S32: copies the folder and neither its neighbours nor dot-files', async () => {
    const key = await scene();
    const answer = await artifacts(key, { source: source('run'), dest_slug: 'x' });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      dest: 'artifacts/x_bob/',
      files: [
        { src_path: 'run/a.txt', dest_path: 'artifacts/x_bob/a.txt', bytes: 1 },
        { src_path: 'run/sub/b.txt', dest_path: 'artifacts/x_bob/sub/b.txt', bytes: 2 },
      ],
      bytes_copied: 3,
    });
    expect(central('artifacts/')).toEqual(['artifacts/x_bob/a.txt', 'artifacts/x_bob/sub/b.txt']);
  });
  it('S32: a whole bucket is no source', async () => {
    const key = await scene();
    for (const path of ['', '/'])
      expect((await artifacts(key, { source: source(path), dest_slug: 'x' })).json.error.code).toBe(
        'INVALID_PATH',
      );
    expect(central('artifacts/')).toEqual([]);
  });
  it('C26: nothing there is said so, and one listing decides and copies', async () => {
    const key = await scene();
    expect((await artifacts(key, { source: source('none'), dest_slug: 'x' })).json.error.code).toBe(
      'SOURCE_NOT_FOUND',
    );
    let listings = 0;
    server.hub.fault = (call, [bucket]) => {
      if (call === 'listFiles' && bucket === SCRATCH) listings++;
    };
    await artifacts(key, { source: source('run'), dest_slug: 'x' });
    expect(listings).toBe(1);
  });
  it('S4: nobody copies out of the bucket of another, except where the reference let everybody', async () => {
    await scene();
    expect((await artifacts(undefined, { source: source('run'), dest_slug: 'x' })).status).toBe(401);
    expect(
      (await artifacts('hf_usertwousertwousertwo', { source: source('run'), dest_slug: 'x' })).status,
    ).toBe(403);
    await server.close();
    await scene(COMPAT);
    expect((await artifacts(undefined, { source: source('run'), dest_slug: 'x' })).status).toBe(200);
  });
  it('limits are kept before anything is copied', async () => {
    const key = await scene({ SYNC_MAX_FILES: '1' });
    expect((await artifacts(key, { source: source('run'), dest_slug: 'x' })).json.error.code).toBe(
      'SYNC_TOO_LARGE',
    );
    for (const dest_slug of ['', 'X', 'a/b', 'x\n', '../x'])
      expect((await artifacts(key, { source: source('run'), dest_slug })).json.error.code).toBe(
        'INVALID_PATH',
      );
    expect(central('artifacts/')).toEqual([]);
  });
});

describe('shared-resources:sync', () => {
  const refused: [string, string][] = [
    ['S8: the marker of a longer name', 'plots_bobby'],
    ['S8: the marker in the middle', 'x_bob_y'],
    ['no marker', 'plots'],
    ['S8: inside the harness', 'harness/x_bob'],
    ['inside the sample that control runs are made of', 'samples/baseline/x_bob'],
    ['a dot-folder', '.x_bob'],
    ['out of the folder', '../x_bob'],
  ];
  it.each(refused)('refuses %s', async (_name, dest_path) => {
    const key = await scene();
    expect((await shared(key, { source: source('run'), dest_path })).json.error.code).toBe('INVALID_PATH');
    expect(central('shared_resources/')).toEqual([]);
  });
  it('a file of somebody else does not become a folder as well', async () => {
    const key = await scene();
    server.hub.seed(CENTRAL, { 'shared_resources/data_alice.bin': 'x' });
    for (const dest_path of ['data_alice.bin/x_bob', 'data_alice.bin/y/x_bob'])
      expect((await shared(key, { source: source('run'), dest_path })).json.error.message).toBe(
        'shared_resources/data_alice.bin is a file, not a folder',
      );
    expect(central('shared_resources/')).toEqual(['shared_resources/data_alice.bin']);
    expect((await shared(key, { source: source('run'), dest_path: 'data_alice/x_bob' })).status).toBe(200);
  });
  it('a folder without an end is not listed to its end, whoever names it', async () => {
    const key = await scene({ SYNC_MAX_FILES: '5', JOBS_ENABLED: 'true', SCORE_FIELD: 'tps' });
    server.hub.seed(SCRATCH, Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`many/.f${n}`, 'x'])));
    const result = { tps: 1, method: 'm', status: 'agent-run', description: 'd', submission: 'many' };
    const answers = await Promise.all([
      shared(key, { source: source('many'), dest_path: 'x_bob' }),
      server.call('POST', '/v1/results', {
        as: key,
        body: { agent_id: 'bob', body: 't', frontmatter: result },
      }),
      server.call('POST', '/v1/jobs:run', {
        as: key,
        body: { agent_id: 'bob', submission_prefix: 'many', run_prefix: 'runs/1' },
      }),
    ]);
    expect(answers.map(({ json }) => json.error?.code)).toEqual(Array(3).fill('SYNC_TOO_LARGE'));
  });
  it('C28: the path its own error proposes is taken', async () => {
    const key = await scene();
    const { hint } = (await shared(key, { source: source('run'), dest_path: 'tokenizers' })).json.error;
    const dest_path = /for example (\S+)/.exec(hint)?.[1];
    expect((await shared(key, { source: source('run'), dest_path })).status).toBe(200);
    expect(central('shared_resources/')).toHaveLength(2);
  });
  it('S8: not even an agent whose name ends the name of the harness folder touches it', async () => {
    server = await startTestServer({ env: { HARNESS_PREFIX: 'shared_resources/speed_bob' } });
    const key = await server.join('bob');
    server.hub.seed(SCRATCH, { 'run/run.py': 'evil' });
    expect((await shared(key, { source: source('run'), dest_path: 'speed_bob' })).json.error.code).toBe(
      'INVALID_PATH',
    );
  });
});

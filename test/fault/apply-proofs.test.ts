import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChallenge, planChallenge } from '../../generator/apply/challenge.ts';
import type { ApplyOptions } from '../../generator/apply/types.ts';
import { remember } from '../../generator/eval/record.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import type { TargetState } from '../../generator/plan/model.ts';
import { printPlan } from '../../generator/plan/print.ts';
import { draftOf } from '../../generator/whole-file.ts';
import { createHubClient } from '../../templates/hub/client.ts';
import { type Bench, put, startBench, testIo, writeChallenge } from './apply-fixture.ts';

/** An unproven harness stays here; what a submission could reach is looked at where it will run. */

const LIBRARY = new URL('../../templates/harness/collab_harness', import.meta.url).pathname;
const HF = 'https://huggingface.co';
const CHEAT = { caught_by: ['landlock'], how: 'layer', wins_if: 'valid', mutation: ['landlock'] };

async function withLibrary(dir: string): Promise<void> {
  await cp(LIBRARY, join(dir, 'harness/collab_harness'), {
    recursive: true,
    filter: (path) => !path.includes('__pycache__'),
  });
  await put(dir, 'harness/upload.json', '["run.py", "data/**", "collab_harness/*.py"]\n');
  await put(dir, 'submissions/cheats/pruned/cheat.json', JSON.stringify(CHEAT));
}

const prove = async (dir: string) => {
  for (const proof of ['selftest', 'redteam'] as const) await remember(dir, proof, 'ok', 'now', '');
};

const nodes = async (options: ApplyOptions) => {
  const { plan } = await planChallenge(options);
  const find = (id: string) => plan.nodes.find((node) => node.id === id);
  return { proofs: find('check:proofs'), probe: find('probe'), text: printPlan(plan, []) };
};

async function stateOf(dir: string, target: string): Promise<TargetState> {
  const all = JSON.parse(await readFile(join(dir, '.collab/plan-state.json'), 'utf8'));
  return all.targets[target];
}

describe('on this machine', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => bench.close());

  it('an unproven harness is deployed and said to be unproven', async () => {
    await put(bench.dir, 'harness/run.py', 'print("another")\n');
    const seen = await nodes(bench.options());
    expect([seen.proofs?.state, seen.proofs?.reason]).toEqual([
      'unchanged',
      'self-test stale, red team stale: nothing proves that this harness judges rightly',
    ]);
    expect(seen.text).toMatch(/⚠ Self-test and red team: [\s\S]*?next: create-collab eval selftest/);
    expect((await applyChallenge(bench.options())).status).toBe('ok');
  });

  it('what a killed process had begun to write beside the harness makes no proof stale', async () => {
    await put(bench.dir, draftOf('harness/gates.json', 2147483646), '{"half":');
    expect((await nodes(bench.options())).proofs?.reason).toBe('both passed on this harness');
  });

  it('what the red team could not test is said; a record that cannot be read proves nothing', async () => {
    await remember(bench.dir, 'redteam', 'ok', 'now', '', ['phones-out']);
    const seen = await nodes(bench.options());
    expect([seen.proofs?.reason, seen.proofs?.warn]).toEqual([
      'both passed on this harness; untestable where the red team ran: phones-out',
      true,
    ]);
    await put(bench.dir, '.collab/eval.json', '{');
    expect((await nodes(bench.options())).proofs?.reason).toMatch(/^self-test never run, red team never run/);
  });

  it('the probe runs as a job, is recorded here and in the private bucket, and runs no second time', async () => {
    await withLibrary(bench.dir);
    expect((await nodes(bench.options())).probe?.state).toBe('create');
    const report = await applyChallenge(bench.options());
    expect(report.operations.find(({ id }) => id === 'probe')?.state).toBe('done');
    const [record] = Object.values((await stateOf(bench.dir, 'local')).probes);
    expect(record?.found?.layers).toContain('no_new_privileges');
    const hub = createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });
    const kept = (await hub.listFiles('organizer/gemma-private', 'isolation/')) ?? [];
    expect(kept.map(({ path }) => path.split('/').at(-1)).sort()).toEqual(['isolation.json', 'request.json']);
    expect((await nodes(bench.options())).probe?.state).toBe('unchanged');
    expect((await applyChallenge(bench.options())).writes).toBe(0);
    expect((await hub.jobs('gemma-collab')).length).toBe(1);
  });

  it('other layer code is looked at anew', async () => {
    await withLibrary(bench.dir);
    await applyChallenge(bench.options());
    await put(
      bench.dir,
      'harness/collab_harness/linux.py',
      `${await readFile(join(LIBRARY, 'linux.py'), 'utf8')}#\n`,
    );
    expect((await nodes(bench.options())).probe?.state).toBe('create');
  });

  it('a probe that says nothing is said, holds nothing up, and can be asked for again', async () => {
    await withLibrary(bench.dir);
    await put(bench.dir, 'harness/collab_harness/probe.py', 'raise SystemExit(7)\n');
    expect((await applyChallenge(bench.options())).status).toBe('ok');
    const after = await nodes(bench.options());
    expect([after.probe?.state, after.probe?.warn]).toEqual(['unchanged', true]);
    expect(after.probe?.reason).toContain('exit code: 7');
    expect((await nodes(bench.options({ probe: true }))).probe?.state).toBe('create');
  });

  it('a machine without layers: which cheats nothing stops is said; strict refuses', async () => {
    await withLibrary(bench.dir);
    const bare = `import json, pathlib, sys
missing = {name: 'not here' for name in ('landlock', 'network_namespace', 'pid_namespace')}
found = {'schema': 1, 'layers': ['limits'], 'missing': missing, 'strict': False, 'program_ran': True}
pathlib.Path(sys.argv[2], 'isolation.json').write_text(json.dumps(found))
`;
    await put(bench.dir, 'harness/collab_harness/probe.py', bare);
    expect((await applyChallenge(bench.options())).status).toBe('ok');
    const open = await nodes(bench.options());
    expect([open.probe?.state, open.probe?.reason]).toEqual([
      'unchanged',
      'limits hold, landlock, network_namespace, pid_namespace not: nothing there stops pruned',
    ]);
    const yaml = await readFile(join(bench.dir, 'challenge.yaml'), 'utf8');
    await put(
      bench.dir,
      'challenge.yaml',
      yaml.replace('verification:\n', 'verification:\n  isolation: strict\n'),
    );
    const strict = await nodes(bench.options());
    expect([strict.probe?.state, strict.probe?.next?.[0]?.command]).toEqual([
      'blocked',
      'challenge.yaml: verification.isolation: best',
    ]);
    await put(bench.dir, 'harness/collab_harness/probe.py', `${bare}# again\n`);
    const refused = await applyChallenge(bench.options());
    expect(refused.operations.find(({ id }) => id === 'probe')?.error?.code).toBe('ISOLATION_MISSING');
  });
});

describe('as against huggingface.co', () => {
  const WRITE = ['repo.content.read', 'repo.write'];
  const scope = (name: string, type: string, permissions: string[]) => ({ name, type, permissions });
  const scopes = (org: string[]) => [scope('acme', 'org', org), scope('ada', 'user', WRITE)];
  const users: Seed['users'] = [
    {
      name: 'ada',
      token: 'hf_ada000000000',
      role: 'fineGrained',
      scopes: scopes(WRITE),
      tokens: [{ token: 'hf_space0000000', role: 'fineGrained', scopes: scopes([...WRITE, 'job.write']) }],
    },
  ];
  const orgs: Seed['orgs'] = [
    { name: 'acme', plan: 'team', credits: 5, members: [{ user: 'ada', role: 'admin' }] },
  ];
  let parent: string;
  let dir: string;
  let hub: Awaited<ReturnType<typeof startHub>>;
  const options = (more: Partial<ApplyOptions> = {}): ApplyOptions => ({
    io: testIo(),
    dir,
    hubUrl: hub.url,
    token: 'hf_ada000000000',
    spaceToken: 'hf_space0000000',
    ...more,
  });
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'collab-proofs-'));
    dir = join(parent, 'challenge');
    await writeChallenge(dir);
    await withLibrary(dir);
    const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
    const remote = `hub:\n  endpoint: ${HF}\n  org: acme\n  private_namespace: ada\n  invite_url: ${HF}/x\n`;
    await put(dir, 'challenge.yaml', `${yaml.replace(/^hub:[\s\S]*?(?=^\S|$(?![\s\S]))/m, '')}\n${remote}`);
    hub = await startHub({ dir: join(parent, 'hub'), port: 0, host: '127.0.0.1', seed: { users, orgs } });
  });
  afterEach(async () => {
    await hub.close();
    await rm(parent, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
  });

  it('refuses an unproven harness, with the commands that prove it; --skip-proofs is recorded', async () => {
    const seen = await nodes(options());
    expect(seen.proofs?.state).toBe('blocked');
    expect(seen.proofs?.next?.map(({ command }) => command)).toEqual([
      'create-collab eval selftest && create-collab eval redteam',
      'create-collab apply --skip-proofs',
    ]);
    const refused = await applyChallenge(options());
    expect([refused.status, refused.writes]).toEqual(['action_required', 0]);
    const skipped = await applyChallenge(options({ skipProofs: true, probe: true }));
    expect(skipped.status).toBe('ok');
    expect((await stateOf(dir, HF)).skippedProofs).toMatchObject({ selftest: 'stale', redteam: 'stale' });
  });

  it('a harness that changes later waits for new proofs; the rest goes on', async () => {
    await prove(dir);
    await applyChallenge(options({ probe: true }));
    await put(dir, 'harness/run.py', 'print("changed")\n');
    await put(dir, 'bucket/README.md', '# Another\n');
    const report = await applyChallenge(options());
    expect(report.status).toBe('action_required');
    const client = createHubClient({ endpoint: hub.url, token: 'hf_ada000000000' });
    const read = async (path: string) =>
      new TextDecoder().decode((await client.readFile('acme/gemma-main-bucket', path)) ?? new Uint8Array());
    expect(await read('README.md')).toContain('# Another');
    expect(await read('shared_resources/harness/run.py')).not.toContain('changed');
  });

  it('the probe costs money: it waits for --probe, with its price', async () => {
    await prove(dir);
    const waiting = await applyChallenge(options());
    expect(waiting.status).toBe('action_required');
    const seen = (await nodes(options())).probe;
    expect([seen?.state, seen?.cost, seen?.next?.[0]?.command]).toEqual([
      'human',
      { usd: (0.01 * 5) / 60, per: 'once' },
      'create-collab apply --probe',
    ]);
    const done = await applyChallenge(options({ probe: true }));
    expect(done.status).toBe('ok');
    expect((await nodes(options())).probe?.state).toBe('unchanged');
  });
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChallenge, planChallenge } from '../../generator/apply/challenge.ts';
import type { ApplyReport } from '../../generator/apply/types.ts';
import { isChange } from '../../generator/plan/provision.ts';
import { draftOf } from '../../generator/whole-file.ts';
import { type Bench, put, startBench } from './apply-fixture.ts';

const CENTRAL = 'gemma-collab/gemma-main-bucket';
const PRIVATE = 'organizer/gemma-private';
const SPACE = 'gemma-collab/gemma-collab';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(() => bench.close());

const organizer = () => createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });
const content = async (path: string, bucket = CENTRAL) => {
  const bytes = await organizer().readFile(bucket, path);
  return bytes && new TextDecoder().decode(bytes);
};
const stateOf = (report: ApplyReport, id: string) => report.plan.nodes.find((node) => node.id === id)?.state;
const failures = (report: ApplyReport) => report.operations.filter(({ state }) => state !== 'done');

describe('apply', () => {
  it('makes everything, and nothing the second time', async () => {
    const first = await applyChallenge(bench.options());
    expect(failures(first)).toEqual([]);
    expect(first.status).toBe('ok');
    const health = await (await fetch(`${first.apiUrl}/v1/healthz`)).json();
    expect(health).toEqual({ org: 'gemma-collab', token: true });

    let calls = 0;
    const counting: typeof fetch = (input, init) => {
      if (String(input).startsWith(bench.url)) calls += 1;
      return fetch(input, init);
    };
    const options = bench.options();
    const second = await applyChallenge({ ...options, io: { ...options.io, fetch: counting } });
    expect(second.plan.nodes.filter(isChange)).toEqual([]);
    expect([second.status, second.writes, second.operations]).toEqual(['ok', 0, []]);
    expect(second.apiUrl).toBe(first.apiUrl);
    expect(calls).toBeLessThanOrEqual(15);
  });

  it('S16: uploads what is allowed, and nothing else', async () => {
    await applyChallenge(bench.options());
    const central = (await organizer().listFiles(CENTRAL))?.map((file) => file.path).sort();
    expect(central).toEqual([
      'README.md',
      'agents/README.md',
      'message_board/README.md',
      'shared_resources/harness/data/public.txt',
      'shared_resources/harness/run.py',
      'shared_resources/samples/baseline/serve.py',
    ]);
    expect((await organizer().listFiles(PRIVATE))?.map((file) => file.path)).toEqual([
      'eval_dataset/split.jsonl',
    ]);
    expect(await organizer().bucketInfo(PRIVATE, bench.tokens['participant-1'])).toBeNull();
  });

  it('keeps tokens out of the record, the journal and the plan', async () => {
    const report = await applyChallenge(bench.options());
    const texts = await Promise.all(
      ['plan-state.json', 'journal.jsonl'].map((name) => readFile(join(bench.dir, '.collab', name), 'utf8')),
    );
    const all = [...texts, JSON.stringify(report)].join('\n');
    for (const token of Object.values(bench.tokens)) expect(all.includes(token)).toBe(false);
  });
});

describe('two at once', () => {
  it('one runs, the other is refused; the lock of a dead one is taken over', async () => {
    const both = await Promise.allSettled([applyChallenge(bench.options()), applyChallenge(bench.options())]);
    const refused = both.filter((one) => one.status === 'rejected').map((one) => one.reason.code);
    expect([both.filter((one) => one.status === 'fulfilled').length, refused]).toEqual([
      1,
      ['APPLY_RUNNING'],
    ]);
    // Process ids end far below this one.
    await put(bench.dir, '.collab/apply.lock', '2147483646');
    await put(bench.dir, draftOf('.collab/plan-state.json', 2147483646), '{"half":');
    expect((await applyChallenge(bench.options())).status).toBe('ok');
    const left = (await readdir(join(bench.dir, '.collab'))).filter((name) => /lock|tmp/.test(name));
    expect(left).toEqual([]);
  });
});

describe('files that both sides changed', () => {
  beforeEach(async () => {
    await applyChallenge(bench.options());
  });
  const editLive = (text: string) =>
    organizer().write(CENTRAL, { adds: [{ path: 'README.md', content: text }] });

  it('updates what only the directory changed', async () => {
    await put(bench.dir, 'bucket/README.md', 'mine\n');
    const report = await applyChallenge(bench.options());
    expect([report.status, stateOf(report, 'seed:README.md'), await content('README.md')]).toEqual([
      'ok',
      'update',
      'mine\n',
    ]);
  });

  it('B2: keeps what only the bucket changed', async () => {
    await editLive('theirs\n');
    const report = await applyChallenge(bench.options());
    expect([report.status, report.writes, await content('README.md')]).toEqual(['ok', 0, 'theirs\n']);
  });

  it('B2: leaves a conflict alone, shows it, and does the rest', async () => {
    await editLive('theirs\n');
    await put(bench.dir, 'bucket/README.md', 'mine\n');
    await put(bench.dir, 'bucket/agents/README.md', '# Agents, again\n');
    const report = await applyChallenge(bench.options());
    const node = report.plan.nodes.find(({ id }) => id === 'seed:README.md');
    expect([report.status, node?.state, await content('README.md')]).toEqual([
      'action_required',
      'conflict',
      'theirs\n',
    ]);
    expect(node?.diff).toEqual(['- theirs', '+ mine', '  ']);
    expect(await content('agents/README.md')).toBe('# Agents, again\n');
  });

  it('takes the one that is asked for', async () => {
    await editLive('theirs\n');
    await put(bench.dir, 'bucket/README.md', 'mine\n');
    expect((await applyChallenge(bench.options({ takeTheirs: true }))).status).toBe('ok');
    expect(await readFile(join(bench.dir, 'bucket/README.md'), 'utf8')).toBe('theirs\n');
    await editLive('theirs again\n');
    await put(bench.dir, 'bucket/README.md', 'mine again\n');
    expect((await applyChallenge(bench.options({ takeMine: true }))).status).toBe('ok');
    expect(await content('README.md')).toBe('mine again\n');
    expect((await applyChallenge(bench.options())).writes).toBe(0);
  });

  it('deletes what left the directory, unless it was edited in the bucket', async () => {
    const { rm } = await import('node:fs/promises');
    await organizer().write(CENTRAL, { adds: [{ path: 'agents/README.md', content: 'edited' }] });
    await rm(join(bench.dir, 'bucket/agents'), { recursive: true });
    await rm(join(bench.dir, 'bucket/message_board'), { recursive: true });
    await applyChallenge(bench.options());
    expect([await content('agents/README.md'), await content('message_board/README.md')]).toEqual([
      'edited',
      null,
    ]);
  });

  it('B1: writes nothing when the bucket cannot be listed', async () => {
    await editLive('theirs\n');
    const options = bench.options();
    const broken: typeof fetch = (input, init) =>
      String(input).includes('paths-info')
        ? Promise.resolve(Response.json({ error: 'try later' }, { status: 500 }))
        : fetch(input, init);
    await expect(applyChallenge({ ...options, io: { ...options.io, fetch: broken } })).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(await content('README.md')).toBe('theirs\n');
  });
});

describe('variables, saved plans, blocked plans', () => {
  it('B6: removes a variable that is no longer planned, and leaves those of others', async () => {
    await applyChallenge(bench.options());
    const file = join(bench.dir, '.collab/plan-state.json');
    const state = JSON.parse(await readFile(file, 'utf8'));
    state.targets.local.variables.push('OLD_SETTING');
    await put(bench.dir, '.collab/plan-state.json', JSON.stringify(state));
    await organizer().setSpaceVariable(SPACE, { key: 'OLD_SETTING', value: '1' });
    await organizer().setSpaceVariable(SPACE, { key: 'OF_THE_ORGANIZER', value: '1' });
    await applyChallenge(bench.options());
    const keys = (await organizer().spaceVariables(SPACE)).map(({ key }) => key);
    expect([keys.includes('OLD_SETTING'), keys.includes('OF_THE_ORGANIZER')]).toEqual([false, true]);
  });

  it('applies a saved plan, and refuses it once something moved', async () => {
    const { plan } = await planChallenge(bench.options());
    await put(bench.dir, 'bucket/README.md', 'changed since\n');
    await expect(applyChallenge(bench.options({ expected: plan }))).rejects.toMatchObject({
      code: 'PLAN_STALE',
    });
    const { plan: fresh } = await planChallenge(bench.options());
    expect((await applyChallenge(bench.options({ expected: fresh }))).status).toBe('ok');
    await expect(applyChallenge(bench.options({ expected: fresh }))).rejects.toMatchObject({
      code: 'PLAN_STALE',
    });
  });

  it.each(['the Hub', 'the directory'])(
    'going on with a saved plan after a failure does nothing that came up meanwhile in %s',
    async (where) => {
      await applyChallenge(bench.options());
      await put(bench.dir, 'bucket/README.md', 'as planned\n');
      const { plan } = await planChallenge(bench.options());
      let failed = false;
      const failing: typeof fetch = async (input, init) => {
        if (failed || !String(input).endsWith('/batch')) return fetch(input, init);
        failed = true;
        if (where === 'the Hub') await organizer().setSpaceVariable(SPACE, { key: 'ORG', value: 'other' });
        else await put(bench.dir, 'bucket/README.md', 'edited while it was applied\n');
        return Response.json({ error: 'try later' }, { status: 500 });
      };
      const options = bench.options({ expected: plan });
      const work = applyChallenge({ ...options, io: { ...options.io, fetch: failing } });
      await expect(work).rejects.toMatchObject({
        code: 'PLAN_STALE',
        message: expect.stringContaining(where),
      });
      expect(await content('README.md')).not.toContain('edited while');
      const org = (await organizer().spaceVariables(SPACE)).find(({ key }) => key === 'ORG')?.value;
      expect(org).toBe(where === 'the Hub' ? 'other' : 'gemma-collab');
    },
  );

  it('uploads no build that is older than its source', async () => {
    await put(bench.dir, 'space/src/backend/index.ts', 'export const changed = 1;\n');
    const report = await applyChallenge(bench.options());
    const node = report.plan.nodes.find(({ id }) => id === 'check:space');
    expect([report.status, node?.state, node?.next?.[0]?.command]).toEqual([
      'action_required',
      'blocked',
      'npm run build:space',
    ]);
    expect((await organizer().spaceFiles(SPACE)).some((file) => file.path === 'server.mjs')).toBe(false);
  });

  it('says why a Space does not come up, with the end of its log', async () => {
    await put(bench.dir, 'space/server.mjs', "console.error('no settings, no server'); process.exit(3);\n");
    const report = await applyChallenge(bench.options({ healthTimeoutMs: 60_000 }));
    const health = report.operations.find(({ id }) => id === 'health');
    expect([report.status, health?.state]).toEqual(['error', 'failed']);
    expect(health?.error?.message).toContain('no settings, no server');
  });
});

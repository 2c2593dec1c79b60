import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { HubError } from '@collab/hub/port.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChallenge, planChallenge } from '../../generator/apply/challenge.ts';
import { planRemoval, remove } from '../../generator/apply/destroy.ts';
import { evaluatorOperations } from '../../generator/apply/evaluator.ts';
import type { OperationContext } from '../../generator/apply/operation.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { printPlan } from '../../generator/plan/print.ts';
import type { PlanNode } from '../../generator/plan/types.ts';
import { type Bench, EVALUATED_SERVER, put, startBench, testIo, verifyBy } from './apply-fixture.ts';

const SPACE = 'organizer/gemma-evaluator';
const CENTRAL = 'gemma-collab/gemma-main-bucket';
const PRIVATE = 'organizer/gemma-private';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
  await put(bench.dir, 'space/server.mjs', EVALUATED_SERVER);
  await setMode('eval-space');
});
afterEach(() => bench.close());

const setMode = (mode: string, more: [RegExp, string][] = []) => verifyBy(bench.dir, mode, more);

const hub = (token = bench.tokens.organizer) => createHubClient({ endpoint: bench.url, token: token ?? '' });
const apply = (more = {}) => applyChallenge(bench.options(more));
const plan = async (more = {}) => (await planChallenge(bench.options(more))).plan;
const stateFile = () => readFile(join(bench.dir, '.collab/plan-state.json'), 'utf8');
const node = async (id: string, more = {}) => (await plan(more)).nodes.find((each) => each.id === id);

describe("the evaluator's Space", () => {
  it('is made, private and with a key and a token of its own, and works; a second apply writes nothing', async () => {
    const before = printPlan(await plan(), []);
    expect(before).toContain(`+ Space ${SPACE} (private, evaluator): does not exist`);
    const report = await apply();
    expect(report.operations.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(report.status).toBe('ok');
    const info = await hub().spaceInfo(SPACE);
    expect(info).toMatchObject({ private: true, sdk: 'docker' });
    expect((await hub().spaceSecrets(SPACE)).sort()).toEqual(['EVALUATOR_KEY', 'HF_TOKEN']);
    const told = Object.fromEntries(
      (await hub().spaceVariables(SPACE)).map(({ key, value }) => [key, value]),
    );
    expect(told).toMatchObject({ API_URL: report.apiUrl, API_PRIVATE: 'false' });
    const answer = await fetch(`${info?.host}/v1/healthz`);
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'ok', running: null }]);
    expect(await readFile(join(bench.dir, 'eval-space/evaluator/loop.py'), 'utf8')).toContain('class Loop');
    const again = await apply();
    expect([again.status, again.writes]).toEqual(['ok', 0]);
  });

  it('has a token that reads both buckets, and changes nothing anywhere', async () => {
    await apply();
    const evaluator = hub(bench.tokens['collab-evaluator']);
    for (const bucket of [CENTRAL, PRIVATE]) {
      expect((await evaluator.listFiles(bucket))?.length).toBeGreaterThan(0);
      const write = evaluator.write(bucket, { adds: [{ path: 'owner.json', content: '{}' }] });
      await expect(write).rejects.toMatchObject({ kind: 'forbidden' });
    }
    await expect(evaluator.setSpaceVariable(SPACE, { key: 'API_URL', value: 'x' })).rejects.toThrow(HubError);
    await expect(
      evaluator.runJob('gemma-collab', {
        image: 'python:3.12',
        command: ['true'],
        flavor: 'cpu-basic',
        timeoutSeconds: 60,
      }),
    ).rejects.toThrow(HubError);
  });

  it('leaves no secret in state, journal, plan or files', async () => {
    const report = await apply();
    const journal = await readFile(join(bench.dir, '.collab/journal.jsonl'), 'utf8');
    const all = [await stateFile(), journal, JSON.stringify(report)].join('\n');
    expect(all).not.toMatch(/ccek_|hf_[A-Za-z0-9]{16}/);
    expect(all).toContain('eval-key');
  });

  it('waits for its token: the server runs meanwhile', async () => {
    const report = await apply({ evaluatorToken: undefined });
    expect(report.status).toBe('action_required');
    expect(report.apiUrl).not.toBeNull();
    const waiting = await node('eval-secret', { evaluatorToken: undefined });
    expect(waiting).toMatchObject({ state: 'human', reason: 'no token for the evaluator' });
    expect(waiting?.human?.steps).toContain(`repo.content.read on ${CENTRAL} and ${PRIVATE}; nothing else`);
    expect((await apply()).status).toBe('ok');
  });

  it.each([
    ['that may write', 'collab-server', 'it is a token that may write'],
    ['of the organizer', 'organizer', 'it is a token that may write'],
  ])('does not take a token %s', async (_name, user, reason) => {
    const evaluatorToken = bench.tokens[user];
    const found = await node('check:evaluator-token', { evaluatorToken });
    expect([found?.state, found?.reason.startsWith(reason)]).toEqual(['blocked', true]);
  });

  it('its files come into the directory whole or not at all: those that are there are deployed', async () => {
    await put(bench.dir, '.eval-space-0123abcd.part/Dockerfile', 'of a run that was killed');
    const before = await readdir(bench.dir);
    const file = (path: string, content: unknown) => ({ path, source: `eval-space/${path}`, content });
    const files = [file('Dockerfile', new Uint8Array()), file('evaluator/loop.py', 7)];
    const at = { options: bench.options(), inputs: { evaluator: { files } } } as unknown as OperationContext;
    const source = { id: 'eval-source' } as PlanNode;
    await expect(evaluatorOperations([source], at)[0]?.run()).rejects.toThrow();
    expect(await readdir(bench.dir)).toEqual(before.filter((name) => !name.endsWith('.part')));
    expect((await apply()).status).toBe('ok');
    expect(await readdir(join(bench.dir, 'eval-space'))).toContain('Dockerfile');
  });

  it('that is public is refused', async () => {
    await hub().createSpace(SPACE, { sdk: 'docker', private: false });
    expect(await node('eval-space')).toMatchObject({ state: 'blocked' });
  });

  it.each(['before', 'after'])('a key whose setting fails %s it took effect is made anew', async (when) => {
    let failures = 0;
    const flaky: typeof fetch = async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      const body = typeof init?.body === 'string' ? init.body : '';
      const hit = failures === 0 && url.includes(`${SPACE}/secrets`) && body.includes('EVALUATOR_KEY');
      if (!hit) return fetch(input, init);
      failures++;
      if (when === 'after') await fetch(input, init);
      throw new TypeError('fetch failed');
    };
    await apply({ io: testIo({ fetch: flaky }) });
    expect(failures).toBe(1);
    expect((await apply()).status).toBe('ok');
    expect((await apply()).writes).toBe(0);
    const info = await hub().spaceInfo(SPACE);
    expect((await fetch(`${info?.host}/v1/healthz`)).status).toBe(200);
  });

  it('is made on the hardware that is asked for; later changes are for a person', async () => {
    await setMode('eval-space', [[/^hub:\n/m, 'hub:\n  eval_hardware: cpu-upgrade\n']]);
    await apply();
    expect((await hub().spaceRuntime(SPACE)).hardware).toBe('cpu-upgrade');
    await setMode('eval-space', [[/^ {2}eval_hardware: cpu-upgrade\n/m, '']]);
    expect(await node('eval-space')).toMatchObject({
      state: 'unchanged',
      warn: true,
      reason: 'runs on cpu-upgrade, hub.eval_hardware is cpu-basic',
    });
  });

  it('gets another key when its own was taken away, and the server forgets the first', async () => {
    await apply();
    const key = async () =>
      (await hub().spaceVariables('gemma-collab/gemma-collab')).find((v) => v.key === 'EVALUATOR_KEY_SHA256')
        ?.value;
    const first = await key();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    await hub().deleteSpaceSecret(SPACE, 'EVALUATOR_KEY');
    expect((await apply()).status).toBe('ok');
    expect(await key()).not.toBe(first);
  });
});

describe('another verification mode', () => {
  const files = async () => (await hub().listFiles(CENTRAL))?.map(({ path, xetHash }) => [path, xetHash]);

  it.each(['jobs', 'manual'])(
    'B6: %s: what the evaluator had goes, what participants have stays',
    async (mode) => {
      await apply();
      await hub().write(CENTRAL, { adds: [{ path: 'results/r_bob.md', content: 'a result' }] });
      const kept = await files();
      await setMode(mode);
      const shown = await plan();
      const deletes = shown.nodes.filter(({ state }) => state === 'delete').map(({ id }) => id);
      expect(deletes.sort()).toEqual(['eval-space-before', 'variable:EVALUATOR_KEY_SHA256']);
      expect(printPlan(shown, [])).toContain(
        `- Space ${SPACE} (evaluator): verification.mode is ${mode}; what it judged stays`,
      );
      expect((await apply()).status).toBe('ok');
      expect(await hub().spaceInfo(SPACE)).toBeNull();
      const variables = (await hub().spaceVariables('gemma-collab/gemma-collab')).map(({ key }) => key);
      expect(variables).not.toContain('EVALUATOR_KEY_SHA256');
      expect(await files()).toEqual(kept);
      expect((await apply()).writes).toBe(0);
      await setMode('eval-space');
      expect((await apply()).status).toBe('ok');
      expect(await hub().spaceInfo(SPACE)).not.toBeNull();
    },
  );

  it('a Space that was there before is paused and knows nothing any more', async () => {
    await hub().createSpace(SPACE, { sdk: 'docker', private: true });
    await apply();
    expect(JSON.parse(await stateFile()).targets.local.evaluator).toMatchObject({ made: false });
    await setMode('manual');
    expect((await apply()).status).toBe('ok');
    expect((await hub().spaceRuntime(SPACE)).stage).toBe('PAUSED');
    expect(await hub().spaceSecrets(SPACE)).toEqual([]);
    expect((await apply()).writes).toBe(0);
  });

  it('another name: the Space of the old one goes', async () => {
    await apply();
    await setMode('eval-space', [
      [/^( {2}eval_space: ).*\n/m, ''],
      [/^hub:\n/m, 'hub:\n  eval_space: organizer/judge\n'],
    ]);
    expect((await apply()).status).toBe('ok');
    expect(await hub().spaceInfo(SPACE)).toBeNull();
    expect(await hub().spaceInfo('organizer/judge')).not.toBeNull();
    expect((await apply()).writes).toBe(0);
  });

  it('destroy removes it too, and plans none of it anew by itself', async () => {
    await apply();
    const config = await readChallenge(bench.dir);
    const removals = await planRemoval(config, bench.options(), []);
    expect(removals).toMatchObject([
      { kind: 'space', action: 'delete' },
      { id: SPACE, kind: 'space', action: 'delete' },
      { action: 'keep' },
      { action: 'keep' },
    ]);
    await remove(config, bench.options(), removals);
    expect(await hub().spaceInfo(SPACE)).toBeNull();
    expect(JSON.parse(await stateFile()).targets.local.evaluator).toBeUndefined();
    await rm(join(bench.dir, 'eval-space'), { recursive: true });
    expect((await apply()).status).toBe('ok');
  });
});

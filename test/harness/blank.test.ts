import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import { runHarness } from '../../generator/eval/harness.ts';
import { ensurePrepared } from '../../generator/eval/prepare.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

// Real processes, and a machine that may be busy: the limits of the harness itself are what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let challenge: Awaited<ReturnType<typeof emitted>>;

beforeAll(async () => {
  challenge = await emitted('blank');
  await ensurePrepared(contextOf(machine(challenge.dir), []), challenge);
});
afterAll(() => challenge.remove());

const measure = (sample: string, secret: boolean) =>
  runHarness(machine(challenge.dir), challenge, {
    submission: join(challenge.dir, 'submissions', sample),
    state: join(challenge.dir, 'runs', `${sample}-${secret}`),
    private: secret,
  });

test('the example challenge ranks the faster program above the baseline', async () => {
  const [baseline, faster] = [await measure('baseline', true), await measure('faster', true)];
  expect([baseline.valid, faster.valid]).toEqual([true, true]);
  expect(faster.score).toBeGreaterThan(2 * (baseline.score ?? Number.POSITIVE_INFINITY));
});

test('oracle passes, a program that does nothing is at fault', async () => {
  expect((await measure('oracle', true)).valid).toBe(true);
  expect((await measure('noop', true)).state).toBe('submission-fault');
});

test('known answers win on public questions and are invalid on private ones', async () => {
  expect((await measure('cheats/known-answers', false)).valid).toBe(true);
  expect((await measure('cheats/known-answers', true)).failed).toEqual(['correct']);
});

test('selftest, redteam and calibrate work on it as they are', async () => {
  for (const what of ['selftest', 'redteam', 'calibrate']) {
    const outcome = await command.run(contextOf(machine(challenge.dir), [what, '.'], { runs: '2' }));
    expect(outcome.status, outcome.text).toBe('ok');
  }
}, 120_000);

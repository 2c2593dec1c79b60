import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import type { CheatRow } from '../../generator/eval/attack.ts';
import { type RunRequest, runHarness } from '../../generator/eval/harness.ts';
import { ensurePrepared } from '../../generator/eval/prepare.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

let challenge: Awaited<ReturnType<typeof emitted>>;

beforeAll(async () => {
  challenge = await emitted('gemma');
  await ensurePrepared(contextOf(machine(challenge.dir), []), challenge);
});
afterAll(() => challenge.remove());

const exam = (sample: string, more: Partial<RunRequest> = {}) =>
  runHarness(machine(challenge.dir), challenge, {
    submission: join(challenge.dir, 'submissions', sample),
    state: join(challenge.dir, 'runs', `exam-${sample.replaceAll('/', '-')}`),
    private: true,
    exam: true,
    ...more,
  });

test('what answers as the original did passes, and it is shown what so many items resolve', async () => {
  for (const sample of ['oracle', 'faster']) {
    const ran = await exam(sample);
    expect([sample, ran.error, ran.failed, ran.valid, ran.score]).toEqual([sample, null, [], true, null]);
    expect(ran.summary?.gates).toMatchObject([{ id: 'downstream', pass: true, n: 120 }]);
    const shown = ran.summary?.shown.downstream as {
      sets: { cloze: { accuracy: number; original: number; lost: number } };
      power: { changed: number; power: number; needed: number }[];
    };
    expect(shown.sets.cloze).toMatchObject({ lost: 0, original: shown.sets.cloze.accuracy });
    expect(shown.sets.cloze.original).toBeGreaterThan(0.6);
    expect(shown.power[0]?.power).toBeGreaterThan(0.98);
  }
});

test('another path for the benchmark comes through audit and perplexity, and loses the exam', async () => {
  const outcome = await command.run(
    contextOf(machine(challenge.dir), ['redteam', '.'], { only: 'benchmark-mode' }),
  );
  expect(outcome.data?.cheats as CheatRow[]).toMatchObject([
    { cheat: 'benchmark-mode', state: 'caught', by: ['downstream'], wins_without: true },
  ]);
});

test('a submission that fails is at fault; an exam without private data is the harness’s', async () => {
  expect((await exam('noop', { profile: 'quick' })).state).toBe('submission-fault');
  const none = await exam('oracle', { private: false });
  expect([none.state, none.error]).toEqual(['harness-fault', expect.stringContaining('private data')]);
});

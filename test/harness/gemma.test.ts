import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import { CollabError } from '../../generator/errors.ts';
import { runHarness } from '../../generator/eval/harness.ts';
import { ensurePrepared, isPrepared } from '../../generator/eval/prepare.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

let challenge: Awaited<ReturnType<typeof emitted>>;
const io = () => machine(challenge.dir);

beforeAll(async () => {
  challenge = await emitted('gemma');
  await ensurePrepared(contextOf(io(), []), challenge);
});
afterAll(() => challenge.remove());

const measure = (sample: string) =>
  runHarness(io(), challenge, {
    submission: join(challenge.dir, 'submissions', sample),
    state: join(challenge.dir, 'runs', sample),
    private: true,
    seed: 7,
  });

describe('the rehearsal measures what it says', () => {
  test('baseline and oracle are the original: gates at zero delta', async () => {
    for (const sample of ['baseline', 'oracle']) {
      const ran = await measure(sample);
      expect(ran.error).toBeNull();
      expect(ran.valid).toBe(true);
      const values = new Map(ran.summary?.gates.map((gate) => [gate.id, gate.value]));
      expect(values.get('audit_top1')).toBe(1);
      expect(values.get('audit_nll_gap')).toBe(0);
      expect(values.get('output_length')).toBe(0);
    }
  });

  test('faster is valid and more than twice as fast as the baseline in the same job', async () => {
    const ran = await measure('faster');
    expect(ran.failed).toEqual([]);
    const control = ran.summary?.shown.control as { times_baseline: number };
    expect(control.times_baseline).toBeGreaterThan(2);
  });

  test('a pruned vocabulary is fast, reports a fine perplexity, and is invalid', async () => {
    const ran = await measure('cheats/pruned-vocab');
    expect(ran.state).toBe('measured');
    expect(ran.failed).toEqual(expect.arrayContaining(['audit_top1', 'audit_nll_gap']));
    expect(ran.summary?.gates.find((gate) => gate.id === 'ppl')?.pass).toBe(true);
  });

  test('a submission that does nothing is at fault itself', async () => {
    const ran = await measure('noop');
    expect(ran).toMatchObject({ state: 'submission-fault', valid: false, score: null });
    expect(ran.error).toContain('exit code 0');
  });
});

describe('eval', () => {
  test('prepare makes private data once, the same for the same seed', async () => {
    expect(await isPrepared(join(challenge.dir, 'private'))).toBe(true);
    const again = await command.run(contextOf(io(), ['prepare', '.']));
    expect(again.data).toEqual({ made: false });
  });

  test('preflight lists every problem at once and measures nothing', async () => {
    const context = contextOf(io(), ['preflight', '.'], { submission: 'task' });
    const error = await command.run(context).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CollabError);
    expect((error as CollabError).problems).toEqual([
      { at: 'manifest.json', problem: 'is missing' },
      { at: 'serve.py', problem: 'is missing' },
    ]);
  });

  test('run lists the gates that do not apply to the rehearsal beside those that do', async () => {
    const { text } = await command.run(contextOf(io(), ['run', '.'], { submission: 'submissions/faster' }));
    expect(text).toMatch(/✓\s+audit_top1\s+1/);
    expect(text).toMatch(/–\s+multimodal_smoke\s+does not apply: the tiny model has no images/);
  });

  test('a folder that is not there, and no folder at all, are told apart', async () => {
    const code = async (options: Record<string, string>) =>
      command.run(contextOf(io(), ['run', '.'], options)).catch((e: CollabError) => e.code);
    expect(await code({})).toBe('SUBMISSION_MISSING');
    expect(await code({ submission: 'nowhere' })).toBe('SUBMISSION_NOT_FOUND');
  });
});

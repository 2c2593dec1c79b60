import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import type { CollabError } from '../../generator/errors.ts';
import { runHarness } from '../../generator/eval/harness.ts';
import { ensurePrepared } from '../../generator/eval/prepare.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

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

test('a challenge without private questions needs none to be proven', async () => {
  const verification = { ...challenge.config.verification, private_split: false };
  const open = { ...challenge, config: { ...challenge.config, verification }, privateDir: '/nowhere' };
  const ran = await runHarness(machine(challenge.dir), open, {
    submission: join(challenge.dir, 'submissions', 'oracle'),
    state: join(challenge.dir, 'runs', 'open'),
    private: true,
  });
  expect(ran.valid).toBe(true);
});

/** The challenge with another text in run.py, and what `eval run` of one sample comes to. */
async function withHarness(from: RegExp, to: string, sample: string) {
  const file = join(challenge.dir, 'harness', 'run.py');
  const before = await readFile(file, 'utf8');
  const after = before.replace(from, () => to);
  expect(after).not.toBe(before);
  await writeFile(file, after);
  const options = { submission: `submissions/${sample}`, state: `runs/own-${sample}` };
  try {
    return await command.run(contextOf(machine(challenge.dir), ['run', '.'], options));
  } catch (error) {
    return error as CollabError;
  } finally {
    await writeFile(file, before);
  }
}

test('the example of one process per question in the README runs in the place of ask_all', async () => {
  const readme = await readFile(join(challenge.dir, 'harness', 'README.md'), 'utf8');
  const [, example = ''] = /```python\n([\s\S]*?)```/.exec(readme) ?? [];
  // A process for each of so many questions takes its time.
  const few = `QUESTIONS, PASSES = 1, 2\n\n\n${example}\n\n`;
  const outcome = await withHarness(/def ask_all[\s\S]*?\n\n\n(?=def judged)/, few, 'baseline');
  expect(outcome).toMatchObject({ status: 'ok', data: { valid: true } });
});

test('what a submission printed is kept, and next names it', async () => {
  await mkdir(join(challenge.dir, 'submissions/broken'), { recursive: true });
  const put = (name: string, text: string) =>
    writeFile(join(challenge.dir, 'submissions/broken', name), text);
  await put('manifest.json', '{"run": ["python3", "answer.py"]}');
  await put('answer.py', 'raise KeyError("my own fault")\n');
  const options = { submission: 'submissions/broken', state: 'runs/broken' };
  const ran = command.run(contextOf(machine(challenge.dir), ['run', '.'], options));
  await expect(ran).rejects.toMatchObject({
    code: 'SUBMISSION_FAULT',
    message: expect.stringContaining('it ended by itself with exit code 1'),
    next: [{ command: 'cat runs/broken/submission.log' }, { command: 'cat runs/broken/harness.log' }],
  });
  expect(await readFile(join(challenge.dir, 'runs/broken/submission.log'), 'utf8')).toMatch(
    /answer\.py", line 1[\s\S]*my own fault/,
  );
});

test('a fault of the harness leaves its traceback, with file and line', async () => {
  const ran = await withHarness(/ {4}rates = \[/, '    raise IndexError("mine")\n    rates = [', 'oracle');
  expect(ran).toMatchObject({ code: 'HARNESS_FAULT', message: expect.stringContaining('IndexError: mine') });
  expect(ran.next?.[0]?.command).toBe('cat runs/own-oracle/harness.log');
  expect(await readFile(join(challenge.dir, 'runs/own-oracle/harness.log'), 'utf8')).toMatch(
    /run\.py", line \d+, in judged[\s\S]*IndexError: mine/,
  );
});

test('selftest, redteam and calibrate work on it as they are', async () => {
  for (const what of ['selftest', 'redteam', 'calibrate']) {
    const outcome = await command.run(contextOf(machine(challenge.dir), [what, '.'], { runs: '2' }));
    expect(outcome.status, outcome.text).toBe('ok');
  }
});

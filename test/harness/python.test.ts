import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cancelled } from '../../generator/errors.ts';
import { python, requirePython } from '../../generator/eval/process.ts';
import { emitted, packageRoot } from './emitted.ts';
import { machine } from './io.ts';

const tests = (folder: string) =>
  readdirSync(join(packageRoot, folder)).filter((f) => /^test_.*\.py$/.test(f));

/** Runs one file of unittest; a failure shows what Python says. */
async function unittest(file: string, libraries: string) {
  const start = `import sys, unittest; sys.path.insert(0, sys.argv[2]); sys.argv[2:] = []; unittest.main(module=None, argv=['x', 'discover', '-s', sys.argv[1].rpartition('/')[0], '-p', sys.argv[1].rpartition('/')[2]])`;
  const { code, output } = await python(machine(packageRoot), ['-c', start, file, libraries], {
    cwd: libraries,
    timeoutMs: 240_000,
  });
  expect(code, output).toBe(0);
  expect(output).toMatch(/Ran [1-9]\d* tests? in/);
}

describe('shared parts of harnesses', () => {
  const folder = 'templates/harness/tests';
  test.each(tests(folder))('%s', (file) =>
    unittest(join(packageRoot, folder, file), join(packageRoot, 'templates/harness')),
  );
});

describe('evaluator', () => {
  const folder = 'templates/eval-space/tests';
  test.each(tests(folder))('%s', (file) =>
    unittest(join(packageRoot, folder, file), join(packageRoot, 'templates/eval-space')),
  );
});

describe('harness of the Gemma challenge, as emitted', () => {
  let challenge: Awaited<ReturnType<typeof emitted>>;
  beforeAll(async () => {
    challenge = await emitted('gemma');
  });
  afterAll(() => challenge.remove());
  test.each(tests('challenges/gemma/harness/tests'))('%s', (file) =>
    unittest(join(challenge.dir, 'harness/tests', file), join(challenge.dir, 'harness')),
  );
});

describe('python3 itself', () => {
  const bare = mkdtempSync(join(tmpdir(), 'collab-path-'));
  afterAll(() => rmSync(bare, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));
  const code = (PATH: string | undefined) =>
    requirePython({ ...machine(packageRoot), env: { PATH } }).then(
      () => 'fine',
      (error) => error.code,
    );

  test('a run that Ctrl-C ends is cancelled, and none that failed', async () => {
    const ctrlC = new AbortController();
    const io = machine(packageRoot, ctrlC.signal);
    const wait = ['-c', 'import time; print("up", flush=True); time.sleep(600)'];
    const run = python(io, wait, { cwd: bare, timeoutMs: 600_000, onLine: () => ctrlC.abort() });
    await expect(run).rejects.toThrow(Cancelled);
  });
  test('there, missing, too old and broken are told apart', async () => {
    expect(await code(process.env.PATH)).toBe('fine');
    expect(await code(bare)).toBe('PYTHON_MISSING');
    writeFileSync(join(bare, 'python3'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(await code(bare)).toBe('PYTHON_MISSING');
    chmodSync(join(bare, 'python3'), 0o644);
    expect(await code(bare)).toBe('PYTHON_FAILED');
  });
});

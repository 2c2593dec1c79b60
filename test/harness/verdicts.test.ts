import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { python } from '../../generator/eval/process.ts';
import { packageRoot } from './emitted.ts';
import { machine } from './io.ts';

// Real processes, and a machine that may be busy: the limits of the harness itself are what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const bench = async (script: string, ...args: string[]) => {
  const at = join(packageRoot, 'test/bench', script);
  const { code, output } = await python(machine(packageRoot), [at, ...args], {
    cwd: packageRoot,
    timeoutMs: 60_000,
  });
  expect(code, output).toBe(0);
  return output;
};

test('simulated verdicts: honest noise is not punished, and posting twenty times does not pay', async () => {
  const found = JSON.parse(await bench('verdicts.py', '--trials', '10000', '--json'));
  expect(found.false_rejection.ours).toBeLessThan(0.012);
  expect(found.false_rejection.old).toBeGreaterThan(0.2);
  expect(found.lossy_accepted).toMatchObject({ ours: 0 });
  expect(found.lossy_accepted.old).toBeGreaterThan(0.99);
  expect(Math.abs(found.gain_of_20_posts.ours_same_bytes)).toBeLessThan(0.002);
  expect(found.gain_of_20_posts.ours_byte_changed_families).toBeLessThan(0.002);
  for (const fresh of ['0', '1', '2', '3']) {
    const rule = found.fresh_runs[fresh];
    for (const gain of ['gain_20', 'gain_100', 'gain_20_after_a_worse_start'])
      expect([gain, rule[gain]]).toEqual([gain, expect.toSatisfy((x: number) => Math.abs(x) < 0.0025)]);
    expect(rule.gain_20).toBeLessThan(0.002);
  }
  const credit = (fresh: string, step: string) =>
    found.fresh_runs[fresh][`credit_of_steps_of_${step}_percent`];
  expect(credit('2', '0.25')).toBeGreaterThan(credit('0', '0.25'));
  // Larger steps are credited well by either rule.
  for (const fresh of ['0', '1', '2', '3']) expect(credit(fresh, '0.5')).toBeGreaterThan(0.85);
  expect(found.false_rejection.ours_with_3_fresh_runs).toBeLessThan(0.012);
  expect(found.rank_errors.ours).toBeLessThan(0.01);
});

test('a job of the full profile fits its forty minutes at every speed', async () => {
  const output = await bench('full_profile.py');
  const minutes = [...(output.split('\n').at(-2) ?? '').matchAll(/\*\*([\d.]+)\*\*/g)].map((m) =>
    Number(m[1]),
  );
  expect(minutes).toHaveLength(4);
  expect(Math.max(...minutes)).toBeLessThan(40);
});

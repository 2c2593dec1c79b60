import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { python } from '../../generator/eval/process.ts';
import { CALIBRATED } from '../bench/verdicts/author.ts';
import { published, rankErrors } from '../bench/verdicts/published.ts';
import { random } from '../bench/verdicts/random.ts';
import { reposting } from '../bench/verdicts/reposting.ts';
import { packageRoot } from './emitted.ts';
import { machine } from './io.ts';

const bench = async (script: string, ...args: string[]) => {
  const at = join(packageRoot, 'test/bench', script);
  const { code, output } = await python(machine(packageRoot), [at, ...args], {
    cwd: packageRoot,
    timeoutMs: 240_000,
  });
  expect(code, output).toBe(0);
  return output;
};

test('posting twenty times, or until the row looks lucky, does not pay; honest steps are shown', () => {
  const found = reposting({ fresh: 2, calibration: () => CALIBRATED }, 120, random(1));
  for (const [what, value] of Object.entries(found).filter(([key]) => key.startsWith('gain')))
    expect([what, value]).toEqual([what, expect.toSatisfy((gain: number) => gain < 0.002)]);
  expect(found['ending runs on slow machines, 20 posts']).toBeLessThan(0.004);
  expect(found['of 1 %']).toBeGreaterThan(0.8);
  expect(found['jobs per post, all equal']).toBeLessThan(3);
});

test('the published rule refuses honest work and orders by luck; ours does not', () => {
  const old = published(2000, random(1));
  expect(old.rejected).toBeGreaterThan(0.2);
  expect(old.lossyAccepted).toBeGreaterThan(0.99);
  expect(old.gain).toBeGreaterThan(0.01);
  const ranks = rankErrors(400, random(1));
  expect(ranks.published).toBeGreaterThan(0.2);
  expect(ranks.ours).toBeLessThan(0.01);
});

test('the gates of the full profile hold honest work, however much of it repeats, and no lossy work', async () => {
  const { gates, divisions } = parse(await readFile('challenges/gemma/profiles/full.yaml', 'utf8'));
  const dir = await mkdtemp(join(tmpdir(), 'verdicts-'));
  const rules = join(dir, 'gates.json');
  await writeFile(rules, JSON.stringify({ gates, divisions }));
  const found = JSON.parse(await bench('verdicts/gates.py', '--rules', rules, '--runs', '8'));
  await rm(dir, { recursive: true });
  for (const { refused } of Object.values<{ refused: number }>(found.honest)) expect(refused).toBe(0);
  expect(found.lossy).toBe(0);
  expect(found.accepted['0.05']).toBe(0);
  expect(found.exam['0.1'].missed).toBeLessThan(0.05);
  expect(found.lost['0.07'].posts).toBeLessThanOrEqual(found.lost['0.07'].fresh);
});

test('a job of the full profile fits its forty minutes at every speed', async () => {
  const output = await bench('full_profile.py');
  const minutes = [...(output.split('\n').at(-2) ?? '').matchAll(/\*\*([\d.]+)\*\*/g)].map((m) =>
    Number(m[1]),
  );
  expect(minutes).toHaveLength(4);
  expect(Math.max(...minutes)).toBeLessThan(40);
});

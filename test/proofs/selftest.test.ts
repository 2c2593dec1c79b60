import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import type { Gate } from '../../generator/config/types.ts';
import { CollabError } from '../../generator/errors.ts';
import { type Calibration, usableCalibration } from '../../generator/eval/calibrate.ts';
import { proofs } from '../../generator/eval/record.ts';
import type { Check } from '../../generator/eval/selftest.ts';
import { emitted } from '../harness/emitted.ts';
import { contextOf, machine } from '../harness/io.ts';

let challenge: Awaited<ReturnType<typeof emitted>>;

beforeAll(async () => {
  challenge = await emitted('gemma');
});
afterAll(() => challenge.remove());

test('selftest: oracle passes, no-op fails, every hostile submission ends within limits as its own fault', async () => {
  const outcome = await command.run(contextOf(machine(challenge.dir), ['selftest', '.']));
  const checks = outcome.data?.checks as Check[];
  expect(checks.filter((check) => !check.ok)).toEqual([]);
  expect(checks.length).toBeGreaterThanOrEqual(15);
  expect(await proofs(challenge.dir)).toEqual({ selftest: 'passed', redteam: 'never run' });
  await appendFile(join(challenge.dir, 'harness/run.py'), '# changed\n');
  expect((await proofs(challenge.dir)).selftest).toBe('stale');
}, 900_000);

test('calibrate: A/A runs give the noise between and within jobs, for this hub and hardware alone', async () => {
  const outcome = await command.run(contextOf(machine(challenge.dir), ['calibrate', '.'], { runs: '3' }));
  const found = outcome.data?.calibration as Calibration;
  expect(found).toMatchObject({ runs: 3, passes: 3, hub: 'local', flavor: 'cpu-basic' });
  expect(found.job_sd_upper).toBeGreaterThan(found.job_sd);
  expect(found.gates.audit_top1).toMatchObject({ mean: 1, sd: 0, held: 3 });
  const written = JSON.parse(await readFile(join(challenge.dir, 'harness/calibration.json'), 'utf8'));
  expect(written).toMatchObject({ runs: 3 });
  expect(await usableCalibration(challenge)).toMatchObject({ runs: 3 });
  const config = structuredClone(challenge.config);
  config.hub.endpoint = 'https://huggingface.co';
  expect(await usableCalibration({ dir: challenge.dir, config })).toBeNull();
});

test('the full profile is proven here with the parameters of the rehearsal, and leaves private/ alone', async () => {
  const { provingGround } = await import('../../generator/eval/proving-ground.ts');
  const { runHarness } = await import('../../generator/eval/harness.ts');
  const config = structuredClone(challenge.config);
  config.profile = 'full';
  config.hardware.extra_args = ['--profile', 'full'];
  config.gates.push({ ...(config.gates[0] as Gate), id: 'multimodal_smoke', field: 'multimodal_smoke' });
  config.divisions[0]?.gates.push('multimodal_smoke');
  const io = machine(challenge.dir);
  const here = await provingGround(contextOf(io, []), { dir: challenge.dir, config });
  expect(here.privateDir).not.toBe(join(challenge.dir, 'private'));
  const ran = await runHarness(io, here, {
    submission: join(challenge.dir, 'submissions/oracle'),
    state: join(challenge.dir, 'runs/full-oracle'),
    private: true,
    profile: 'quick',
  });
  expect([ran.error, ran.failed, ran.valid]).toEqual([null, [], true]);
});

test('a local machine cannot stand in for the hardware of a challenge on Hugging Face', async () => {
  const { calibrate } = await import('../../generator/eval/calibrate.ts');
  const config = structuredClone(challenge.config);
  config.hub.endpoint = 'https://huggingface.co';
  const context = contextOf(machine(challenge.dir), ['calibrate', '.']);
  const error = await calibrate(context, { dir: challenge.dir, config }).catch((e: unknown) => e);
  expect((error as CollabError).code).toBe('CALIBRATE_THERE');
});

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import { runHarness } from '../../generator/eval/harness.ts';
import { proofs } from '../../generator/eval/record.ts';
import type { CheatRow } from '../../generator/eval/redteam.ts';
import { contentSha256, shippedCheats } from '../../generator/eval/samples.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

// Real processes, and a machine that may be busy: the limits of the harness itself are what is tested.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

/** `npm run test:redteam` tries every shipped cheat. */
const every = process.env.RED_TEAM === 'all';

/** What `npm test` tries: another defence is named by each. */
const ONE_PER_DEFENCE = [
  'early-eos',
  'forges-stdout',
  'memo',
  'patches-time',
  'prompt-cache',
  'removed-layers',
  'swaps-after-posting',
  'writes-summary',
  'wrong-token-ids',
];

let challenge: Awaited<ReturnType<typeof emitted>>;

beforeAll(async () => {
  challenge = await emitted('gemma');
});
afterAll(() => challenge.remove());

test('at least fifteen cheats are shipped, each with its paragraph and what catches it', async () => {
  const cheats = await shippedCheats(challenge.dir);
  expect(cheats.length).toBeGreaterThanOrEqual(15);
  for (const cheat of cheats) {
    const text = await readFile(join(cheat.folder, 'README.md'), 'utf8');
    for (const name of cheat.caught_by) expect(text, cheat.name).toContain(name);
  }
});

test('S7: cheats are caught by what is named, and come through when that is switched off', async () => {
  const shipped = (await shippedCheats(challenge.dir)).map(({ name }) => name);
  const tried = every ? shipped : shipped.filter((name) => ONE_PER_DEFENCE.includes(name));
  expect(tried.length).toBeGreaterThanOrEqual(ONE_PER_DEFENCE.length);
  const options = every ? {} : { only: tried.join(',') };
  const outcome = await command.run(contextOf(machine(challenge.dir), ['redteam', '.'], options));
  const rows = outcome.data?.cheats as CheatRow[];
  expect(rows.map((row) => row.cheat)).toEqual(tried);
  expect(rows.filter((row) => row.state !== 'caught' && row.state !== 'untestable here')).toEqual([]);
  expect(outcome.status).toBe('ok');
  expect((await proofs(challenge.dir)).redteam).toBe(every ? 'passed' : 'never run');
}, 900_000);

test('a part of the cheats proves nothing about the rest', async () => {
  await rm(join(challenge.dir, '.collab/eval.json'), { force: true });
  const outcome = await command.run(
    contextOf(machine(challenge.dir), ['redteam', '.'], { only: 'wrong-token-ids' }),
  );
  expect(outcome.status).toBe('ok');
  expect((await proofs(challenge.dir)).redteam).toBe('never run');
});

test('a machine without layers: what they would stop is untestable there, neither a pass nor a failure', async () => {
  const bare = await emitted('gemma');
  try {
    const file = join(bare.dir, 'harness/collab_harness/isolation.py');
    const code = await readFile(file, 'utf8');
    const without = code.replace(/^LAYERS = \([^)]*\)/m, 'LAYERS = ("no_new_privileges", "limits")');
    expect(without).not.toBe(code);
    await writeFile(file, without);
    const only = 'phones-out,reads-private,wrong-token-ids';
    const outcome = await command.run(contextOf(machine(bare.dir), ['redteam', '.'], { only }));
    const rows = outcome.data?.cheats as CheatRow[];
    expect(rows.map(({ cheat, state }) => [cheat, state])).toEqual([
      ['phones-out', 'untestable here'],
      ['reads-private', 'untestable here'],
      ['wrong-token-ids', 'caught'],
    ]);
    expect(outcome.status).toBe('ok');
  } finally {
    await bare.remove();
  }
}, 300_000);

test('a defence that is gone is noticed: the red team fails', async () => {
  const cheats = await shippedCheats(challenge.dir);
  const cheat = cheats.find(({ name }) => name === 'early-eos');
  const through = await runHarness(machine(challenge.dir), challenge, {
    submission: cheat?.folder ?? '',
    state: join(challenge.dir, 'runs', 'without'),
    profile: 'quick',
    mutate: ['output_length'],
  });
  expect(through.valid).toBe(true);
});

test('the identity of a submission is computed the same way here and in the job', async () => {
  const folder = join(challenge.dir, 'submissions/baseline');
  const ran = await runHarness(machine(challenge.dir), challenge, {
    submission: folder,
    state: join(challenge.dir, 'runs', 'identity'),
    profile: 'quick',
  });
  expect(ran.summary?.provenance.submission_sha256).toBe(await contentSha256(folder));
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import { folderSha256 } from '../../generator/content-hash.ts';
import type { CheatRow } from '../../generator/eval/attack.ts';
import { runHarness } from '../../generator/eval/harness.ts';
import { proofs } from '../../generator/eval/record.ts';
import { cheatFolders, shippedCheats } from '../../generator/eval/samples.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

/** Another defence is named by each; `npm run test:proofs` tries every cheat. */
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
  const cheats = await shippedCheats(await cheatFolders(challenge.dir));
  expect(cheats.length).toBeGreaterThanOrEqual(15);
  for (const cheat of cheats) {
    const text = await readFile(join(cheat.folder, 'README.md'), 'utf8');
    for (const name of cheat.caught_by) expect(text, cheat.name).toContain(name);
  }
});

test('S7: cheats are caught by what is named, and come through when that is switched off', async () => {
  const only = ONE_PER_DEFENCE.join(',');
  const outcome = await command.run(contextOf(machine(challenge.dir), ['redteam', '.'], { only }));
  const rows = outcome.data?.cheats as CheatRow[];
  expect(rows.map((row) => row.cheat)).toEqual(ONE_PER_DEFENCE);
  expect(rows.filter((row) => row.state !== 'caught' && row.state !== 'untestable here')).toEqual([]);
  expect(outcome.status).toBe('ok');
  expect(outcome.text).toContain('until then the board pools equal contents alone');
  expect(outcome.next).toContainEqual(expect.objectContaining({ command: 'create-collab eval calibrate' }));
  // A part of the cheats proves nothing about the rest.
  expect((await proofs(challenge.dir)).redteam).toBe('never run');
}, 900_000);

test('a defence that is gone is noticed: the red team fails', async () => {
  const cheats = await shippedCheats(await cheatFolders(challenge.dir));
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
  expect(ran.summary?.provenance.submission_sha256).toBe(await folderSha256(folder));
});

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import type { CheatRow } from '../../generator/eval/attack.ts';
import { proofs } from '../../generator/eval/record.ts';
import { cheatFolders, shippedCheats } from '../../generator/eval/samples.ts';
import { emitted } from '../harness/emitted.ts';
import { contextOf, machine } from '../harness/io.ts';

test('every cheat is caught by what is named, and comes through when that is switched off', async () => {
  const challenge = await emitted('gemma');
  try {
    const outcome = await command.run(contextOf(machine(challenge.dir), ['redteam', '.']));
    const rows = outcome.data?.cheats as CheatRow[];
    const shipped = await shippedCheats(await cheatFolders(challenge.dir));
    expect(rows.map((row) => row.cheat)).toEqual(shipped.map(({ name }) => name));
    expect(rows.filter((row) => row.state !== 'caught' && row.state !== 'untestable here')).toEqual([]);
    expect(outcome.status).toBe('ok');
    expect((await proofs(challenge.dir)).redteam).toBe('passed');
  } finally {
    await challenge.remove();
  }
}, 900_000);

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

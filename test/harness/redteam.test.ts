import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../generator/commands/eval.ts';
import type { CheatRow } from '../../generator/eval/redteam.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

let challenge: Awaited<ReturnType<typeof emitted>>;

beforeAll(async () => {
  challenge = await emitted('gemma');
});
afterAll(() => challenge.remove());

test('every shipped cheat is caught by what is named, and comes through when that is switched off', async () => {
  const context = contextOf(machine(challenge.dir), ['redteam', '.']);
  const outcome = await command.run(context);
  const rows = outcome.data?.cheats as CheatRow[];
  expect(rows.length).toBeGreaterThanOrEqual(15);
  expect(rows.filter((row) => row.state !== 'caught' && row.state !== 'untestable here')).toEqual([]);
  expect(outcome.status).toBe('ok');
}, 300_000);

import type { HubPort } from '@collab/hub/port.ts';
import { expect, it } from 'vitest';
import { owner } from './owner.ts';
import { privateFiles } from './private.ts';

const MINE = '{"instance": "one"}';

it.each([
  ['<html>down for maintenance</html>', 'HUB_UNAVAILABLE'],
  ['[]', 'HUB_UNAVAILABLE'],
  ['{}', 'HUB_UNAVAILABLE'],
  ['null', null],
  ['{"instance": "two"}', 'NOT_WRITER'],
])('a Hub that answers %j: %s, and only another server ends the writing', async (text, code) => {
  let answer = MINE;
  const hub = { readFile: async () => new TextEncoder().encode(answer) } as unknown as HubPort;
  const own = owner(privateFiles(hub, 'a/b'), 'one', () => '');
  await own.check();
  answer = text;
  const asked = own.check().then(
    () => null,
    (error) => error.code,
  );
  expect(await asked).toBe(code);
  answer = MINE;
  const after = own.check().then(
    () => 'writes',
    (error) => error.code,
  );
  expect(await after).toBe(code === 'NOT_WRITER' ? 'NOT_WRITER' : 'writes');
});

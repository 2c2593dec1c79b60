import { expect, it } from 'vitest';
import { LogBuffer } from './log.ts';

it('a follower who does not read holds no more than the log itself, and reads its end', async () => {
  const log = new LogBuffer(() => 0, 10);
  const lines = log.follow(new AbortController().signal);
  log.add('first');
  expect((await lines.next()).value).toMatchObject({ data: 'first\n' });
  for (let i = 0; i < 1_000; i++) log.add(String(i));
  log.end();
  const rest: string[] = [];
  for await (const { data } of lines) rest.push(data.trim());
  expect(rest.length).toBeLessThanOrEqual(20);
  expect(rest.at(-1)).toBe('999');
});

import { createHubClient } from '@collab/hub/index.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyChallenge } from '../../generator/apply/challenge.ts';
import { applyEdits } from '../../generator/apply/watch.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { until } from '../helpers/hub.ts';
import { type Bench, put, startBench, testIo } from './apply-fixture.ts';

let bench: Bench;
let bucket: string;
const README = '# The challenge\n\n<!-- collab:begin task -->\n<!-- collab:end task -->\n\nThe rest.\n';
beforeAll(async () => {
  bench = await startBench();
  await put(bench.dir, 'bucket/README.md', README);
  await put(bench.dir, 'task/task.md', 'Make it fast.\n');
  ({ central_bucket: bucket } = (await readChallenge(bench.dir)).hub);
  expect((await applyChallenge(bench.options())).status).toBe('ok');
});
afterAll(() => bench.close());

const hub = () => createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });
const live = async () => {
  const content = await hub().readFile(bucket, 'README.md');
  return new TextDecoder().decode(content ?? new Uint8Array());
};

describe('edits under dev', () => {
  it('bring the text of task/ into the live README, and never over an organizer’s edit there', async () => {
    const stop = new AbortController();
    const said: string[] = [];
    const watching = applyEdits(
      bench.options({
        io: testIo({ signal: stop.signal }),
        progress: ({ text }) => void said.push(text),
      }),
    );
    try {
      expect(await live()).toContain('Make it fast.');
      await put(bench.dir, 'task/task.md', 'Make it faster.\n');
      await until(async () => (await live()).includes('Make it faster.'));
      expect(await live()).toContain('The rest.');
      await put(bench.dir, 'task/rules.md', 'No cheating.\n');
      await until(async () => /faster\.\s+No cheating\./.test(await live()));
      const words = (await live()).replace('No cheating.', 'No cheating, please.');
      await hub().write(bucket, { adds: [{ path: 'README.md', content: words }] });
      await put(bench.dir, 'task/rules.md', 'No cheating at all.\n');
      await until(async () => said.some((text) => text.includes('waits for you')));
      expect(await live()).toBe(words);
      await put(bench.dir, 'challenge.yaml', 'broken: [\n');
      await until(async () => said.some((text) => text.includes('challenge.yaml')));
      expect(await live()).toBe(words);
    } finally {
      stop.abort();
      await watching;
    }
  });
});

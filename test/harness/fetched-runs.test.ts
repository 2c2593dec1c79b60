import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { parseChallenge, writeChallenge } from '../../generator/config/yaml.ts';
import { folderSha256 } from '../../generator/content-hash.ts';
import { fetchedRuns } from '../../generator/eval/fetched-runs.ts';
import { emitted } from './emitted.ts';

const blank = await emitted('blank');
const config = parseChallenge(writeChallenge(blank.config));
const baseline = await folderSha256(join(blank.dir, 'submissions', 'baseline'));
const OTHER = 'b'.repeat(64);
let got: string;

beforeEach(async () => {
  got = await mkdtemp(join(blank.dir, 'got-'));
});
afterAll(() => blank.remove());

async function put(name: string, content: object | string): Promise<string> {
  const file = join(got, name, 'summary.json');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const summary = (submission_sha256: string, more: object = {}) => ({
  schema: 1,
  score: { mean: 1, sd: 0.1, runs: 2, unit: 'm' },
  gates: [],
  shown: { passes: [{ score: 1 }, { score: 1.1 }] },
  provenance: { submission_sha256, isolation: null },
  ...more,
});

test('of a mixed folder the runs of the baseline count; failed and torn ones, and those of the red team, are left out', async () => {
  const mine = [await put('a', summary(baseline)), await put('b', summary(baseline))];
  await put('c', summary(baseline, { score: undefined, error: 'too late', shown: {} }));
  await put('d', '{"schema": 1, ');
  await put('e', summary(OTHER));
  await put('redteam-memo-20260101-000000/baseline', summary(baseline));
  expect(await fetchedRuns(got, { dir: blank.dir, config })).toEqual(mine);
});

test('those of the only submission there is count, unless another one is asked for', async () => {
  const all = [await put('a', summary(OTHER)), await put('b', summary(OTHER))];
  expect(await fetchedRuns(got, { dir: blank.dir, config })).toEqual(all);
  const asked = join(blank.dir, 'submissions', 'faster');
  await expect(fetchedRuns(got, { dir: blank.dir, config }, asked)).rejects.toThrow(
    `There are 2 of ${OTHER.slice(0, 12)}: a/summary.json.`,
  );
});

test('too few: what there is, and how to fetch more', async () => {
  await put('a', summary(baseline));
  await put('b', summary(OTHER));
  await put('c', summary(OTHER));
  await expect(fetchedRuns(got, { dir: blank.dir, config })).rejects.toMatchObject({
    code: 'TOO_FEW_RUNS',
    message: expect.stringContaining(
      `1 of ${baseline.slice(0, 12)} (the one asked for): a/summary.json; 2 of bbb`,
    ),
    next: [
      {
        command: `hf buckets sync hf://buckets/${config.hub.org}/${config.challenge.slug}-AGENT/runs ./got`,
      },
      {},
    ],
  });
});

test('an empty folder, and a run without passes, are named', async () => {
  await expect(fetchedRuns(got, { dir: blank.dir, config })).rejects.toThrow('There is none.');
  await put('a', summary(baseline));
  await put('b', summary(baseline, { shown: {} }));
  await expect(fetchedRuns(got, { dir: blank.dir, config })).rejects.toThrow(
    'b/summary.json has no shown.passes',
  );
});

import { expect, test } from 'vitest';
import type { Inputs, PrepareFacts, World } from './model.ts';
import { prepareNodes } from './prepare.ts';

const FULL: PrepareFacts = {
  made: false,
  models: ['google/gemma-4-E4B-it', 'google/gemma-4-31B-it'],
  unpinned: [],
  flavor: 'a100-large',
  minutes: 180,
};
const OFFER = { name: 'a100-large', prettyName: 'A100', usdPerHour: 2.5 };

const node = (facts: PrepareFacts | undefined, hardware = [OFFER]) => {
  const harness = facts && { prepare: facts };
  const config = { hub: { endpoint: 'https://huggingface.co' } };
  return prepareNodes({ config, harness } as unknown as Inputs, { hardware } as unknown as World)[0];
};

test('nothing to make, nothing in the plan', () => {
  expect(node(undefined)).toBeUndefined();
});

test('what this machine can make costs nothing, and is only said', () => {
  const here = { ...FULL, models: [], flavor: 'cpu-basic' };
  expect(node(here)).toMatchObject({ state: 'unchanged', reason: 'not made yet', warn: true });
  expect(node({ ...here, made: true })).toMatchObject({ state: 'unchanged' });
});

test('what its models have to make is a job with a price, that a person starts', () => {
  expect(node(FULL)).toMatchObject({ state: 'human', cost: { usd: 7.5, per: 'once' } });
  expect(node(FULL)?.human?.steps).toContain('a100-large of at most 180 minutes, $7.50 or less');
  const unknown = node(FULL, []);
  expect(unknown?.cost).toBeUndefined();
  expect(unknown?.human?.steps).toContain('a price that the Hub does not name');
});

test('a model or image without a pin is named, also when the data is there', () => {
  const loose = { ...FULL, made: true, unpinned: ['google/gemma-4-E4B-it'] };
  expect(node(loose)).toMatchObject({ state: 'human', reason: 'not pinned: google/gemma-4-E4B-it' });
  expect(node({ ...loose, unpinned: [] })).toMatchObject({ state: 'unchanged' });
});

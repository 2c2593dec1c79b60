import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { applyChallenge } from '../../generator/apply/challenge.ts';
import { type Bench, EVALUATED_SERVER, put, startBench, verifyBy } from './apply-fixture.ts';
import { pictureOf } from './apply-scenarios.ts';

// Real processes, and a machine that may be busy.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

/** Every mode into every other one, in one walk; MODES_FULL=1 takes it, else two steps of it. */
const WALK = 'jobs eval-space peer manual jobs peer eval-space manual peer jobs manual eval-space jobs'.split(
  ' ',
);
const { MODES_FULL } = process.env;
const STEPS = MODES_FULL ? WALK : ['peer', 'jobs', 'manual'];

let benches: Bench[];
beforeEach(() => {
  benches = [];
});
afterEach(() => Promise.all(benches.map((bench) => bench.close())));

async function benchIn(mode: string): Promise<Bench> {
  const bench = await startBench();
  benches.push(bench);
  await put(bench.dir, 'space/server.mjs', EVALUATED_SERVER);
  await verifyBy(bench.dir, mode);
  return bench;
}

async function apply(bench: Bench) {
  const report = await applyChallenge(bench.options());
  expect([report.status, report.operations.filter(({ state }) => state !== 'done')]).toEqual(['ok', []]);
}

describe('another verification mode', () => {
  it('is a pair of every two', () => {
    const pairs = WALK.slice(1).map((mode, at) => `${WALK[at]} ${mode}`);
    expect([new Set(pairs).size, pairs.length]).toEqual([12, 12]);
  });

  it('leaves exactly what a first apply in that mode makes, and nothing to do', async () => {
    const wanted = new Map<string, unknown>();
    for (const mode of new Set(STEPS.slice(1))) {
      const fresh = await benchIn(mode);
      await apply(fresh);
      wanted.set(mode, await pictureOf(fresh));
    }
    const [first = '', ...rest] = STEPS;
    const bench = await benchIn(first);
    await apply(bench);
    for (const [at, mode] of rest.entries()) {
      await verifyBy(bench.dir, mode);
      await apply(bench);
      expect(await pictureOf(bench), `${STEPS[at]} to ${mode}`).toEqual(wanted.get(mode));
      expect((await applyChallenge(bench.options())).writes).toBe(0);
    }
  });
});

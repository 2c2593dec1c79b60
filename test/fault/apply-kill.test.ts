import { describe, expect, it } from 'vitest';
import { forget, prepared, runCase } from './apply-cases.ts';
import { nameOf } from './apply-faults.ts';
import { SCENARIOS, type Scenario } from './apply-scenarios.ts';

/** The first call and one in the middle; `matrix.ts --kill` tries them all. */
describe.each(['first', 'update'])('%s', (name) => {
  it('SIGKILL at a call: the next run converges', async () => {
    const folder = await prepared(SCENARIOS[name] as Scenario);
    try {
      const { points, picture } = await runCase(name, folder, null, 'sigkill-before');
      const middle = points[Math.floor(points.length / 2)];
      for (const [point, blow] of [
        [points[0], 'sigkill-before'],
        [middle, 'sigkill-after'],
      ] as const) {
        const tried = await runCase(name, folder, point ?? null, blow);
        expect(tried.picture, `${blow} at ${point && nameOf(point)}`).toEqual(picture);
      }
    } finally {
      await forget(folder);
    }
  });
});

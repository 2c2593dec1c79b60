import { describe, expect, it } from 'vitest';
import { forget, prepared, runCase } from './apply-cases.ts';
import { FAULTS, type Fault, nameOf } from './apply-faults.ts';
import { SCENARIOS } from './apply-scenarios.ts';

/** A few cases of each scenario, in an order that tries each fault; `matrix.ts` tries them all. */
const SAMPLE = 2;

describe.each(Object.entries(SCENARIOS))('%s', (name, scenario) => {
  it('the next run converges after any fault at any call', async () => {
    const folder = await prepared(scenario);
    try {
      const { points, picture } = await runCase(name, folder, null, 'refused');
      const stride = Math.max(1, Math.floor(points.length / SAMPLE));
      for (let at = 0; at < SAMPLE; at++) {
        const point = points[at * stride] ?? null;
        const fault = FAULTS[(at + name.length) % FAULTS.length] as Fault;
        const tried = await runCase(name, folder, point, fault);
        expect(tried.picture, `${fault} at ${point && nameOf(point)}`).toEqual(picture);
      }
    } finally {
      await forget(folder);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { FAULTS, type Fault, faultyFetch } from './apply-faults.ts';
import { startBench, testIo } from './apply-fixture.ts';
import { pictureOf, SCENARIOS, type Scenario } from './apply-scenarios.ts';

/**
 * All calls with all faults take an hour and more: FAULT_FULL=1 runs them, FAULT_FULL=3 every third case (from the
 * second on with FAULT_FROM=1, so that three may run side by side),
 * FAULT_ONLY="update 32 kill-after" one, FAULT_CALL=/api/jobs those of some calls; else a sample.
 */
const { FAULT_FULL, FAULT_FROM = '0', FAULT_ONLY, FAULT_CALL } = process.env;
const SAMPLE = 2;

interface Tried {
  index: number;
  fault: Fault;
  /** Why it did not converge. */
  problem?: string;
}

/** One run with a fault at one call, and the next run. @returns the calls of the first, and what is on the hub at last. */
async function run(scenario: Scenario, index: number, fault: Fault) {
  const bench = await startBench();
  try {
    await scenario.prepare(bench);
    const faulty = faultyFetch(bench.url, bench.dir, index, fault);
    const io = testIo({ fetch: faulty.fetch });
    await scenario.act(bench, bench.options({ io })).catch((error: unknown) => error);
    await faulty.restore();
    await scenario.between?.(bench);
    await scenario.again(bench);
    return { calls: faulty.calls, picture: await pictureOf(bench) };
  } finally {
    await bench.close();
  }
}

async function attempt(scenario: Scenario, index: number, fault: Fault, wanted: unknown): Promise<Tried> {
  try {
    expect((await run(scenario, index, fault)).picture).toEqual(wanted);
    return { index, fault };
  } catch (error) {
    return { index, fault, problem: (error as Error).message };
  }
}

/** Every call with every fault; as a sample, some of them in an order that tries each fault. */
function cases(name: string, calls: string[]): { index: number; fault: Fault }[] {
  const only = FAULT_ONLY?.split(' ');
  const all = calls.flatMap((_call, index) => FAULTS.map((fault) => ({ index, fault })));
  if (only) return all.filter(({ index, fault }) => `${name} ${index} ${fault}`.startsWith(only.join(' ')));
  if (FAULT_CALL) return all.filter(({ index }) => calls[index]?.includes(FAULT_CALL));
  if (FAULT_FULL) return all.filter((_, at) => at % Number(FAULT_FULL) === Number(FAULT_FROM));
  const stride = Math.max(1, Math.floor(calls.length / SAMPLE));
  return Array.from({ length: Math.min(SAMPLE, calls.length) }, (_, at) => ({
    index: at * stride,
    fault: FAULTS[(at + name.length) % FAULTS.length] as Fault,
  }));
}

function table(name: string, calls: number, tried: Tried[]): string {
  const rows = FAULTS.map((fault) => {
    const of = tried.filter((one) => one.fault === fault);
    return `  ${fault.padEnd(18)}${of.filter(({ problem }) => !problem).length} of ${of.length}`;
  });
  const good = tried.filter(({ problem }) => !problem).length;
  return [`${name}: ${calls} calls, ${good} of ${tried.length} cases converged`, ...rows, ''].join('\n');
}

describe.each(Object.entries(SCENARIOS))('%s', (name, scenario) => {
  it(
    'the next run converges after any fault at any call',
    async () => {
      const { calls, picture } = await run(scenario, -1, 'refused');
      const tried: Tried[] = [];
      for (const { index, fault } of cases(name, calls))
        tried.push(await attempt(scenario, index, fault, picture));
      if (FAULT_FULL || FAULT_CALL) process.stderr.write(table(name, calls.length, tried));
      const failed = tried.filter(({ problem }) => problem);
      expect(
        failed.map((one) => `${one.fault} at ${one.index} (${calls[one.index]}): ${one.problem}`),
      ).toEqual([]);
    },
    FAULT_FULL || FAULT_CALL ? 7_200_000 : 240_000,
  );
});

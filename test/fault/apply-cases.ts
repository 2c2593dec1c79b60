import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cli } from '../e2e/cli.ts';
import { until } from '../helpers/hub.ts';
import { FAULTS, type Fault, faultyFetch, type Point, pointsOf } from './apply-faults.ts';
import { type Bench, put, sleepAtMost, startBench, testIo } from './apply-fixture.ts';
import { killingProxy, type When } from './apply-kill.ts';
import { clientOf, EVALUATOR, pictureOf, SCENARIOS, type Scenario, SPACE } from './apply-scenarios.ts';

/** What goes wrong in a case: a fault of one call, or the process ends there. */
export type Blow = Fault | `sigkill-${When}`;
export const BLOWS = { faults: [...FAULTS], kills: ['sigkill-before', 'sigkill-after'] } as const;

/** A run and the next one. */
export interface Ran {
  points: Point[];
  /** Whether the call that was to fail came up: how often a Space is asked whether it runs differs. */
  hit: boolean;
  /** What is on the hub at last. */
  picture: unknown;
}

/** Asks less often than other tests do: how long the hub takes for a Space is no matter here. */
const io = () => testIo({ sleep: sleepAtMost(400) });

/** Everything as `prepare` leaves it, in a folder that cases go on with copies of. @returns the folder. */
export async function prepared({ prepare }: Scenario): Promise<string> {
  const bench = await startBench({ io });
  await prepare(bench);
  await bench.stop();
  return bench.dir;
}

export const forget = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });

/** One case from a prepared folder. `point` null: nothing goes wrong. @throws what shows that it did not converge. */
export async function runCase(name: string, from: string, point: Point | null, blow: Blow): Promise<Ran> {
  const scenario = SCENARIOS[name] as Scenario;
  const bench = await startBench({ from, io });
  try {
    await runs(bench);
    const blown = isKill(blow)
      ? await killed(scenario, bench, point, blow.endsWith('before') ? 'before' : 'after')
      : await faulted(scenario, bench, point, blow);
    return { ...blown, picture: await pictureOf(bench) };
  } finally {
    await bench.close();
  }
}

const isKill = (blow: Blow): blow is `sigkill-${When}` => blow.startsWith('sigkill');

/** A hub that starts also starts its Spaces. */
async function runs(bench: Bench): Promise<void> {
  const hub = clientOf(bench);
  for (const space of [SPACE, EVALUATOR])
    if (await hub.spaceInfo(space))
      await until(async () => (await hub.spaceRuntime(space)).stage === 'RUNNING');
}

async function faulted(scenario: Scenario, bench: Bench, point: Point | null, fault: Fault) {
  const faulty = faultyFetch(bench.url, bench.dir, point, fault);
  const options = bench.options({ io: { ...io(), fetch: faulty.fetch } });
  await scenario.act(bench, options).catch((error: unknown) => error);
  await faulty.restore();
  await scenario.between?.(bench);
  await scenario.again(bench);
  return { points: pointsOf(faulty.calls), hit: faulty.hit() };
}

/** The real command line, ended by SIGKILL when the hub sees that call. */
async function killed(scenario: Scenario, bench: Bench, point: Point | null, when: When) {
  const proxy = await killingProxy(bench.url);
  try {
    await put(bench.dir, '.collab/hub.json', JSON.stringify({ url: proxy.url, pid: process.pid }));
    const victim = cli(bench.dir, [...scenario.argv, '--json']);
    const hit = proxy.arm(point, when, () => victim.child.kill('SIGKILL'));
    const { code, out } = await victim.done;
    const points = pointsOf(proxy.calls);
    deepEqual([code, victim.child.signalCode], hit() ? [null, 'SIGKILL'] : [0, null], out);
    await scenario.between?.(bench);
    proxy.arm(null, when, () => {});
    const next = await cli(bench.dir, [...(scenario.after ?? scenario.argv), '--json']).done;
    const { status, code: fault } = JSON.parse(next.out);
    ok(['ok', 'action_required', 'PLAN_STALE'].includes(fault ?? status), next.out);
    await scenario.again(bench);
    const left = (await readdir(join(bench.dir, '.collab'))).filter((file) => /lock|tmp/.test(file));
    equal(left.join(), '');
    return { points, hit: hit() };
  } finally {
    await proxy.close();
  }
}

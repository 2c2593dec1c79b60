import { createHubClient } from '@collab/hub/client.ts';
import { describe, expect, it } from 'vitest';
import { applyChallenge, planChallenge } from '../../generator/apply/challenge.ts';
import { isChange, waitsForPerson } from '../../generator/plan/provision.ts';
import { FAULTS, type Fault, faultyFetch } from './apply-faults.ts';
import { type Bench, put, startBench, testIo } from './apply-fixture.ts';

const CENTRAL = 'gemma-collab/gemma-main-bucket';
const PRIVATE = 'organizer/gemma-private';
const SPACE = 'gemma-collab/gemma-collab';
/** All calls with all faults take minutes: FAULT_FULL=1 runs them, FAULT_ONLY="update 32 garbage-after" one; else a sample. */
const STRIDE = process.env.FAULT_FULL ? 1 : 37;

const clientOf = (bench: Bench) =>
  createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });

/** Everything on the hub that an apply can touch. */
async function pictureOf(bench: Bench) {
  const hub = clientOf(bench);
  const contents = async (id: string) => {
    const files = (await hub.listFiles(id)) ?? [];
    const texts = await Promise.all(
      files.map(async ({ path }) => [path, String(await hub.readFile(id, path))]),
    );
    return Object.fromEntries(texts.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
  };
  return {
    central: await contents(CENTRAL),
    private: await contents(PRIVATE),
    files: (await hub.spaceFiles(SPACE)).map(({ path, oid }) => `${path} ${oid}`).sort(),
    variables: Object.fromEntries((await hub.spaceVariables(SPACE)).map(({ key, value }) => [key, value])),
    secrets: await hub.spaceSecrets(SPACE),
    buckets: [(await hub.bucketInfo(CENTRAL))?.private, (await hub.bucketInfo(PRIVATE))?.private],
  };
}

/** A run with one fault, then a clean one: that has to end with everything as planned. */
async function converges(bench: Bench, index: number, fault: Fault): Promise<string[]> {
  const faulty = faultyFetch(bench.url, bench.dir, index, fault);
  await applyChallenge(bench.options({ io: testIo({ fetch: faulty.fetch }) })).catch(
    (error: unknown) => error,
  );
  await faulty.restore();
  const report = await applyChallenge(bench.options());
  const left = [
    ...report.operations.filter(({ state }) => state !== 'done'),
    ...report.plan.nodes.filter(waitsForPerson).map(({ id, reason }) => ({ id, reason })),
  ];
  expect([report.status, left]).toEqual(['ok', []]);
  const { plan } = await planChallenge(bench.options());
  expect(plan.nodes.filter(isChange)).toEqual([]);
  return faulty.calls;
}

const SCENARIOS = {
  /** Nothing is there yet. */
  first: async () => undefined,
  /** Everything is there; the directory and the bucket have moved on, each on its own. */
  update: async (bench: Bench) => {
    await applyChallenge(bench.options());
    await clientOf(bench).write(CENTRAL, {
      adds: [{ path: 'agents/README.md', content: 'edited by the organizer\n' }],
    });
    await put(bench.dir, 'bucket/README.md', '# The challenge, second edition\n');
    await put(bench.dir, 'bucket/channels/README.md', '# Channels\n');
    await put(bench.dir, 'space/README.md', '---\ntitle: Changed\nsdk: docker\napp_port: 7860\n---\n');
    await clientOf(bench).setSpaceVariable(SPACE, { key: 'ORG', value: 'somebody-else' });
  },
};

/** Calls of one shape stand for each other: the first and the last of them are tried. */
function worthTrying(calls: string[]): number[] {
  const seen = new Map<string, number[]>();
  for (const [index, shape] of calls.entries()) seen.set(shape, [...(seen.get(shape) ?? []), index]);
  const chosen = [...seen.values()].flatMap((indexes) => [indexes[0] ?? 0, indexes.at(-1) ?? 0]);
  return [...new Set(chosen)].sort((a, b) => a - b);
}

describe.each(Object.entries(SCENARIOS))('apply: %s', (name, prepare) => {
  it(
    'converges after any fault at any call',
    async () => {
      const clean = await startBench();
      await prepare(clean);
      const calls = await converges(clean, -1, 'refused');
      const wanted = await pictureOf(clean);
      await clean.close();
      const cases = worthTrying(calls).flatMap((index) => FAULTS.map((fault) => ({ index, fault })));
      const offset = name === 'first' ? 0 : 5;
      const only = process.env.FAULT_ONLY?.split(' ');
      const tried = cases.filter(({ index, fault }, at) =>
        only
          ? only[0] === name && Number(only[1]) === index && only[2] === fault
          : at % STRIDE === offset % STRIDE,
      );
      for (const { index, fault } of tried) {
        const bench = await startBench();
        try {
          await prepare(bench);
          await converges(bench, index, fault);
          expect(await pictureOf(bench)).toEqual(wanted);
        } catch (cause) {
          throw new Error(`${fault} at call ${index} (${calls[index]}): ${(cause as Error).message}`, {
            cause,
          });
        } finally {
          await bench.close();
        }
      }
      if (process.env.FAULT_FULL)
        process.stderr.write(`${name}: ${calls.length} calls, ${tried.length} cases\n`);
    },
    process.env.FAULT_FULL ? 3_600_000 : 240_000,
  );
});

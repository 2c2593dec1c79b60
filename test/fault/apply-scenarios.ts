import { deepEqual, equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { applyChallenge, planChallenge } from '../../generator/apply/challenge.ts';
import { planRemoval, remove } from '../../generator/apply/destroy.ts';
import type { ApplyOptions } from '../../generator/apply/types.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { CollabError } from '../../generator/errors.ts';
import { isChange, waitsForPerson } from '../../generator/plan/provision.ts';
import type { ProvisionPlan } from '../../generator/plan/types.ts';
import { type Bench, EVALUATED_SERVER, put, verifyBy } from './apply-fixture.ts';

export const CENTRAL = 'gemma-collab/gemma-main-bucket';
export const PRIVATE = 'organizer/gemma-private';
export const SPACE = 'gemma-collab/gemma-collab';
export const EVALUATOR = 'organizer/gemma-evaluator';

/** What an organizer does, and what has to hold once it was done again after a fault. */
export interface Scenario {
  /** Before the run that fails. All of it is on disk and on the hub: every case goes on with a copy. */
  prepare(bench: Bench): Promise<void>;
  /** The run that fails; `options` carry the faulty fetch. */
  act(bench: Bench, options: ApplyOptions): Promise<unknown>;
  /** The same as a command line. */
  argv: string[];
  /** What is typed after that one was killed, where it is not the same once more. */
  after?: string[];
  /** What somebody else does between the two runs. */
  between?(bench: Bench): Promise<void>;
  /** The next run, without a fault: it has to end with everything as planned. */
  again(bench: Bench): Promise<void>;
}

export const clientOf = (bench: Bench) =>
  createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });

/** Everything is there; the directory and the bucket have moved on, each on its own. */
async function movedOn(bench: Bench): Promise<void> {
  await applyChallenge(bench.options());
  await clientOf(bench).write(CENTRAL, {
    adds: [
      { path: 'agents/README.md', content: 'edited by the organizer\n' },
      { path: 'message_board/20260101-000000-000_ada.md', content: 'of a participant\n' },
    ],
  });
  await put(bench.dir, 'bucket/README.md', '# The challenge, second edition\n');
  await put(bench.dir, 'bucket/channels/README.md', '# Channels\n');
  await put(bench.dir, 'private/split.jsonl', '{"prompt": "another secret"}\n');
  await put(bench.dir, 'space/README.md', '---\ntitle: Changed\nsdk: docker\napp_port: 7860\n---\n');
  await clientOf(bench).setSpaceVariable(SPACE, { key: 'ORG', value: 'somebody-else' });
}

async function applyEnds(bench: Bench, waiting: string[] = []): Promise<void> {
  const report = await applyChallenge(bench.options());
  const open = report.plan.nodes.filter(waitsForPerson).map(({ id, reason }) => ({ id, reason }));
  const left = [
    ...report.operations.filter(({ state }) => state !== 'done'),
    ...open.filter(({ id }) => !waiting.includes(id)),
  ];
  deepEqual([report.status, left], [open.length > 0 ? 'action_required' : 'ok', []]);
  const { plan } = await planChallenge(bench.options());
  deepEqual(plan.nodes.filter(isChange), []);
}

const removalOf = async (bench: Bench, options: ApplyOptions, named = [PRIVATE]): Promise<string[]> => {
  const config = await readChallenge(bench.dir);
  return remove(config, options, await planRemoval(config, options, named));
};

const savedPlan = async ({ dir }: Bench) => ({
  expected: JSON.parse(await readFile(join(dir, 'plan.json'), 'utf8')) as ProvisionPlan,
});

const PROBE = `import json, sys
found = {"layers": ["landlock"], "missing": {}, "strict": True, "program_ran": True}
json.dump(found, open(sys.argv[sys.argv.index("--state-dir") + 1] + "/isolation.json", "w"))
`;

const EDIT = '# As the organizer wrote it meanwhile\n';

export const SCENARIOS: Record<string, Scenario> = {
  first: {
    prepare: async () => undefined,
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    again: applyEnds,
  },
  /** The probe is a job that costs money on the Hub: it runs once. */
  probed: {
    prepare: async (bench) => {
      await put(bench.dir, 'harness/collab_harness/probe.py', PROBE);
      await put(bench.dir, 'harness/upload.json', '["run.py", "collab_harness/**"]\n');
    },
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    again: async (bench) => {
      await applyEnds(bench);
      equal((await clientOf(bench).jobs('gemma-collab')).length, 1);
    },
  },
  update: {
    prepare: movedOn,
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    again: applyEnds,
  },
  /** Between the runs the organizer edits the very file that was being written. */
  edited: {
    prepare: movedOn,
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    between: async (bench) => {
      await clientOf(bench).write(CENTRAL, { adds: [{ path: 'README.md', content: EDIT }] });
    },
    again: (bench) => applyEnds(bench, ['seed:README.md']),
  },
  /** The saved plan again: done, or refused because the fault came after a write; then a plan of now. */
  saved: {
    prepare: async (bench) => {
      await movedOn(bench);
      const { plan } = await planChallenge(bench.options());
      await put(bench.dir, 'plan.json', JSON.stringify(plan));
    },
    act: async (bench, options) => applyChallenge({ ...options, ...(await savedPlan(bench)) }),
    argv: ['apply', '--plan', 'plan.json'],
    again: async (bench) => {
      await applyChallenge(bench.options(await savedPlan(bench))).catch((error: unknown) => {
        if (!(error instanceof CollabError && error.code === 'PLAN_STALE')) throw error;
      });
      await applyEnds(bench);
    },
  },
  /** The evaluator's Space is made beside a server that runs. */
  evaluator: {
    prepare: async (bench) => {
      await put(bench.dir, 'space/server.mjs', EVALUATED_SERVER);
      await applyChallenge(bench.options());
      await verifyBy(bench.dir, 'eval-space');
    },
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    again: async (bench) => {
      await applyEnds(bench);
      const info = await clientOf(bench).spaceInfo(EVALUATOR);
      equal((await fetch(`${info?.host}/v1/healthz`)).status, 200);
    },
  },
  /** Another mode: the evaluator's Space and its key at the server go. */
  retired: {
    prepare: async (bench) => {
      await put(bench.dir, 'space/server.mjs', EVALUATED_SERVER);
      await verifyBy(bench.dir, 'eval-space');
      await applyChallenge(bench.options());
      await verifyBy(bench.dir, 'manual');
    },
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    again: (bench) => applyEnds(bench),
  },
  /** A first apply, and then nothing of it is wanted any more: what it had made goes, whatever it had recorded. */
  abandoned: {
    prepare: async (bench) => {
      await put(bench.dir, 'space/server.mjs', EVALUATED_SERVER);
      await verifyBy(bench.dir, 'eval-space');
    },
    act: (_bench, options) => applyChallenge(options),
    argv: ['apply'],
    after: ['destroy', '--yes', '--delete-bucket', CENTRAL, '--delete-bucket', PRIVATE],
    again: async (bench) => {
      await removalOf(bench, bench.options(), [CENTRAL, PRIVATE]);
      const hub = clientOf(bench);
      const left = await Promise.all([SPACE, EVALUATOR].map((id) => hub.spaceInfo(id)));
      deepEqual([...left, await hub.bucketInfo(CENTRAL), await hub.bucketInfo(PRIVATE)], Array(4).fill(null));
    },
  },
  /** The Space and one bucket, by name; the other bucket stays as it is. */
  destroy: {
    prepare: movedOn,
    act: removalOf,
    argv: ['destroy', '--yes', '--delete-bucket', PRIVATE],
    again: async (bench) => {
      await removalOf(bench, bench.options());
      deepEqual(await removalOf(bench, bench.options()), []);
    },
  },
};

const timeless = (content: Uint8Array | null): string =>
  String(content && new TextDecoder().decode(content)).replace(/"requested_at":"[^"]*"/, '"requested_at":""');

/** Everything on the hub that an apply can touch. */
export async function pictureOf(bench: Bench) {
  const hub = clientOf(bench);
  const contents = async (id: string) => {
    const files = (await hub.listFiles(id)) ?? [];
    const texts = await Promise.all(
      files.map(async ({ path }) => [path, timeless(await hub.readFile(id, path))]),
    );
    return Object.fromEntries(texts.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
  };
  return {
    central: await contents(CENTRAL),
    private: await contents(PRIVATE),
    buckets: [(await hub.bucketInfo(CENTRAL))?.private, (await hub.bucketInfo(PRIVATE))?.private],
    space: await spaceOf(hub, SPACE),
    evaluator: await spaceOf(hub, EVALUATOR),
  };
}

/** What is made anew each time: a key, and the address of the server. */
const UNLIKE = new Set(['EVALUATOR_KEY_SHA256', 'API_URL']);

async function spaceOf(hub: HubPort, id: string) {
  const info = await hub.spaceInfo(id);
  if (!info) return null;
  const variables = (await hub.spaceVariables(id)).map(({ key, value }) => [
    key,
    UNLIKE.has(key) ? '' : value,
  ]);
  return {
    private: info.private,
    files: (await hub.spaceFiles(id)).map(({ path, oid }) => `${path} ${oid}`).sort(),
    variables: Object.fromEntries(variables.sort()),
    secrets: (await hub.spaceSecrets(id)).sort(),
  };
}

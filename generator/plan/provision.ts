import { bucketNodes, fileNodes } from './buckets.ts';
import { checkNodes } from './checks.ts';
import { digest } from './digest.ts';
import type { Inputs, World } from './model.ts';
import { spaceNodes } from './space.ts';
import type { PlanNode, ProvisionPlan } from './types.ts';

/** What `apply` would do. Pure: the same inputs and the same world give the same plan. */
export function planProvision(inputs: Inputs, world: World, endpoint: string): ProvisionPlan {
  const seeds = fileNodes(inputs, world);
  const space = spaceNodes(inputs, world);
  const harness = inputs.problems.some((problem) => problem.part === 'harness');
  const nodes = [...checkNodes(inputs, world), ...bucketNodes(inputs, world), ...seeds, ...space].map(
    (node) => (node.id === 'space-files' ? withSeeds(node, seeds, harness) : node),
  );
  return { version: 1, endpoint, inputs: digest(inputsSeen(inputs)), world: digest(worldSeen(world)), nodes };
}

/** The server starts on a bucket that is complete: a conflict in one file does not hold it up. */
function withSeeds(node: PlanNode, seeds: PlanNode[], harness: boolean): PlanNode {
  const awaited = seeds
    .filter((seed) => ['create', 'update', 'delete'].includes(seed.state))
    .map(({ id }) => id);
  return { ...node, dependsOn: [...node.dependsOn, ...awaited, ...(harness ? ['check:harness'] : [])] };
}

function inputsSeen(inputs: Inputs): unknown {
  const hashes = (files: { path: string; sha256: string }[]) =>
    files.map(({ path, sha256 }) => [path, sha256]);
  const { central, private: closed } = inputs.files;
  return { ...inputs, files: [hashes(central), hashes(closed)], space: hashes(inputs.space) };
}

/** Without what changes while nobody changes anything: sizes, times, prices, run-time state. */
function worldSeen(world: World): unknown {
  const bucket = (role: 'central' | 'private') => {
    const info = world.buckets[role];
    return info && [info.id, info.private, info.createdAt];
  };
  const live = (role: 'central' | 'private') =>
    Object.entries(world.live[role]).map(([path, file]) => [path, file.sha256]);
  const who = (identity: World['spaceIdentity']) =>
    identity && [identity.name, identity.tokenRole, identity.scopes, identity.orgs];
  return {
    identity: [who(world.identity), who(world.spaceIdentity)],
    buckets: [bucket('central'), bucket('private')],
    live: [live('central').sort(), live('private').sort()],
    space: world.space && [
      world.space.info.id,
      world.space.files,
      world.space.variables,
      world.space.secrets,
    ],
    seen: world.privateSeenByParticipant,
  };
}

const CHANGES = new Set(['create', 'update', 'adopt', 'delete']);

export const isChange = (node: PlanNode): boolean => CHANGES.has(node.state);

/** Nodes that a person has to settle. */
export const waitsForPerson = (node: PlanNode): boolean =>
  ['human', 'blocked', 'conflict'].includes(node.state);

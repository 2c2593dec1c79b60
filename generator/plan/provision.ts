import { bucketNodes, fileNodes } from './buckets.ts';
import { checkNodes } from './checks.ts';
import { digest } from './digest.ts';
import { evaluatorNodes } from './evaluator.ts';
import type { Inputs, World } from './model.ts';
import { HARNESS_PREFIX } from './places.ts';
import { prepareNodes } from './prepare.ts';
import { PROBE, PROOFS, proofNodes } from './proofs.ts';
import { spaceNodes } from './space.ts';
import { textNodes } from './texts.ts';
import type { PlanNode, ProvisionPlan } from './types.ts';

/** What `apply` would do. Pure: the same inputs and the same world give the same plan. */
export function planProvision(inputs: Inputs, world: World, endpoint: string): ProvisionPlan {
  const seeds = fileNodes(inputs, world);
  const space = spaceNodes(inputs, world);
  const harness = inputs.problems.some((problem) => problem.part === 'harness');
  const proofs = [...proofNodes(inputs, world), ...prepareNodes(inputs, world)];
  const gated = proofs.some((node) => node.id === PROOFS) ? [PROOFS] : [];
  const evaluator = evaluatorNodes(inputs, world);
  const first = [...checkNodes(inputs, world), ...bucketNodes(inputs, world)];
  const known = [...first, ...seeds, ...space, ...evaluator, ...proofs, ...textNodes(inputs.texts)];
  const ids = new Set(known.map((node) => node.id));
  const nodes = known.map((node) => {
    if (node.id === 'space-files') return withSeeds(node, seeds, harness);
    if (node.id === PROBE) return withHarness(node, seeds, ids);
    return needsProofs(node) ? { ...node, dependsOn: [...node.dependsOn, ...gated] } : node;
  });
  return { version: 1, endpoint, inputs: digest(inputsSeen(inputs)), world: digest(worldSeen(world)), nodes };
}

/** The server starts on a bucket that is complete: a conflict in one file does not hold it up. */
function withSeeds(node: PlanNode, seeds: PlanNode[], harness: boolean): PlanNode {
  const awaited = seeds
    .filter((seed) => ['create', 'update', 'delete'].includes(seed.state))
    .map(({ id }) => id);
  return { ...node, dependsOn: [...node.dependsOn, ...awaited, ...(harness ? ['check:harness'] : [])] };
}

/** What an unproven harness must not get to: a first deployment, and its own files. */
const needsProofs = (node: PlanNode): boolean =>
  ((['bucket', 'space'].includes(node.kind) || node.id === 'eval-space') && node.state === 'create') ||
  isHarness(node);

const isHarness = (node: PlanNode): boolean => node.id.startsWith(`seed:${HARNESS_PREFIX}/`);

/** The probe runs what lies in the bucket. */
function withHarness(node: PlanNode, seeds: PlanNode[], ids: Set<string>): PlanNode {
  const code = seeds.filter((seed) => isHarness(seed) && seed.id.includes('/collab_harness/'));
  const dependsOn = [...node.dependsOn, ...code.map(({ id }) => id)];
  return { ...node, dependsOn: dependsOn.filter((id) => ids.has(id)) };
}

function inputsSeen(inputs: Inputs): unknown {
  const hashes = (files: { path: string; sha256: string }[]) =>
    files.map(({ path, sha256 }) => [path, sha256]);
  const { central, private: closed } = inputs.files;
  const { evaluator } = inputs;
  return {
    ...inputs,
    files: [hashes(central), hashes(closed)],
    space: hashes(inputs.space),
    evaluator: evaluator && { ...evaluator, files: hashes(evaluator.files) },
  };
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
    identity: [who(world.identity), who(world.spaceIdentity), who(world.evaluatorIdentity)],
    buckets: [bucket('central'), bucket('private')],
    live: [live('central').sort(), live('private').sort()],
    space: spaceSeen(world.space),
    evaluator: spaceSeen(world.evaluator),
    seen: world.privateSeenByParticipant,
  };
}

const spaceSeen = (space: World['space']) =>
  space && [space.info.id, space.files, space.variables, space.secrets];

const CHANGES = new Set(['create', 'update', 'adopt', 'delete']);

export const isChange = (node: PlanNode): boolean => CHANGES.has(node.state);

/** Nodes that a person has to settle. */
export const waitsForPerson = (node: PlanNode): boolean =>
  ['human', 'blocked', 'conflict'].includes(node.state);

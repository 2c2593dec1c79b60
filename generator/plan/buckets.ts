import { claim, isKnown, moved } from './adopt.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import {
  BUCKETS,
  type BucketRole,
  bucketId,
  hubPages,
  type Inputs,
  isLocal,
  type LiveFile,
  type LocalFile,
  type TargetState,
  type World,
} from './model.ts';
import { diffLines, threeWay, type Verdict } from './three-way.ts';
import type { PlanNode, Standing } from './types.ts';

/** What has to be right before anything is made. */
export const FIRST = ['check:token', 'check:org', 'check:plan', 'check:credits'];

export function bucketNodes(inputs: Inputs, world: World): PlanNode[] {
  return [...BUCKETS.map((role) => bucketNode(role, inputs, world)), probeNode(inputs, world)];
}

/** Whether the bucket should be closed to those outside its namespace. */
export const bucketIsPrivate = (role: BucketRole, inputs: Inputs): boolean =>
  role === 'private' || inputs.config.hub.private;

function bucketNode(role: BucketRole, inputs: Inputs, world: World): PlanNode {
  const id = bucketId(inputs.config, role);
  const wanted = bucketIsPrivate(role, inputs);
  const kind = wanted ? 'private' : 'public';
  const node = {
    id: `bucket:${role}`,
    kind: 'bucket' as const,
    title: `Bucket ${id} (${kind})`,
    dependsOn: FIRST,
  };
  const live = world.buckets[role];
  if (!live) return { ...node, ...absent(role, id, inputs) };
  const elsewhere = moved(id, live);
  if (elsewhere) return { ...node, ...elsewhere };
  if (live.private !== wanted) {
    const reason = `exists, but is ${live.private ? 'private' : 'public'}`;
    return { ...node, state: 'blocked', reason, next: [settingsOf(id, inputs, kind)] };
  }
  const known = inputs.state.buckets[role];
  if (isKnown(known, live)) return { ...node, state: 'unchanged', reason: `made by ${live.author}` };
  return { ...node, ...claim(id, live.author, inputs, world) };
}

/**
 * One that was there and holds the record: renamed, a new one under its old name would split the record in two. The
 * store of the embedded hub is the organizer's own, who removes it to start over.
 */
function absent(role: BucketRole, id: string, { state, config }: Inputs): Standing {
  const known = state.buckets[role];
  if (isLocal(config) || known?.id.toLowerCase() !== id.toLowerCase())
    return { state: 'create', reason: 'does not exist' };
  return {
    state: 'human',
    reason: `was there, made ${known.createdAt.slice(0, 10)}, and is gone: renamed or deleted`,
    human: {
      url: `${hubPages(config)}/${id.split('/')[0]}`,
      steps:
        'Look for it under another name: give it its name back, or put the new one into challenge.yaml. If it is gone ' +
        'for good, make an empty one of that name, and apply takes it over.',
      check: 'it is there',
    },
    next: [CommandOf.renamed],
  };
}

/** Whom a bucket is open to is a person's decision: apply never changes it. */
const settingsOf = (id: string, { config }: Inputs, kind: string) => ({
  command: `${hubPages(config)}/buckets/${id}`,
  why: `make it ${kind} in its settings`,
});

const UNFIT: Partial<Record<World['privateSeenByParticipant'], (organizer: string) => string>> = {
  revoked: () => 'not tried: PARTICIPANT_TOKEN is revoked or mistyped',
  own: (organizer) => `not tried: PARTICIPANT_TOKEN is a token of ${organizer}, who may see it`,
};

/** A participant must not even learn that the private bucket exists. */
function probeNode(inputs: Inputs, world: World): PlanNode {
  const title = 'Participants cannot see the private bucket';
  const node = checkNode('check:private-bucket', title, ['bucket:private']);
  if (world.privateSeenByParticipant === 'hidden')
    return { ...node, state: 'unchanged', reason: "a contributor's token gets 404" };
  if (world.privateSeenByParticipant === 'visible')
    return {
      ...node,
      state: 'blocked',
      reason: "a contributor's token can see it; keep it in another namespace",
    };
  const unfit = UNFIT[world.privateSeenByParticipant];
  if (unfit)
    return { ...node, state: 'blocked', reason: unfit(world.identity.name), next: [CommandOf.participant] };
  if (!inputs.participantTokenGiven)
    return {
      ...node,
      state: 'unchanged',
      reason: 'not tried: no participant token (PARTICIPANT_TOKEN)',
    };
  return { ...node, state: 'update', reason: 'to be tried once the bucket exists' };
}

/** One node per file of either bucket. */
export function fileNodes(inputs: Inputs, world: World): PlanNode[] {
  return BUCKETS.flatMap((role) => {
    const mine = new Map(inputs.files[role].map((file) => [file.path, file]));
    const ours = oursIn(role, inputs, world);
    const paths = [...new Set([...mine.keys(), ...Object.keys(ours)])].sort();
    return paths.map((path) => fileNode(role, path, mine.get(path), ours[path] ?? {}, inputs, world));
  });
}

/** What we wrote into this very bucket: nothing, when it was deleted and made anew since. */
function oursIn(role: BucketRole, inputs: Inputs, world: World): TargetState['files'][BucketRole] {
  const known = inputs.state.buckets[role];
  const live = world.buckets[role];
  return live && isKnown(known, live) ? inputs.state.files[role] : {};
}

function fileNode(
  role: BucketRole,
  path: string,
  mine: LocalFile | undefined,
  ours: TargetState['files'][BucketRole][string],
  inputs: Inputs,
  world: World,
): PlanNode {
  const live: LiveFile | undefined = world.live[role][path];
  const verdict = threeWay({ ...ours, live: live?.sha256 ?? null, mine: mine?.sha256 ?? null });
  const settled = settle(verdict, inputs);
  return {
    id: `${role === 'central' ? 'seed' : 'private-data'}:${path}`,
    kind: role === 'central' ? 'seed' : 'private-data',
    title: `${bucketId(inputs.config, role)}/${path}`,
    // Nothing private is written before a participant was shown to get 404, where that can be tried.
    dependsOn: [`bucket:${role}`, ...(role === 'private' ? ['check:private-bucket'] : [])],
    ...settled,
    ...(mine && live && (settled.state === 'update' || settled.state === 'conflict')
      ? { diff: diffOf(role, path, live, mine) }
      : {}),
    ...(settled.state === 'conflict' ? { next: [CommandOf.takeMine, CommandOf.takeTheirs] } : {}),
  };
}

/** Private data stays out of what is printed and saved. */
const diffOf = (role: BucketRole, path: string, live: LiveFile, mine: LocalFile): string[] =>
  role === 'private' ? [] : diffLines(path, live.content, mine.content);

function settle(verdict: Verdict, inputs: Inputs): Verdict {
  if (verdict.state !== 'conflict') return verdict;
  if (inputs.takeMine) return { state: 'update', reason: `${verdict.reason}; --take-mine` };
  if (inputs.takeTheirs) return { state: 'update', reason: `${verdict.reason}; --take-theirs: comes here` };
  return verdict;
}

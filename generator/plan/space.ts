import { claim, isKnown, moved } from './adopt.ts';
import { FIRST } from './buckets.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import { KEY_VARIABLE } from './evaluator.ts';
import { fileChanges } from './file-changes.ts';
import { type Inputs, type LiveSpace, newTokenPage, spaceOf, type World } from './model.ts';
import { spaceTokenScope } from './tokens.ts';
import type { PlanNode } from './types.ts';

export const SPACE_SECRET = 'HF_TOKEN';

/** The Space, its variables, its secret, its files, and whether it answers. */
export function spaceNodes(inputs: Inputs, world: World): PlanNode[] {
  if (!inputs.config.hub.space) return [withoutSpace(inputs, world)];
  const variables = variableNodes(inputs, world.space);
  const secret = secretNode(inputs, world.space);
  const repo = repoNode(inputs, world);
  const settings = [...variables.map((node) => node.id), secret.id];
  const files = filesNode(inputs, world.space, settings);
  const changed = [repo, ...variables, secret, files].some(isChange);
  return [
    repo,
    ...variables,
    secret,
    files,
    healthNode(inputs, world.space, changed, [files.id, ...settings]),
  ];
}

/** No Space is planned. One that an earlier apply made still runs, and would write the same record as `serve`. */
function withoutSpace(inputs: Inputs, world: World): PlanNode {
  const node = checkNode('space', 'Without a Space');
  if (!world.space)
    return { ...node, state: 'unchanged', reason: 'hub.space is empty: create-collab serve runs the server' };
  const reason = `${spaceOf(inputs.config, inputs.state)} is still there, and one server alone may write the record`;
  return { ...node, state: 'blocked', reason, next: [CommandOf.destroy] };
}

const isChange = (node: PlanNode): boolean => !['unchanged', 'adopt'].includes(node.state);

function repoNode(inputs: Inputs, world: World): PlanNode {
  const { space, private: isPrivate } = inputs.config.hub;
  const kind = isPrivate ? 'private' : 'public';
  const node = {
    id: 'space',
    kind: 'space' as const,
    title: `Space ${space} (${kind}, Docker)`,
    dependsOn: FIRST,
  };
  if (!world.space) return { ...node, state: 'create', reason: 'does not exist' };
  const { info } = world.space;
  const elsewhere = moved(space, info);
  if (elsewhere) return { ...node, ...elsewhere };
  if (info.sdk !== 'docker')
    return {
      ...node,
      state: 'blocked',
      reason: `exists, but is a ${info.sdk || 'different'} Space, not Docker`,
    };
  if (info.private !== isPrivate)
    return { ...node, state: 'blocked', reason: `exists, but is ${info.private ? 'private' : 'public'}` };
  if (isKnown(inputs.state.space, info)) return { ...node, state: 'unchanged', reason: 'exists' };
  return { ...node, ...claim(space, info.author, inputs, world) };
}

function variableNodes(inputs: Inputs, space: LiveSpace | null): PlanNode[] {
  const live = space?.variables ?? {};
  const node = (key: string) => ({
    id: `variable:${key}`,
    kind: 'variable' as const,
    title: `Variable ${key}`,
    dependsOn: ['space'],
  });
  const planned = Object.entries(inputs.variables).map(([key, value]): PlanNode => {
    const now = live[key];
    if (now === value) return { ...node(key), state: 'unchanged', reason: 'as planned' };
    if (now === undefined) return { ...node(key), state: 'create', reason: 'not set', diff: [`+ ${value}`] };
    return { ...node(key), state: 'update', reason: 'differs', diff: [`- ${now}`, `+ ${value}`] };
  });
  const dropped = inputs.state.variables
    .filter((key) => !(key in inputs.variables) && key in live && !isEvaluators(key, inputs))
    .map((key): PlanNode => ({ ...node(key), state: 'delete', reason: 'no longer planned' }));
  return [...planned, ...dropped];
}

/** Its node (`eval-key`) looks after it while an evaluator is planned. */
const isEvaluators = (key: string, { evaluator }: Inputs) => evaluator !== null && key === KEY_VARIABLE;

function secretNode(inputs: Inputs, space: LiveSpace | null): PlanNode {
  const node = {
    id: `secret:${SPACE_SECRET}`,
    kind: 'secret' as const,
    title: `Secret ${SPACE_SECRET} (the Space's own token)`,
    dependsOn: ['space', ...(inputs.spaceToken === null ? [] : ['check:space-token'])],
  };
  const set = space?.secrets.includes(SPACE_SECRET) ?? false;
  if (inputs.spaceToken === null) {
    if (set) return { ...node, state: 'unchanged', reason: 'set' };
    return {
      ...node,
      state: 'human',
      reason: 'no token for the Space',
      human: tokenSteps(inputs),
      next: [CommandOf.spaceToken],
    };
  }
  if (!set) return { ...node, state: 'create', reason: 'not set' };
  const ours = space && isKnown(inputs.state.space, space.info);
  if (ours && inputs.state.secrets[SPACE_SECRET] === inputs.spaceToken)
    return { ...node, state: 'unchanged', reason: 'set, from the token at hand' };
  return { ...node, state: 'update', reason: 'the token at hand is another one than the one set' };
}

function tokenSteps({ config }: Inputs) {
  return {
    url: newTokenPage(config),
    steps: `Once the buckets are there, make a fine-grained token of its own: ${spaceTokenScope(config)}.`,
    check: 'it is set as the secret HF_TOKEN of the Space',
  };
}

function filesNode(inputs: Inputs, space: LiveSpace | null, settings: string[]): PlanNode {
  const { changed, removed } = spaceFileChanges(inputs, space);
  const blockers = inputs.problems.filter((problem) => problem.part === 'space');
  const node = {
    id: 'space-files',
    kind: 'space-files' as const,
    title: `${inputs.space.length} files of the Space`,
    dependsOn: [
      'space',
      'bucket:central',
      'bucket:private',
      ...settings,
      ...blockers.map(() => 'check:space'),
    ],
  };
  if (changed.length + removed.length === 0)
    return { ...node, state: 'unchanged', reason: `all ${inputs.space.length} as in space/` };
  const diff = [...changed.map((file) => `+ ${file.path}`), ...removed.map((path) => `- ${path}`)];
  const reason = `${changed.length} to upload, ${removed.length} to delete`;
  return { ...node, state: space ? 'update' : 'create', reason, diff };
}

export const spaceFileChanges = (inputs: Inputs, space: LiveSpace | null) =>
  fileChanges(inputs.space, space?.files ?? {}, inputs.state.spaceFiles);

function healthNode(
  inputs: Inputs,
  space: LiveSpace | null,
  changed: boolean,
  dependsOn: string[],
): PlanNode {
  const node = { id: 'health', kind: 'health' as const, title: 'The server answers', dependsOn };
  if (space?.healthy && !changed)
    return { ...node, state: 'unchanged', reason: `${space.info.host}/v1/healthz answers 200` };
  if (changed) return { ...node, state: 'update', reason: `${inputs.config.hub.space} starts anew` };
  return { ...node, state: 'update', reason: `stage ${space?.runtime.stage ?? 'unknown'}, no answer` };
}

import { checkNode } from './check-node.ts';
import { type Inputs, isLocal, type World } from './model.ts';
import { creditsNode, inviteNode, orgNode, planNode } from './organization.ts';
import { spaceTokenNode, tokenNode } from './tokens.ts';
import type { PlanNode } from './types.ts';

/** Nodes that look and never write: what has to be right before the first write. */
export function checkNodes(inputs: Inputs, world: World): PlanNode[] {
  return [
    tokenNode(inputs, world),
    ...(world.spaceIdentity ? [spaceTokenNode(inputs, world.spaceIdentity)] : []),
    orgNode(inputs, world),
    ...planNode(inputs, world),
    ...(isLocal(inputs.config) ? [pythonNode(world)] : [inviteNode(inputs), ...creditsNode(inputs, world)]),
    ...inputs.problems.map(
      (problem): PlanNode => ({
        ...checkNode(`check:${problem.part}`, `Files in ${problem.part}/`),
        state: 'blocked',
        reason: problem.problem,
        next: [{ command: problem.command, why: problem.why }],
      }),
    ),
  ];
}

function pythonNode(world: World): PlanNode {
  const node = checkNode('check:python', 'Python 3 for harnesses');
  if (world.python === null) return { ...node, state: 'unchanged', reason: 'not needed here' };
  if ('version' in world.python) return { ...node, state: 'unchanged', reason: world.python.version };
  return { ...node, state: 'blocked', reason: world.python.problem, next: [world.python.fix] };
}

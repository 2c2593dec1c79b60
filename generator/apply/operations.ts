import type { PlanNode, ProvisionPlan } from '../plan/types.ts';
import { bucketOperation, filesOperation, probeOperation } from './bucket-operations.ts';
import { evaluatorOperations } from './evaluator.ts';
import { layersOperation } from './layers-operation.ts';
import type { Operation, OperationContext } from './operation.ts';
import {
  commitOperation,
  healthOperation,
  secretOperation,
  spaceOperation,
  variablesOperation,
} from './space-operations.ts';

/** The operations of a plan, in no order: each waits for the nodes its own nodes depend on. */
export function operationsFor(plan: ProvisionPlan, at: OperationContext): Operation[] {
  const todo = plan.nodes.filter((node) => ['create', 'update', 'adopt', 'delete'].includes(node.state));
  const of = (kind: PlanNode['kind']) => todo.filter((node) => node.kind === kind);
  // Files that wait for a person do not hold up the others, which go in one write.
  const stuck = new Set(plan.nodes.filter((node) => node.state === 'blocked').map(({ id }) => id));
  const isHeld = (node: PlanNode) => node.dependsOn.some((id) => stuck.has(id));
  const [held, free] = [of('seed').filter(isHeld), of('seed').filter((node) => !isHeld(node))];
  return [
    ...of('bucket').map((node) => bucketOperation(node, at)),
    ...filesOperation('central', free, at),
    ...filesOperation('central', held, at, 'files:held'),
    ...filesOperation('private', of('private-data'), at),
    ...of('check').map((node) => probeOperation(node, at)),
    ...of('probe').map((node) => layersOperation(node, at)),
    ...of('space').map((node) => spaceOperation(node, at)),
    ...variablesOperation(of('variable'), at),
    ...of('secret').map((node) => secretOperation(node, at)),
    ...of('space-files').map((node) => commitOperation(node, at)),
    ...of('health').map((node) => healthOperation(node, plan, at)),
    ...evaluatorOperations(of('evaluator'), at),
  ];
}

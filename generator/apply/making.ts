import { isRefused } from '@collab/hub/failure.ts';
import type { SpaceInfo } from '@collab/hub/port.ts';
import type { KnownSpace } from '../plan/model.ts';
import type { PlanNode } from '../plan/types.ts';
import type { OperationContext } from './operation.ts';

/** Makes a repository, and says so before: one that is there after a run that was cut off is ours. */
export async function making<T>(id: string, at: OperationContext, make: () => Promise<T>): Promise<T> {
  at.state.making = [...new Set([...at.state.making, id])];
  await at.save();
  try {
    return await make();
  } catch (error) {
    // Refused: whatever is there under that name is somebody else's.
    if (isRefused(error)) forgetMaking(id, at);
    throw error;
  }
}

/** Once it is recorded as made. */
export function forgetMaking(id: string, { state }: OperationContext): void {
  state.making = state.making.filter((other) => other !== id);
}

/** It was made by this run, or by one that was cut off before it could say so. */
export const isMade = (node: PlanNode, id: string, { inputs }: OperationContext): boolean =>
  node.state === 'create' || inputs.state.making.includes(id);

/** What is recorded of a Space once it is made or taken over. */
export function knownSpace(
  node: PlanNode,
  id: string,
  info: SpaceInfo | undefined,
  at: OperationContext,
): KnownSpace {
  const { createdAt } = info ?? {};
  return { id, ...(createdAt ? { createdAt } : {}), made: isMade(node, id, at) };
}

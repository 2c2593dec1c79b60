import type { HubPort } from '@collab/hub/port.ts';
import type { Inputs, TargetState, World } from '../plan/model.ts';
import type { PlanNode } from '../plan/types.ts';
import type { ApplyOptions } from './types.ts';

/** One step of an apply: a plan node, or a group of nodes that is one call. */
export interface Operation {
  id: string;
  title: string;
  nodes: PlanNode[];
  /** It changes something on the Hub. */
  writes: boolean;
  run(): Promise<void>;
}

export interface OperationContext {
  options: ApplyOptions;
  hub: HubPort;
  inputs: Inputs;
  world: World;
  /** Changed by the operations, saved after each and before those that may be cut off half-way. */
  state: TargetState;
  save(): Promise<void>;
  /** Filled by `health`. */
  found: { apiUrl: string | null; sha?: string; evaluatorSha?: string };
}

/** The operation of one node. */
export const single = (node: PlanNode, writes: boolean, run: () => Promise<void>): Operation => ({
  id: node.id,
  title: node.title,
  nodes: [node],
  writes,
  run,
});

/** What a node is about: the part of its id after the kind. */
export const pathOf = (node: PlanNode): string => node.id.slice(node.id.indexOf(':') + 1);

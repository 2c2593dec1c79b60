import type { NextStep } from '../errors.ts';

/** One file of the emitted repository. `path` is relative, with `/`. */
export interface PlannedFile {
  path: string;
  content: Uint8Array;
  how: 'copy' | 'render';
  /** Permission bits: 0o644, or 0o755 for what starts with `#!`. */
  mode?: number;
}

export type NodeState =
  | 'create'
  | 'update'
  | 'adopt'
  | 'unchanged'
  | 'human'
  | 'blocked'
  | 'delete'
  | 'conflict';

/** One thing `apply` may do. Data only: no token, no function. */
export interface PlanNode {
  /** Stable: `bucket:central`, `variable:ORG`, `seed:README.md`. */
  id: string;
  kind:
    | 'bucket'
    | 'space'
    | 'space-files'
    | 'variable'
    | 'secret'
    | 'seed'
    | 'private-data'
    | 'health'
    | 'probe'
    | 'evaluator'
    | 'check'
    | 'human';
  title: string;
  dependsOn: string[];
  state: NodeState;
  /** Why this state. */
  reason: string;
  /** Lines of a diff, for people. */
  diff?: string[];
  human?: { url: string; steps: string; check: string };
  /** US dollars per month or per run, when it costs anything. */
  cost?: { usd: number; per: 'month' | 'run' | 'once' };
  next?: NextStep[];
  /** Shown although nothing is done about it. */
  warn?: true;
}

/** How a node stands, apart from which one it is. */
export type Standing = Pick<PlanNode, 'state' | 'reason' | 'human' | 'next' | 'warn'>;

export interface ProvisionPlan {
  version: 1;
  endpoint: string;
  /** sha256 over the inputs (config and local files) and over what was seen on the Hub. */
  inputs: string;
  world: string;
  nodes: PlanNode[];
}

import { HubError } from '@collab/hub/port.ts';
import type { ProgressEvent } from '../command.ts';
import { CollabError, diskFault } from '../errors.ts';
import type { PlanNode, ProvisionPlan } from '../plan/types.ts';
import { NEXT } from './hub-failure.ts';
import type { Operation } from './operation.ts';
import type { OperationResult } from './types.ts';

export interface RunHooks {
  now(): number;
  signal: AbortSignal;
  progress(event: ProgressEvent): void;
  /** Called after each operation, whatever became of it. */
  settled(result: OperationResult): Promise<void>;
}

/** At most so many operations at a time. */
const WIDTH = 24;

/** A failure that may go by itself: looking again and going on is the cure. */
export const isTransient = (error: unknown): boolean =>
  error instanceof HubError &&
  ['unavailable', 'unknown_outcome', 'rate_limited', 'protocol', 'conflict'].includes(error.kind);

/**
 * Runs what is ready, side by side, until nothing more can run. An operation is ready when every node its nodes
 * depend on is done or needed nothing; it is skipped when one of them failed or waits for a person.
 */
export async function runOperations(
  plan: ProvisionPlan,
  operations: Operation[],
  hooks: RunHooks,
): Promise<{ results: OperationResult[]; errors: unknown[] }> {
  const status = initialStatus(plan.nodes, operations);
  const waiting = new Set(operations);
  const running = new Map<Operation, Promise<void>>();
  const results: OperationResult[] = [];
  const errors: unknown[] = [];
  const finish = async (operation: Operation, result: OperationResult) => {
    for (const node of operation.nodes) status.set(node.id, result.state === 'done' ? 'done' : 'failed');
    results.push(result);
    await hooks.settled(result);
  };
  const start = async (operation: Operation) => {
    const { result, error } = await runOne(operation, hooks);
    if (error !== undefined) errors.push(error);
    await finish(operation, result);
    running.delete(operation);
  };
  try {
    while (waiting.size > 0 || running.size > 0) {
      for (const operation of waiting) {
        const ready = readiness(operation, status, hooks.signal.aborted);
        if (ready === 'wait' || (ready === 'run' && running.size >= WIDTH)) continue;
        waiting.delete(operation);
        if (ready === 'run') running.set(operation, start(operation));
        else await finish(operation, skipped(operation));
      }
      if (running.size > 0) await Promise.race(running.values());
    }
  } finally {
    // When one cannot be recorded, those beside it still go on writing: nobody else may begin before they end.
    await Promise.allSettled(running.values());
  }
  return { results, errors };
}

type NodeStatus = 'done' | 'failed' | 'pending';

function initialStatus(nodes: PlanNode[], operations: Operation[]): Map<string, NodeStatus> {
  const worked = new Set(operations.flatMap((operation) => operation.nodes.map((node) => node.id)));
  const first = (node: PlanNode): NodeStatus => {
    if (worked.has(node.id)) return 'pending';
    return ['human', 'blocked', 'conflict'].includes(node.state) ? 'failed' : 'done';
  };
  return new Map(nodes.map((node) => [node.id, first(node)]));
}

function readiness(operation: Operation, status: Map<string, NodeStatus>, aborted: boolean) {
  const own = new Set(operation.nodes.map((node) => node.id));
  const needed = operation.nodes.flatMap((node) => node.dependsOn).filter((id) => !own.has(id));
  const states = needed.map((id) => status.get(id) ?? 'done');
  if (aborted || states.includes('failed')) return 'skip';
  return states.includes('pending') ? 'wait' : 'run';
}

const skipped = (operation: Operation): OperationResult => ({
  id: operation.id,
  title: operation.title,
  state: 'skipped',
  ms: 0,
});

async function runOne(
  operation: Operation,
  hooks: RunHooks,
): Promise<{ result: OperationResult; error?: unknown }> {
  const { id, title } = operation;
  const began = hooks.now();
  hooks.progress({ id, state: 'start', text: title });
  try {
    await operation.run();
    const ms = hooks.now() - began;
    hooks.progress({ id, state: 'done', text: title, ms });
    return { result: { id, title, state: 'done', ms } };
  } catch (error) {
    const described = describe(error);
    const ms = hooks.now() - began;
    hooks.progress({ id, state: 'failed', text: `${title}: ${described.message}`, ms });
    return { result: { id, title, state: 'failed', ms, error: described }, error };
  }
}

/** An error as data for the report. */
export function describe(error: unknown): NonNullable<OperationResult['error']> {
  if (error instanceof CollabError) return { code: error.code, message: error.message, next: error.next };
  if (error instanceof HubError)
    return { code: `HUB_${error.kind.toUpperCase()}`, message: error.message, next: [NEXT[error.kind]] };
  const disk = diskFault(error);
  if (disk) return describe(disk);
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), next: [] };
}

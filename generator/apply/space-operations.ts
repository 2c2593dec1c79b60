import { HubError } from '@collab/hub/port.ts';
import { CollabError } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import { SPACE_SECRET, spaceFileChanges } from '../plan/space.ts';
import type { PlanNode, ProvisionPlan } from '../plan/types.ts';
import { restart, untilHealthy } from './health.ts';
import { ignoreMissing } from './hub-failure.ts';
import { forgetMaking, knownSpace, making } from './making.ts';
import { type Operation, type OperationContext, pathOf, single } from './operation.ts';
import { inParallel } from './parallel.ts';

export function spaceOperation(node: PlanNode, at: OperationContext): Operation {
  const { space: id, private: isPrivate } = at.inputs.config.hub;
  const creates = node.state === 'create';
  // With its variables: set one by one, each would be a call, and on a Space that runs a restart.
  const options = { sdk: 'docker' as const, private: isPrivate, variables: at.inputs.variables };
  return single(node, creates, async () => {
    const info = creates
      ? await making(id, at, () => at.hub.createSpace(id, options)).catch(sayAlternatives)
      : at.world.space?.info;
    at.state.space = knownSpace(node, id, info, at);
    forgetMaking(id, at);
  });
}

/** Whoami spoke of a plan, and the Hub asks for money all the same. */
function sayAlternatives(error: unknown): never {
  if (!(error instanceof HubError && error.kind === 'payment')) throw error;
  throw new CollabError(
    'SPACE_NEEDS_PLAN',
    `the Hub makes no Docker Space without a plan: ${error.message}`,
    {
      next: [CommandOf.noSpace, CommandOf.proSpace],
      cause: error,
    },
  );
}

const VARIABLES_AT_A_TIME = 8;

/**
 * What the Space was made with is as planned already; no call sets several variables later: they go side by side, and
 * are looked at afterwards. Setting one again changes nothing.
 */
export function variablesOperation(nodes: PlanNode[], at: OperationContext): Operation[] {
  if (nodes.length === 0) return [];
  const id = at.inputs.config.hub.space;
  const open = async (): Promise<PlanNode[]> => {
    const live = new Map((await at.hub.spaceVariables(id)).map(({ key, value }) => [key, value]));
    return nodes.filter((node) =>
      node.state === 'delete'
        ? live.has(pathOf(node))
        : live.get(pathOf(node)) !== at.inputs.variables[pathOf(node)],
    );
  };
  const run = async () => {
    const wrong = await open();
    await inParallel(VARIABLES_AT_A_TIME, wrong, async (node) => {
      const key = pathOf(node);
      if (node.state === 'delete') await ignoreMissing(() => at.hub.deleteSpaceVariable(id, key));
      else await at.hub.setSpaceVariable(id, { key, value: at.inputs.variables[key] ?? '' });
    });
    const [lost] = wrong.length > 1 ? await open() : [];
    if (lost) throw new HubError('protocol', `${lost.title} is not as it was set`, { url: at.hub.endpoint });
    const dropped = nodes.filter((node) => node.state === 'delete').map(pathOf);
    at.state.variables = at.state.variables.filter((key) => !dropped.includes(key));
  };
  const title = `${nodes.length} ${nodes.length === 1 ? 'variable' : 'variables'} of ${id}`;
  return [{ id: 'variables', title, nodes, writes: true, run }];
}

export function secretOperation(node: PlanNode, at: OperationContext): Operation {
  return single(node, true, async () => {
    const { spaceToken } = at.options;
    if (!spaceToken || !at.inputs.spaceToken) throw new Error('no token for the Space');
    await at.hub.setSpaceSecret(at.inputs.config.hub.space, SPACE_SECRET, spaceToken);
    at.state.secrets[SPACE_SECRET] = at.inputs.spaceToken;
  });
}

export function commitOperation(node: PlanNode, at: OperationContext): Operation {
  return single(node, true, async () => {
    const { changed, removed } = spaceFileChanges(at.inputs, at.world.space);
    at.state.spaceFiles = [...new Set([...at.state.spaceFiles, ...changed.map((file) => file.path)])].sort();
    await at.save();
    const { sha } = await at.hub.commitSpace(
      at.inputs.config.hub.space,
      changed,
      removed,
      'Deploy by create-collab',
    );
    at.state.spaceFiles = at.inputs.space.map((file) => file.path).sort();
    if (sha) at.found.sha = sha;
  });
}

/** Waits for the server; starts it anew when only its settings changed, for the Hub need not do that by itself. */
export function healthOperation(node: PlanNode, plan: ProvisionPlan, at: OperationContext): Operation {
  const { space } = at.inputs.config.hub;
  const changed = (kind: PlanNode['kind']) =>
    plan.nodes.some((other) => other.kind === kind && other.state !== 'unchanged');
  const settings = changed('variable') || changed('secret');
  return single(node, false, async () => {
    if (settings && !changed('space-files')) await restart(at.hub, space);
    at.found.apiUrl = await untilHealthy(at, space, at.found.sha);
  });
}

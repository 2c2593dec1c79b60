import type { HubPort } from '@collab/hub/port.ts';
import { CommandOf } from '../plan/commands.ts';
import { hasEvaluator } from '../plan/evaluator.ts';
import { type Inputs, spaceOf, type World } from '../plan/model.ts';
import { PROBE, PROOFS } from '../plan/proofs.ts';
import { SPACE_SECRET } from '../plan/space.ts';
import type { ProvisionPlan } from '../plan/types.ts';
import { accessFindings } from './access-findings.ts';
import { planChallenge } from './challenge.ts';
import type { Connection } from './connect.ts';
import type { Finding } from './finding.ts';
import { clientFor } from './hub-client.ts';
import { clockFinding } from './machine-findings.ts';
import { describe } from './run.ts';
import { servedHere } from './server.ts';
import { spaceFinding } from './space-findings.ts';

/** What the Hub knows: clock, token, roles, buckets, Space. Every question is asked even when another fails. */
export async function hubFindings(connection: Connection): Promise<Finding[]> {
  const { config, options } = connection;
  const hub = clientFor(options);
  const clock = await clockFinding(options.io, hub);
  let seen: { inputs: Inputs; plan: ProvisionPlan; world: World };
  try {
    seen = await planChallenge(options, hub);
  } catch (error) {
    const { code, message, next } = describe(error);
    const fix = next[0] ?? CommandOf.plan;
    return [clock, { id: 'hub', state: 'wrong', text: `${code}: ${message}`, fix }];
  }
  return [
    clock,
    ...seen.plan.nodes
      .filter(({ kind, state }) => kind === 'check' || kind === 'human' || state === 'human')
      // Said with the machine already, and with the buckets below.
      .filter(({ id, kind }) => id !== 'check:python' && kind !== 'bucket')
      .map((node) => nodeFinding(node, seen.world.privateSeenByParticipant === 'unknown')),
    ...(await accessFindings({ ...options, hub, config, world: seen.world })),
    ...bucketFindings(seen.plan),
    config.hub.space || seen.world.space
      ? await spaceFinding(hub, spaceOf(config, seen.inputs.state), seen.world)
      : await serverFinding(connection),
    ...(await evaluatorFindings(hub, connection, seen.world)),
  ];
}

/** It answers once the server has let it ask for work; what it waits for stands in its log. */
async function evaluatorFindings(hub: HubPort, { config }: Connection, world: World): Promise<Finding[]> {
  if (!hasEvaluator(config)) return [];
  const finding = await spaceFinding(hub, config.hub.eval_space, { ...world, space: world.evaluator });
  return [{ ...finding, id: 'evaluator' }];
}

/** Open until apply has run, and no fault before. */
const LATER = new Set(['human:invite', `secret:${SPACE_SECRET}`, 'eval-secret', PROOFS, PROBE]);

function nodeFinding(node: ProvisionPlan['nodes'][number], untried: boolean): Finding {
  const good = node.state === 'unchanged' && !node.warn && !(node.id === 'check:private-bucket' && untried);
  const human = node.human && { command: node.human.url, why: node.human.steps };
  const [fix, ...alternatives] = [...(human ? [human] : []), ...(node.next ?? [])];
  const bad = LATER.has(node.id) ? 'warning' : 'wrong';
  return {
    id: node.id,
    state: good
      ? 'ok'
      : node.warn
        ? 'warning'
        : ['update', 'unchanged'].includes(node.state)
          ? 'unknown'
          : bad,
    text: `${node.title}: ${node.reason}`,
    ...(good || !fix ? {} : { fix, alternatives }),
  };
}

function bucketFindings(plan: ProvisionPlan): Finding[] {
  return plan.nodes
    .filter((node) => node.kind === 'bucket')
    .map((node): Finding => {
      const ok = node.state === 'unchanged' || node.state === 'adopt';
      const text = `${node.title}: ${node.reason}`;
      if (ok) return { id: node.id, state: 'ok', text };
      return {
        id: node.id,
        state: node.state === 'create' ? 'warning' : 'wrong',
        text,
        fix: node.next?.[0] ?? CommandOf.apply,
      };
    });
}

/** Without a Space: a server on another machine cannot be asked from here. */
async function serverFinding({ options }: Connection): Promise<Finding> {
  const served = await servedHere(options.io, options.dir);
  if (served) return { id: 'server', state: 'ok', text: `the server answers at ${served.url}` };
  return {
    id: 'server',
    state: 'unknown',
    text: 'no Space is planned, and no server runs on this machine',
    fix: CommandOf.serve,
  };
}

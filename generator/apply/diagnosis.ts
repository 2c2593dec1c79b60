import { HubError, type HubPort } from '@collab/hub/port.ts';
import type { NextStep } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import { type Inputs, spaceOf, type World } from '../plan/model.ts';
import { PROBE, PROOFS } from '../plan/proofs.ts';
import { SPACE_SECRET } from '../plan/space.ts';
import type { ProvisionPlan } from '../plan/types.ts';
import { planChallenge } from './challenge.ts';
import type { Connection } from './connect.ts';
import { clientFor } from './hub-client.ts';
import { pythonVersion } from './observe.ts';
import { describe } from './run.ts';
import { servedHere } from './server.ts';

/** One thing looked at. `unknown`: it could not be found out, which is not the same as right. */
export interface Finding {
  id: string;
  state: 'ok' | 'warning' | 'wrong' | 'unknown';
  text: string;
  fix?: NextStep;
}

const MAX_SKEW_S = 60;
const LOG_LINES = 8;

/** What can be looked at without a Hub. */
export async function machineFindings(packageRootBuilt: boolean): Promise<Finding[]> {
  const python = await pythonFinding();
  return [
    { id: 'node', state: 'ok', text: `Node ${process.versions.node}` },
    packageRootBuilt
      ? { id: 'package', state: 'ok', text: 'create-collab is complete' }
      : {
          id: 'package',
          state: 'wrong',
          text: 'create-collab is not built',
          fix: { command: 'npm run build', why: 'in a checkout of create-collab' },
        },
    python,
  ];
}

async function pythonFinding(): Promise<Finding> {
  try {
    const version = await pythonVersion();
    if (version) return { id: 'python', state: 'ok', text: version };
  } catch (error) {
    const { message, next } = describe(error);
    return { id: 'python', state: 'unknown', text: message, ...(next[0] ? { fix: next[0] } : {}) };
  }
  const fix = { command: 'apt-get install python3', why: 'the standard library is enough' };
  return { id: 'python', state: 'wrong', text: 'python3 is not on the PATH; harnesses need it', fix };
}

/** What the Hub knows: clock, token, roles, buckets, Space. Every question is asked even when another fails. */
export async function hubFindings(connection: Connection): Promise<Finding[]> {
  const { config, options } = connection;
  const hub = clientFor(options);
  const clock = await clockFinding(connection);
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
      .map((node) => nodeFinding(node, seen.world.privateSeenByParticipant === 'unknown')),
    ...(await memberFindings(hub, config.hub.org)),
    ...bucketFindings(seen.plan),
    config.hub.space || seen.world.space
      ? await spaceFinding(hub, spaceOf(config, seen.inputs.state), seen.world)
      : await serverFinding(connection),
  ];
}

async function clockFinding({ options }: Connection): Promise<Finding> {
  const { io, hubUrl } = options;
  try {
    const response = await io.fetch(`${hubUrl}/api/jobs/hardware`, { signal: AbortSignal.timeout(10_000) });
    await response.arrayBuffer();
    const theirs = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(theirs)) return { id: 'clock', state: 'unknown', text: 'the Hub names no time' };
    const skew = Math.round(Math.abs(io.now() - theirs) / 1000);
    if (skew <= MAX_SKEW_S)
      return { id: 'clock', state: 'ok', text: `the clock agrees with the Hub's (${skew} s)` };
    const fix = {
      command: 'timedatectl set-ntp true',
      why: 'order of posts and token lifetimes depend on the time',
    };
    return { id: 'clock', state: 'wrong', text: `the clock is ${skew} s off the Hub's`, fix };
  } catch {
    return { id: 'clock', state: 'unknown', text: `${hubUrl} does not answer` };
  }
}

/** Open until apply has run, and no fault before. */
const LATER = new Set(['human:invite', `secret:${SPACE_SECRET}`, PROOFS, PROBE]);

function nodeFinding(node: ProvisionPlan['nodes'][number], untried: boolean): Finding {
  const good = node.state === 'unchanged' && !node.warn && !(node.id === 'check:private-bucket' && untried);
  const fix = node.human ? { command: node.human.url, why: node.human.steps } : node.next?.[0];
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
    ...(good || !fix ? {} : { fix }),
  };
}

/** A participant who may write everywhere could change others' buckets. */
async function memberFindings(hub: HubPort, org: string): Promise<Finding[]> {
  try {
    const roles = [...(await hub.orgMembers(org)).values()];
    const count = (role: string) => roles.filter((is) => is === role).length;
    const text = `${org} has ${roles.length} members: ${count('contributor')} contributors, ${count('write')} with write, ${count('admin')} admins`;
    if (count('write') <= count('contributor') || count('write') < 3)
      return [{ id: 'roles', state: 'ok', text }];
    const fix = {
      command: `https://huggingface.co/organizations/${org}/settings/members`,
      why: 'give participants the role contributor, and the invite link too',
    };
    return [{ id: 'roles', state: 'warning', text, fix }];
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return [{ id: 'roles', state: 'unknown', text: `members of ${org} could not be read: ${error.message}` }];
  }
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
        fix: CommandOf.apply,
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

const COMING = new Set(['BUILDING', 'RUNNING_BUILDING', 'APP_STARTING', 'RUNNING_APP_STARTING']);

async function spaceFinding(hub: HubPort, id: string, world: World): Promise<Finding> {
  const { space } = world;
  if (!space)
    return { id: 'space', state: 'warning', text: `${id} does not exist yet`, fix: CommandOf.apply };
  if (space.healthy)
    return { id: 'space', state: 'ok', text: `${id} runs and answers at ${space.info.host}` };
  const { stage } = space.runtime;
  if (COMING.has(stage))
    return { id: 'space', state: 'warning', text: `${id} is on its way (${stage})`, fix: CommandOf.status };
  const kind = stage === 'BUILD_ERROR' ? 'build' : 'run';
  const log = await hub.spaceLogs(id, kind, LOG_LINES).catch((error: Error) => [`(log: ${error.message})`]);
  const said = space.runtime.errorMessage ? `: ${space.runtime.errorMessage}` : '';
  const text = [`${id} does not answer (${stage})${said}`, ...log.map((line) => `    ${line}`)];
  return { id: 'space', state: 'wrong', text: text.join('\n'), fix: CommandOf.apply };
}

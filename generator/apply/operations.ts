import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HubError } from '@collab/hub/port.ts';
import { CollabError } from '../errors.ts';
import { bucketIsPrivate } from '../plan/buckets.ts';
import { CommandOf } from '../plan/commands.ts';
import { type BucketRole, bucketId, type Inputs, isLocal, type ProbeRecord } from '../plan/model.ts';
import { probeKey } from '../plan/proofs.ts';
import { SPACE_SECRET, spaceFileChanges } from '../plan/space.ts';
import type { PlanNode, ProvisionPlan } from '../plan/types.ts';
import { evaluatorOperations } from './evaluator.ts';
import { restart, waitForHealth } from './health.ts';
import { clientFor } from './hub-client.ts';
import { ignoreMissing } from './hub-failure.ts';
import { forgetMaking, isMade, knownSpace, making } from './making.ts';
import { probe } from './observe.ts';
import type { Operation, OperationContext } from './operation.ts';
import { inParallel } from './parallel.ts';
import { probeLayers } from './probe-layers.ts';

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

const single = (node: PlanNode, writes: boolean, run: () => Promise<void>): Operation => ({
  id: node.id,
  title: node.title,
  nodes: [node],
  writes,
  run,
});

function bucketOperation(node: PlanNode, at: OperationContext): Operation {
  const role: BucketRole = node.id === 'bucket:central' ? 'central' : 'private';
  const id = bucketId(at.inputs.config, role);
  const creates = node.state === 'create';
  return single(node, creates, async () => {
    const options = { private: bucketIsPrivate(role, at.inputs) };
    const info = creates
      ? await making(id, at, () => at.hub.createBucket(id, options))
      : at.world.buckets[role];
    if (!info) throw new Error(`${id} is to be adopted, but was not seen`);
    const ours = at.state.buckets[role];
    if (ours && ours.createdAt !== info.createdAt) at.state.files[role] = {};
    at.state.buckets[role] = { id, createdAt: info.createdAt, made: isMade(node, id, at) };
    forgetMaking(id, at);
  });
}

/** All files of one bucket in one write. What is about to be written is recorded first: a run that is cut off knows its own. */
function filesOperation(
  role: BucketRole,
  nodes: PlanNode[],
  at: OperationContext,
  id = `files:${role}`,
): Operation[] {
  if (nodes.length === 0) return [];
  const title = `${nodes.length} ${nodes.length === 1 ? 'file' : 'files'} in ${bucketId(at.inputs.config, role)}`;
  const pulled = new Set(nodes.filter((node) => node.reason.includes('--take-theirs')).map(pathOf));
  const run = async () => {
    const sent = nodes.filter((node) => !pulled.has(pathOf(node)));
    for (const path of pulled) await pull(role, path, at);
    await push(role, sent, at);
  };
  return [{ id, title, nodes, writes: pulled.size < nodes.length, run }];
}

const pathOf = (node: PlanNode): string => node.id.slice(node.id.indexOf(':') + 1);

async function push(role: BucketRole, nodes: PlanNode[], at: OperationContext): Promise<void> {
  if (nodes.length === 0) return;
  const recorded = at.state.files[role];
  const mine = new Map(at.inputs.files[role].map((file) => [file.path, file]));
  const adds = nodes.flatMap((node) => mine.get(pathOf(node)) ?? []);
  const deletes = nodes.map(pathOf).filter((path) => !mine.has(path));
  for (const { path, sha256 } of adds) recorded[path] = { ...recorded[path], meant: sha256 };
  await at.save();
  const answer = await at.hub.write(bucketId(at.inputs.config, role), {
    adds: adds.map(({ path, content }) => ({ path, content })),
    deletes,
  });
  const refused = new Set(answer.failed.map(({ path }) => path));
  for (const { path, sha256 } of adds) if (!refused.has(path)) recorded[path] = { base: sha256 };
  for (const path of deletes) if (!refused.has(path)) delete recorded[path];
  for (const { path, xetHash } of answer.written ?? [])
    at.state.hashes[xetHash] = mine.get(path)?.sha256 ?? '';
  const [first] = answer.failed;
  if (first)
    throw new CollabError(
      'FILES_REFUSED',
      `the Hub refused ${refused.size} files, first ${first.path}: ${first.error}`,
      {
        next: [CommandOf.apply],
      },
    );
}

/** The bucket's version replaces the one in the directory. */
async function pull(role: BucketRole, path: string, at: OperationContext): Promise<void> {
  const live = at.world.live[role][path];
  const mine = at.inputs.files[role].find((file) => file.path === path);
  if (!mine) return;
  const target = join(at.options.dir, mine.source);
  const content = live && (live.content ?? (await at.hub.readFile(bucketId(at.inputs.config, role), path)));
  if (!live || !content)
    throw new CollabError(
      'TAKE_THEIRS_MISSING',
      `${path} was deleted in the bucket; delete ${mine.source} as well`,
    );
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
  at.state.files[role][path] = { base: live.sha256 };
}

function probeOperation(node: PlanNode, at: OperationContext): Operation {
  const id = at.inputs.config.hub.private_bucket;
  return single(node, false, async () => {
    const { participantToken } = at.options;
    const seen = await probe(
      id,
      {
        hub: at.hub,
        ...(participantToken ? { participantToken } : {}),
      },
      at.world.identity.name,
    );
    if (seen === 'revoked' || seen === 'own')
      throw new CollabError('PARTICIPANT_TOKEN_UNFIT', 'PARTICIPANT_TOKEN is no token of a participant', {
        next: [CommandOf.participant],
      });
    if (seen === 'visible')
      throw new CollabError('PRIVATE_BUCKET_VISIBLE', `a contributor's token can see ${id}`, {
        next: [
          { command: 'create-collab check', why: 'put hub.private_bucket into a namespace of your own' },
        ],
      });
  });
}

/** The Space's own token may start jobs; the organizer's need not. */
function layersOperation(node: PlanNode, at: OperationContext): Operation {
  const { io, hubUrl, token, spaceToken } = at.options;
  const key = probeKey(at.inputs);
  const record = (found: ProbeRecord) => {
    at.state.probes = { [key]: found };
    return at.save();
  };
  return single(node, true, async () => {
    const hub = clientFor({ io, hubUrl, token: spaceToken ?? token });
    const started = at.inputs.state.probes[key];
    const found = await probeLayers({
      io,
      hub,
      inputs: at.inputs,
      ...(started ? { started } : {}),
      save: record,
    });
    await record(found);
    refuseUnfit(found, at.inputs);
  });
}

/** Recorded all the same: the plan says it again until it is settled. */
function refuseUnfit({ found, error }: ProbeRecord, { config }: Inputs): void {
  const { flavor } = config.hardware;
  if (error && !isLocal(config))
    throw new CollabError('PROBE_FAILED', `the probe on ${flavor} said nothing: ${error}`, {
      next: [CommandOf.probe],
    });
  if (config.verification.isolation !== 'strict' || found?.strict) return;
  const missing = found ? Object.keys(found.missing).join(', ') : (error ?? '');
  throw new CollabError(
    'ISOLATION_MISSING',
    `verification.isolation is strict, and on ${flavor} this is missing: ${missing}`,
    { next: [CommandOf.bestIsolation] },
  );
}

function spaceOperation(node: PlanNode, at: OperationContext): Operation {
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
function variablesOperation(nodes: PlanNode[], at: OperationContext): Operation[] {
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

function secretOperation(node: PlanNode, at: OperationContext): Operation {
  return single(node, true, async () => {
    const { spaceToken } = at.options;
    if (!spaceToken || !at.inputs.spaceToken) throw new Error('no token for the Space');
    await at.hub.setSpaceSecret(at.inputs.config.hub.space, SPACE_SECRET, spaceToken);
    at.state.secrets[SPACE_SECRET] = at.inputs.spaceToken;
  });
}

function commitOperation(node: PlanNode, at: OperationContext): Operation {
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
function healthOperation(node: PlanNode, plan: ProvisionPlan, at: OperationContext): Operation {
  const { io, token, hubUrl } = at.options;
  const { space } = at.inputs.config.hub;
  const changed = (kind: PlanNode['kind']) =>
    plan.nodes.some((other) => other.kind === kind && other.state !== 'unchanged');
  const settings = changed('variable') || changed('secret');
  return single(node, false, async () => {
    if (settings && !changed('space-files')) await restart(at.hub, space);
    at.found.apiUrl = await waitForHealth({
      io,
      hub: at.hub,
      space,
      ...(at.found.sha ? { sha: at.found.sha } : {}),
      timeoutMs: at.options.healthTimeoutMs ?? (hubUrl.startsWith('https:') ? 900_000 : 120_000),
      token,
    });
  });
}

import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EVALUATOR_KEY_PREFIX } from '@collab/contract/routes/evaluator.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { FREE_HARDWARE } from '../config/prices.ts';
import { isKnown } from '../plan/adopt.ts';
import { sha256 } from '../plan/digest.ts';
import {
  evaluatorFileChanges,
  evaluatorVariables,
  KEY_SECRET,
  KEY_VARIABLE,
  retired,
  TOKEN_SECRET,
} from '../plan/evaluator.ts';
import type { KnownSpace, TargetState } from '../plan/model.ts';
import type { PlanNode } from '../plan/types.ts';
import { EVALUATOR_FOLDER } from './directory.ts';
import { writeTree } from './files.ts';
import { restart, untilHealthy } from './health.ts';
import { ignoreMissing } from './hub-failure.ts';
import { forgetMaking, knownSpace, making } from './making.ts';
import type { Operation, OperationContext } from './operation.ts';

type Step = (at: OperationContext, node: PlanNode) => Promise<void>;

const STEPS: Record<string, Step> = {
  'eval-space-before': retire,
  'eval-source': writeSource,
  'eval-space': makeSpace,
  'eval-key': giveKey,
  'eval-variables': setVariables,
  'eval-secret': setToken,
  'eval-files': commitFiles,
  'eval-health': awaitWork,
};

const WAITS = new Set(['eval-source', 'eval-health']);

/** What is to be done about the evaluator's Space. */
export function evaluatorOperations(nodes: PlanNode[], at: OperationContext): Operation[] {
  return nodes.flatMap((node) => {
    const step = STEPS[node.id];
    if (!step) return [];
    const { id, title } = node;
    return [{ id, title, nodes: [node], writes: !WAITS.has(id), run: () => step(at, node) }];
  });
}

/** One that was there before apply is not ours to delete: it stops, and can do nothing any more. */
async function retire({ hub, inputs, state }: OperationContext): Promise<void> {
  const gone = retired(inputs);
  if (!gone) return;
  const there = await hub.spaceInfo(gone.id);
  if (there && isKnown(gone, there)) await removeOrDisarm(gone, hub);
  delete state.evaluator;
}

async function removeOrDisarm({ id, made }: KnownSpace, hub: HubPort): Promise<void> {
  if (made) return ignoreMissing(() => hub.deleteSpace(id));
  await ignoreMissing(() => hub.pauseSpace(id));
  for (const key of [KEY_SECRET, TOKEN_SECRET]) await ignoreMissing(() => hub.deleteSpaceSecret(id, key));
}

/** What a run that was killed had begun to write. */
const BEGUN = /^\.eval-space-[0-9a-f]+\.part$/;

/** The repository was written for another verification mode. Whole or not at all: what lies there is what is deployed. */
async function writeSource({ options: { dir, io }, inputs }: OperationContext): Promise<void> {
  for (const name of await readdir(dir))
    if (BEGUN.test(name)) await rm(join(dir, name), { recursive: true, force: true });
  const files = (inputs.evaluator?.files ?? []).map(({ path, content }) => ({
    path,
    content,
    how: 'copy' as const,
  }));
  await writeTree(join(dir, EVALUATOR_FOLDER), files, io.signal);
}

async function makeSpace(at: OperationContext, node: PlanNode): Promise<void> {
  const { hub, inputs, state, world } = at;
  const { eval_space: id, eval_hardware } = inputs.config.hub;
  const hardware = eval_hardware === FREE_HARDWARE ? {} : { hardware: eval_hardware };
  const options = { sdk: 'docker' as const, private: true, ...hardware };
  const info =
    node.state === 'create'
      ? await making(id, at, () => hub.createSpace(id, options))
      : world.evaluator?.info;
  state.evaluator = { ...knownSpace(node, id, info, at), variables: [], files: [] };
  forgetMaking(id, at);
}

function known({ state }: OperationContext): NonNullable<TargetState['evaluator']> {
  if (state.evaluator) return state.evaluator;
  throw new Error("the evaluator's Space is to be made first");
}

/** The key goes to the evaluator's Space, its sha256 to the server's, which starts anew to know it. */
async function giveKey(at: OperationContext, node: PlanNode): Promise<void> {
  const { hub, inputs, state } = at;
  const { space, eval_space } = inputs.config.hub;
  const mine = known(at);
  if (node.state === 'create') {
    const key = `${EVALUATOR_KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
    // Should the answer get lost, nobody knows which key is set: the next run makes another one.
    delete mine.key;
    await at.save();
    await hub.setSpaceSecret(eval_space, KEY_SECRET, key);
    mine.key = sha256(key);
    await at.save();
  }
  state.variables = [...new Set([...state.variables, KEY_VARIABLE])].sort();
  await hub.setSpaceVariable(space, { key: KEY_VARIABLE, value: mine.key ?? '' });
  await restart(hub, space);
  at.found.apiUrl = await untilHealthy(at, space, at.found.sha);
}

async function setVariables(at: OperationContext): Promise<void> {
  const { hub, inputs, world } = at;
  const mine = known(at);
  const now = world.evaluator?.variables ?? {};
  const wanted = evaluatorVariables(inputs, at.found.apiUrl ?? world.space?.info.host ?? null);
  const dropped = mine.variables.filter((key) => !(key in wanted) && key in now);
  mine.variables = Object.keys(wanted).sort();
  await at.save();
  for (const [key, value] of Object.entries(wanted))
    if (now[key] !== value) await hub.setSpaceVariable(mine.id, { key, value });
  for (const key of dropped) await ignoreMissing(() => hub.deleteSpaceVariable(mine.id, key));
}

async function setToken(at: OperationContext): Promise<void> {
  const { evaluatorToken } = at.options;
  const fingerprint = at.inputs.evaluator?.token;
  if (!evaluatorToken || !fingerprint) throw new Error('no token for the evaluator');
  const mine = known(at);
  await at.hub.setSpaceSecret(mine.id, TOKEN_SECRET, evaluatorToken);
  mine.token = fingerprint;
}

async function commitFiles(at: OperationContext): Promise<void> {
  const { hub, inputs, world } = at;
  const mine = known(at);
  const { changed, removed } = evaluatorFileChanges(inputs, world.evaluator);
  mine.files = [...new Set([...mine.files, ...changed.map((file) => file.path)])].sort();
  await at.save();
  const { sha } = await hub.commitSpace(mine.id, changed, removed, 'Deploy by create-collab');
  mine.files = (inputs.evaluator?.files ?? []).map((file) => file.path).sort();
  if (sha) at.found.evaluatorSha = sha;
}

/** It answers 200 once the server has let it ask for work. */
async function awaitWork(at: OperationContext): Promise<void> {
  const { id } = known(at);
  // Where files went up it starts by itself; new settings alone need not do that.
  if (!at.found.evaluatorSha) await restart(at.hub, id);
  await untilHealthy(at, id, at.found.evaluatorSha);
}

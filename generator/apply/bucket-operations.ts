import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import { bucketIsPrivate } from '../plan/buckets.ts';
import { CommandOf } from '../plan/commands.ts';
import { type BucketRole, bucketId } from '../plan/model.ts';
import type { PlanNode } from '../plan/types.ts';
import { writeWhole } from '../whole-file.ts';
import { forgetMaking, isMade, making } from './making.ts';
import { probe } from './observe.ts';
import { type Operation, type OperationContext, pathOf, single } from './operation.ts';

export function bucketOperation(node: PlanNode, at: OperationContext): Operation {
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
export function filesOperation(
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
  await writeWhole(target, content);
  at.state.files[role][path] = { base: live.sha256 };
}

export function probeOperation(node: PlanNode, at: OperationContext): Operation {
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

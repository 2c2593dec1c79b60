import type { BucketInfo, SpaceInfo } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import { isKnown, moved } from '../plan/adopt.ts';
import {
  BUCKETS,
  type BucketRole,
  bucketId,
  type KnownSpace,
  spaceOf,
  type TargetState,
} from '../plan/model.ts';
import { counted, readable } from '../plan/text.ts';
import { clientFor } from './hub-client.ts';
import { ignoreMissing } from './hub-failure.ts';
import { lockApply } from './lock.ts';
import { loadState, saveState } from './state.ts';
import type { ApplyOptions } from './types.ts';

/** One thing that destroy removes, or leaves and says why. */
export interface Removal {
  id: string;
  kind: 'space' | 'bucket';
  role?: BucketRole;
  /** The evaluator's Space, not the server's. */
  evaluator?: true;
  action: 'delete' | 'keep' | 'absent';
  reason: string;
}

/**
 * What there is to remove. A Space that was there before us, and buckets that are not named, stay: they may hold what
 * is not ours to delete. Reads only.
 */
export async function planRemoval(
  config: ChallengeConfig,
  options: ApplyOptions,
  named: string[],
): Promise<Removal[]> {
  const hub = clientFor(options);
  const state = await loadState(options.dir, config.hub.endpoint);
  const spaceId = spaceOf(config, state);
  const known = BUCKETS.map((role) => bucketId(config, role));
  const unknown = named.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new CollabError('UNKNOWN_BUCKET', `"${unknown}" is not a bucket of this challenge.`, {
      next: BUCKETS.map((role) => ({
        command: `create-collab destroy --delete-bucket ${bucketId(config, role)}`,
        why: `deletes the ${role} bucket`,
      })),
    });
  const { eval_space } = config.hub;
  const evaluatorId = state.evaluator?.id ?? (state.making.includes(eval_space) ? eval_space : '');
  const [space, evaluator, ...buckets] = await Promise.all([
    spaceId ? hub.spaceInfo(spaceId) : null,
    evaluatorId ? hub.spaceInfo(evaluatorId) : null,
    ...BUCKETS.map((role) => hub.bucketInfo(bucketId(config, role))),
  ]);
  return [
    ...(spaceId ? [spaceRemoval(spaceId, space, state.space, state)] : []),
    ...(evaluatorId
      ? [{ ...spaceRemoval(evaluatorId, evaluator, state.evaluator, state), evaluator: true as const }]
      : []),
    ...BUCKETS.map((role, index) => {
      const id = bucketId(config, role);
      return { id, kind: 'bucket' as const, role, ...bucketFate(id, buckets[index] ?? null, named) };
    }),
  ];
}

type Fate = Pick<Removal, 'action' | 'reason'>;

function bucketFate(id: string, live: BucketInfo | null, named: string[]): Fate {
  if (!live) return { action: 'absent', reason: 'not there' };
  const elsewhere = moved(id, live);
  if (elsewhere) return { action: 'keep', reason: `${elsewhere.reason}; delete it in its settings there` };
  const content = `${counted(live.totalFiles, 'file')}, ${readable(live.size)}`;
  if (named.includes(id)) return { action: 'delete', reason: `named; ${content} go with it` };
  return { action: 'keep', reason: `${content}; only deleted when named (--delete-bucket)` };
}

function spaceRemoval(
  id: string,
  live: SpaceInfo | null,
  known: KnownSpace | undefined,
  { making }: TargetState,
): Removal {
  const base = { id, kind: 'space' as const };
  if (!live) return { ...base, action: 'absent', reason: 'not there' };
  const elsewhere = moved(id, live);
  if (elsewhere)
    return { ...base, action: 'keep', reason: `${elsewhere.reason}; delete it in its settings there` };
  // One that a run was about to make when it was cut off is ours.
  if ((known?.made && isKnown(known, live)) || making.includes(id))
    return { ...base, action: 'delete', reason: 'with its variables, secret and files' };
  return { ...base, action: 'keep', reason: 'apply did not make it; delete it in its settings' };
}

/**
 * Removes what the list says; what is gone already counts as removed. @returns what was removed.
 * @throws CollabError APPLY_RUNNING
 */
export async function remove(
  config: ChallengeConfig,
  options: ApplyOptions,
  removals: Removal[],
): Promise<string[]> {
  const unlock = await lockApply(options.dir);
  try {
    return await removeEach(config, options, removals);
  } finally {
    await unlock();
  }
}

async function removeEach(
  config: ChallengeConfig,
  options: ApplyOptions,
  removals: Removal[],
): Promise<string[]> {
  const hub = clientFor(options);
  const target = config.hub.endpoint;
  const removed: string[] = [];
  for (const removal of removals) {
    const { id, kind, action } = removal;
    if (action !== 'delete') continue;
    await ignoreMissing(() => (kind === 'space' ? hub.deleteSpace(id) : hub.deleteBucket(id)));
    const state = await loadState(options.dir, target);
    await saveState(options.dir, target, forget(state, removal));
    removed.push(id);
    options.progress?.({ id: `${kind}:${id}`, state: 'done', text: `Deleted ${kind} ${id}` });
  }
  return removed;
}

function forget({ making, ...known }: TargetState, { id, kind, role, evaluator }: Removal): TargetState {
  const state = { ...known, making: making.filter((other) => other !== id) };
  if (evaluator) {
    const { evaluator: _gone, ...rest } = state;
    return rest;
  }
  if (kind === 'space') {
    const { space: _gone, ...rest } = state;
    return { ...rest, variables: [], secrets: {}, spaceFiles: [] };
  }
  if (!role) return state;
  const { [role]: _gone, ...buckets } = state.buckets;
  return { ...state, buckets, files: { ...state.files, [role]: {} } };
}

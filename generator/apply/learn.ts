import { isKnown } from '../plan/adopt.ts';
import type { Inputs, TargetState, World } from '../plan/model.ts';

/** What looking alone has taught us: hashes of contents, and that files already as planned are as planned. */
export function learn(inputs: Inputs, world: World): TargetState {
  const state = structuredClone(inputs.state);
  // What we were about to make and is not there can be made by anybody until we are about to make it again.
  state.making = state.making.filter((id) => isThere(id, world));
  // Recorded by an older version, which did not ask when.
  for (const [known, live] of [
    [state.space, world.space],
    [state.evaluator, world.evaluator],
  ] as const)
    if (known && live?.info.createdAt && isKnown(known, live.info)) known.createdAt ??= live.info.createdAt;
  state.hashes = {};
  for (const role of ['central', 'private'] as const) {
    for (const file of Object.values(world.live[role])) state.hashes[file.xetHash] = file.sha256;
    for (const { path, sha256 } of inputs.files[role])
      if (world.live[role][path]?.sha256 === sha256) state.files[role][path] = { base: sha256 };
  }
  return state;
}

const isThere = (id: string, { buckets, space, evaluator }: World): boolean =>
  [buckets.central?.id, buckets.private?.id, space?.info.id, evaluator?.info.id].includes(id);

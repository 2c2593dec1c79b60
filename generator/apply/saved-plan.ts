import { CollabError } from '../errors.ts';
import { digest } from '../plan/digest.ts';
import type { Inputs, World } from '../plan/model.ts';
import { isChange } from '../plan/provision.ts';
import type { ProvisionPlan } from '../plan/types.ts';

/** One look: both sides, and what follows. */
export interface Picture {
  inputs: Inputs;
  world: World;
  plan: ProvisionPlan;
}

/**
 * Holds a run to a saved plan: the first look has to be that of the plan; a later one, after a failure, may ask for
 * what is left of it, and for nothing that came up meanwhile. Without a plan everything goes.
 * @returns a function to call with each look. @throws CollabError PLAN_STALE
 */
export function heldTo(expected: ProvisionPlan | undefined): (picture: Picture) => void {
  let first: Picture | undefined;
  return (picture) => {
    if (!expected) return;
    if (first) refuseMore(first, picture);
    else refuseIfMoved(expected, picture.plan);
    first ??= picture;
  };
}

function refuseIfMoved(expected: ProvisionPlan, now: ProvisionPlan): void {
  const moved =
    expected.world !== now.world ? 'the Hub' : expected.inputs !== now.inputs ? 'the directory' : null;
  if (moved === null && expected.endpoint === now.endpoint) return;
  throw stale(moved ?? 'the endpoint');
}

function refuseMore(first: Picture, now: Picture): void {
  const planned = new Set(first.plan.nodes.filter(isChange).map(({ id }) => id));
  if (now.plan.nodes.some((node) => isChange(node) && !planned.has(node.id))) throw stale('the Hub');
  if (sourcesOf(first) !== sourcesOf(now)) throw stale('the directory');
}

const stale = (moved: string): CollabError =>
  new CollabError('PLAN_STALE', `The saved plan is not of now: ${moved} has changed since.`, {
    next: [{ command: 'create-collab plan --out plan.json', why: 'makes a new one to look at' }],
  });

const sourcesOf = ({ inputs }: Picture): string =>
  digest([inputs.variables, ...[inputs.files.central, inputs.files.private, inputs.space].map(hashesOf)]);

const hashesOf = (files: { path: string; sha256: string }[]) =>
  files.map(({ path, sha256 }) => [path, sha256]);

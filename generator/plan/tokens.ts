import type { Identity } from '@collab/hub/port.ts';
import type { NextStep } from '../errors.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import { type Inputs, isLocal, newTokenPage, type World } from './model.ts';
import type { PlanNode, Standing } from './types.ts';

/** Why a token is broader than it has to be; `null`: it is fine-grained. */
function broad({ tokenRole }: Identity): string | null {
  if (tokenRole === 'fineGrained') return null;
  if (tokenRole === 'write' || tokenRole === 'god')
    return `a "${tokenRole}" token, which may do everything its owner may`;
  if (tokenRole.includes('oauth')) return 'a login in the browser, not a fine-grained token';
  return `no fine-grained token ("${tokenRole}"): the Hub does not say what it may do`;
}

/** The organizer's token. */
export function tokenNode(inputs: Inputs, world: World): PlanNode {
  const { identity } = world;
  const node = checkNode('check:token', `Token of ${identity.name}`);
  const next = [{ command: tokenUrl(inputs), why: `make a fine-grained token: ${organizerScope(inputs)}` }];
  if (identity.tokenRole === 'read')
    return { ...node, state: 'blocked', reason: 'it is read-only; a fine-grained token is needed', next };
  const wide = broad(identity);
  if (wide && inputs.allowBroadToken)
    return { ...node, state: 'unchanged', reason: `${wide}; allowed by --allow-broad-token` };
  if (wide) {
    const login = identity.tokenRole.includes('oauth') ? [CommandOf.login] : [];
    return {
      ...node,
      state: 'blocked',
      reason: `it is ${wide}`,
      next: [...next, ...login, CommandOf.allowBroad],
    };
  }
  const missing = missingScopes(inputs, identity);
  if (missing.length > 0) return { ...node, ...lacks(missing, inputs, next) };
  return { ...node, state: 'unchanged', reason: 'fine-grained, with the permissions needed' };
}

/** What the Hub does not name among a token's permissions it may call by another name: a person may know better. */
export function lacks(
  missing: string[],
  { allowBroadToken }: Pick<Inputs, 'allowBroadToken'>,
  next: NextStep[],
): Standing {
  const reason = `it lacks ${missing.join(', ')}`;
  if (!allowBroadToken) return { state: 'blocked', reason, next: [...next, CommandOf.allowAnyway] };
  return { state: 'unchanged', reason: `${reason}; tried all the same (--allow-broad-token)`, warn: true };
}

function organizerScope({ config }: Pick<Inputs, 'config'>): string {
  const { central_bucket, private_bucket, space } = config.hub;
  const namespaces = [central_bucket, private_bucket, space].flatMap((id) => (id ? [id.split('/')[0]] : []));
  return `repo.write on ${[...new Set(namespaces)].join(' and ')}; nothing else`;
}

export const tokenUrl = (inputs: Pick<Inputs, 'config'>): string =>
  isLocal(inputs.config) ? 'create-collab dev' : newTokenPage(inputs.config);

/** The Space's own token: what the server needs, and no more than that. */
export function spaceTokenNode(
  inputs: Pick<Inputs, 'config' | 'allowBroadToken' | 'tokensShared'>,
  identity: Identity,
): PlanNode {
  const node = checkNode('check:space-token', `The Space's own token (${identity.name})`);
  const next = [
    { command: tokenUrl(inputs), why: `make a fine-grained one: ${spaceTokenScope(inputs.config)}` },
  ];
  const broad = tooBroad(inputs, identity);
  if (broad && inputs.allowBroadToken)
    return { ...node, state: 'unchanged', reason: `${broad}, allowed by --allow-broad-token` };
  if (broad) {
    const reason = `it is ${broad}; the server is reachable by everybody and gets a narrow one`;
    return { ...node, state: 'blocked', reason, next: [...next, CommandOf.allowBroad] };
  }
  const missing = lacking(identity, spaceTokenWants(inputs.config));
  if (missing.length > 0) return { ...node, ...lacks(missing, inputs, next) };
  return { ...node, state: 'unchanged', reason: 'fine-grained, with the permissions needed' };
}

function tooBroad(inputs: Pick<Inputs, 'tokensShared'>, { tokenRole }: Identity): string | null {
  if (tokenRole !== 'fineGrained') return `a "${tokenRole}" token`;
  return inputs.tokensShared ? "the organizer's own token (HF_TOKEN and SPACE_TOKEN are the same)" : null;
}

/** Jobs write what they find into participants' buckets, and whoever starts a job must be allowed to do that. */
function spaceTokenWants({ hub, hardware, verification }: Inputs['config']): Wanted[] {
  const inOrg = (permission: string): Wanted => [`${hub.org}/`, 'org', permission];
  return [
    [hub.central_bucket, 'bucket', 'repo.write'],
    [hub.private_bucket, 'bucket', 'repo.write'],
    ...(hardware.jobs_enabled ? [inOrg('repo.write')] : []),
    ...(hardware.jobs_enabled || verification.mode === 'jobs' ? [inOrg('job.write')] : []),
  ];
}

/** What the server's token needs, for people: the same as {@link spaceTokenNode} looks for. */
export function spaceTokenScope({ hub, hardware, verification }: Inputs['config']): string {
  const all = hardware.jobs_enabled
    ? ` and all repositories of ${hub.org} (jobs write into participants' buckets)`
    : '';
  const jobs = hardware.jobs_enabled || verification.mode === 'jobs' ? `; start jobs in ${hub.org}` : '';
  return `repo.write on ${hub.central_bucket}, ${hub.private_bucket}${all}${jobs}; nothing else`;
}

/** `repo.write` over each namespace that is written to, or over every single repository in it. */
function missingScopes(inputs: Inputs, identity: Identity): string[] {
  if (identity.tokenRole !== 'fineGrained') return [];
  const { hub } = inputs.config;
  return lacking(identity, [
    [hub.central_bucket, 'bucket', 'repo.write'],
    [hub.private_bucket, 'bucket', 'repo.write'],
    ...(hub.space ? [[hub.space, 'space', 'repo.write'] satisfies Wanted] : []),
  ]);
}

export type Wanted = [id: string, type: string, permission: string];

export function lacking(identity: Identity, wanted: Wanted[]): string[] {
  const missing = wanted.filter(([id, type, permission]) => !covers(identity, id, type, permission));
  return [...new Set(missing.map(([id, , permission]) => `${permission} on ${id.split('/')[0]}`))];
}

export function covers(identity: Identity, id: string, type: string, permission: string): boolean {
  const namespace = id.split('/')[0]?.toLowerCase();
  return identity.scopes.some((scope) => {
    const name = scope.name.toLowerCase();
    const whole = (scope.type === 'org' || scope.type === 'user') && name === namespace;
    const single = scope.type === type && name === id.toLowerCase();
    return (whole || single) && scope.permissions.includes(permission);
  });
}

import type { Identity } from '@collab/hub/port.ts';
import { FREE_HARDWARE } from '../config/prices.ts';
import type { NextStep } from '../errors.ts';
import { CommandOf } from './commands.ts';
import { hubPages, type Inputs, isLocal, newTokenPage, type World } from './model.ts';
import type { PlanNode } from './types.ts';

/** Nodes that look and never write: what has to be right before the first write. */
export function checkNodes(inputs: Inputs, world: World): PlanNode[] {
  return [
    tokenNode(inputs, world),
    ...(world.spaceIdentity ? [spaceTokenNode(inputs, world.spaceIdentity)] : []),
    orgNode(inputs, world),
    ...planNode(inputs, world),
    ...(isLocal(inputs.config) ? [pythonNode(world)] : [inviteNode(inputs), ...creditsNode(inputs, world)]),
    ...inputs.problems.map(
      (problem): PlanNode => ({
        ...check(`check:${problem.part}`, `Files in ${problem.part}/`),
        state: 'blocked',
        reason: problem.problem,
        next: [{ command: problem.command, why: problem.why }],
      }),
    ),
  ];
}

const check = (id: string, title: string): Omit<PlanNode, 'state' | 'reason'> => ({
  id,
  kind: 'check',
  title,
  dependsOn: [],
});

/** Why a token is broader than it has to be; `null`: it is fine-grained. */
function broad({ tokenRole }: Identity): string | null {
  if (tokenRole === 'fineGrained') return null;
  if (tokenRole === 'write' || tokenRole === 'god')
    return `a "${tokenRole}" token, which may do everything its owner may`;
  if (tokenRole.includes('oauth')) return 'a login in the browser, not a fine-grained token';
  return `no fine-grained token ("${tokenRole}"): the Hub does not say what it may do`;
}

function tokenNode(inputs: Inputs, world: World): PlanNode {
  const { identity } = world;
  const node = check('check:token', `Token of ${identity.name}`);
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
): Pick<PlanNode, 'state' | 'reason' | 'next' | 'warn'> {
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
  const node = check('check:space-token', `The Space's own token (${identity.name})`);
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

const MAY_CREATE = new Set(['admin', 'write']);

function orgNode(inputs: Inputs, world: World): PlanNode {
  const { org, private_namespace } = inputs.config.hub;
  const node = check('check:org', `Organization ${org}`);
  const ofOrg = writeProblem(org, world);
  const problem = ofOrg ?? writeProblem(private_namespace, world);
  if (problem === null)
    return { ...node, state: 'unchanged', reason: 'exists, and the token may write there' };
  const missing = !world.orgExists && !membership(org, world);
  return {
    ...node,
    kind: 'human',
    state: 'human',
    reason: problem,
    human: !ofOrg
      ? {
          url: `${hubPages(inputs.config)}/settings/organizations`,
          steps:
            `Set hub.private_namespace in challenge.yaml to ${world.identity.name}, or to an organization without ` +
            `participants where ${world.identity.name} has the role write or admin.`,
          check: 'whoami is it, or lists it with role admin or write',
        }
      : missing
        ? {
            url: `${hubPages(inputs.config)}/organizations/new`,
            steps: `Create the organization "${org}". No API can do this. Participants will be its contributors.`,
            check: `whoami lists ${org} with role admin or write`,
          }
        : {
            url: `${hubPages(inputs.config)}/organizations/${org}/settings/members`,
            steps: `Have an admin give ${world.identity.name} the role write or admin.`,
            check: `whoami lists ${org} with role admin or write`,
          },
  };
}

const membership = (namespace: string, world: World) =>
  world.identity.orgs.find((org) => org.name.toLowerCase() === namespace.toLowerCase());

function writeProblem(namespace: string, world: World): string | null {
  if (namespace.toLowerCase() === world.identity.name.toLowerCase()) return null;
  const org = membership(namespace, world);
  if (!org) return `${world.identity.name} is not a member of ${namespace}`;
  if (org.role !== undefined && !MAY_CREATE.has(org.role))
    return `${world.identity.name} has the role ${org.role} in ${namespace}; write or admin is needed`;
  return null;
}

/** On free hardware a Docker Space can only be made with PRO (own namespace) or Team/Enterprise (organization). */
function planNode(inputs: Inputs, world: World): PlanNode[] {
  const { space } = inputs.config.hub;
  const node = check('check:plan', PLAN_TITLE);
  if (!space) return [{ ...node, state: 'unchanged', reason: 'none: without a Space (hub.space is empty)' }];
  return planFor('check:plan', space, world.space !== null, inputs, world);
}

const PLAN_TITLE = 'Plan that a Docker Space needs';

/** Whether the namespace of a Space that is to be made has what that needs. */
export function planFor(
  id: string,
  space: string,
  exists: boolean,
  inputs: Inputs,
  world: World,
): PlanNode[] {
  const node = check(id, PLAN_TITLE);
  if (exists) return [{ ...node, state: 'unchanged', reason: 'the Space exists already' }];
  const namespace = space.split('/')[0] ?? '';
  const own = namespace.toLowerCase() === world.identity.name.toLowerCase();
  // Only members are told an organization's plan: `check:org` comes first.
  if (!own && !membership(namespace, world)) return [];
  const evaluator = space === inputs.config.hub.eval_space;
  const payer = own ? world.identity : membership(namespace, world);
  if (evaluator && isPaid(inputs.config.hub.eval_hardware))
    return [byTheHour(node, namespace, inputs, payer)];
  const paid = own ? world.identity.isPro : Boolean(membership(namespace, world)?.plan);
  if (paid) return [{ ...node, state: 'unchanged', reason: `${namespace} has one` }];
  const pricing = { command: `${hubPages(inputs.config)}/pricing`, why: `or a plan for ${namespace}` };
  const others = evaluator
    ? [CommandOf.byJobs, CommandOf.paidEvaluator, CommandOf.manual]
    : [CommandOf.noSpace, CommandOf.proSpace];
  const reason = `${namespace} has neither PRO nor Team/Enterprise, which creating a Docker Space needs`;
  return [
    { ...node, state: 'blocked', reason, next: [others[0], pricing, ...others.slice(1)] as NextStep[] },
  ];
}

const isPaid = (hardware: string): boolean => hardware !== FREE_HARDWARE;

/** Hardware that is paid by the hour needs no plan, and a way to pay (huggingface_hub, `create_repo`). */
function byTheHour(
  node: Omit<PlanNode, 'state' | 'reason'>,
  namespace: string,
  { config: { hub } }: Inputs,
  payer: { canPay?: boolean } | undefined,
): PlanNode {
  if (payer?.canPay !== false)
    return { ...node, state: 'unchanged', reason: `none: ${hub.eval_hardware} is paid by the hour` };
  return {
    ...node,
    state: 'blocked',
    reason: `${hub.eval_hardware} is paid by the hour, and ${namespace} has no way to pay`,
    next: [CommandOf.byJobs, CommandOf.manual],
  };
}

function pythonNode(world: World): PlanNode {
  const node = check('check:python', 'Python 3 for harnesses');
  if (world.python === null) return { ...node, state: 'unchanged', reason: 'not needed here' };
  if ('version' in world.python) return { ...node, state: 'unchanged', reason: world.python.version };
  return { ...node, state: 'blocked', reason: world.python.problem, next: [world.python.fix] };
}

function inviteNode(inputs: Inputs): PlanNode {
  const { org, invite_url } = inputs.config.hub;
  const node: PlanNode = {
    ...check('human:invite', 'Invite link for participants'),
    kind: 'human',
    state: 'unchanged',
    reason: 'hub.invite_url is set',
  };
  if (invite_url) return node;
  return {
    ...node,
    state: 'human',
    reason: 'hub.invite_url is empty',
    human: {
      url: `${hubPages(inputs.config)}/organizations/${org}/settings/members`,
      steps:
        'Make an invite link with the default role "contributor" (a member of that role writes only what it created), ' +
        'and put it into challenge.yaml as hub.invite_url. No API can do this.',
      check: 'hub.invite_url in challenge.yaml',
    },
  };
}

function creditsNode(inputs: Inputs, world: World): PlanNode[] {
  const { config } = inputs;
  if (!config.hardware.jobs_enabled && config.verification.mode !== 'jobs') return [];
  const node = check('check:credits', 'Credits for jobs');
  const own = config.hub.org.toLowerCase() === world.identity.name.toLowerCase();
  const payer = own ? world.identity : membership(config.hub.org, world);
  if (!payer) return [];
  if (payer.canPay !== false) return [{ ...node, state: 'unchanged', reason: 'nothing speaks against it' }];
  return [
    {
      ...node,
      kind: 'human',
      state: 'human',
      reason: `${config.hub.org} has no way to pay, and the Hub refuses jobs without credits`,
      human: {
        url: own
          ? `${hubPages(inputs.config)}/settings/billing`
          : `${hubPages(inputs.config)}/organizations/${config.hub.org}/settings/billing`,
        steps: 'Buy credits or add a payment method.',
        check: `whoami says canPay for ${config.hub.org}`,
      },
      next: [withoutJobs(config)],
    },
  ];
}

function withoutJobs({ hardware, verification }: Inputs['config']) {
  if (verification.mode !== 'jobs') return CommandOf.noJobs;
  return hardware.jobs_enabled ? CommandOf.noJobsAtAll : CommandOf.manual;
}

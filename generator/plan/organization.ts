import { FREE_HARDWARE } from '../config/prices.ts';
import type { NextStep } from '../errors.ts';
import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import { hubPages, type Inputs, type World } from './model.ts';
import type { PlanNode } from './types.ts';

const MAY_CREATE = new Set(['admin', 'write']);

/** The organization, and the namespace of what is private. */
export function orgNode(inputs: Inputs, world: World): PlanNode {
  const { org, private_namespace } = inputs.config.hub;
  const node = checkNode('check:org', `Organization ${org}`);
  const ofOrg = writeProblem(org, world);
  const reason = ofOrg ?? writeProblem(private_namespace, world);
  if (reason === null)
    return { ...node, state: 'unchanged', reason: 'exists, and the token may write there' };
  const human = ofOrg ? orgSteps(inputs, world) : namespaceSteps(inputs, world);
  return { ...node, kind: 'human', state: 'human', reason, human };
}

function orgSteps({ config }: Inputs, world: World): PlanNode['human'] {
  const { org } = config.hub;
  const check = `whoami lists ${org} with role admin or write`;
  if (!world.orgExists && !membership(org, world))
    return {
      url: `${hubPages(config)}/organizations/new`,
      steps: `Create the organization "${org}". No API can do this. Participants will be its contributors.`,
      check,
    };
  return {
    url: `${hubPages(config)}/organizations/${org}/settings/members`,
    steps: `Have an admin give ${world.identity.name} the role write or admin.`,
    check,
  };
}

const namespaceSteps = ({ config }: Inputs, { identity: { name } }: World): PlanNode['human'] => ({
  url: `${hubPages(config)}/settings/organizations`,
  steps:
    `Set hub.private_namespace in challenge.yaml to ${name}, or to an organization without ` +
    `participants where ${name} has the role write or admin.`,
  check: 'whoami is it, or lists it with role admin or write',
});

/** The organizer's own namespace. */
const isOwn = (namespace: string, { identity }: World): boolean =>
  namespace.toLowerCase() === identity.name.toLowerCase();

const membership = (namespace: string, world: World) =>
  world.identity.orgs.find((org) => org.name.toLowerCase() === namespace.toLowerCase());

/** Who pays in a namespace: the organizer, or an organization that the organizer is a member of. */
const payerOf = (namespace: string, world: World) =>
  isOwn(namespace, world) ? world.identity : membership(namespace, world);

function writeProblem(namespace: string, world: World): string | null {
  if (isOwn(namespace, world)) return null;
  const org = membership(namespace, world);
  if (!org) return `${world.identity.name} is not a member of ${namespace}`;
  if (org.role !== undefined && !MAY_CREATE.has(org.role))
    return `${world.identity.name} has the role ${org.role} in ${namespace}; write or admin is needed`;
  return null;
}

/** On free hardware a Docker Space can only be made with PRO (own namespace) or Team/Enterprise (organization). */
export function planNode(inputs: Inputs, world: World): PlanNode[] {
  const { space } = inputs.config.hub;
  const node = checkNode('check:plan', PLAN_TITLE);
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
  const node = checkNode(id, PLAN_TITLE);
  if (exists) return [{ ...node, state: 'unchanged', reason: 'the Space exists already' }];
  const namespace = space.split('/')[0] ?? '';
  const payer = payerOf(namespace, world);
  // Only members are told an organization's plan: `check:org` comes first.
  if (!payer) return [];
  const evaluator = space === inputs.config.hub.eval_space;
  if (evaluator && inputs.config.hub.eval_hardware !== FREE_HARDWARE)
    return [byTheHour(node, namespace, inputs, payer)];
  if ('isPro' in payer ? payer.isPro : payer.plan)
    return [{ ...node, state: 'unchanged', reason: `${namespace} has one` }];
  const pricing = { command: `${hubPages(inputs.config)}/pricing`, why: `or a plan for ${namespace}` };
  const others = evaluator
    ? [CommandOf.byJobs, CommandOf.paidEvaluator, CommandOf.manual]
    : [CommandOf.noSpace, CommandOf.proSpace];
  const reason = `${namespace} has neither PRO nor Team/Enterprise, which creating a Docker Space needs`;
  return [
    { ...node, state: 'blocked', reason, next: [others[0], pricing, ...others.slice(1)] as NextStep[] },
  ];
}

/** Hardware that is paid by the hour needs no plan, and a way to pay (huggingface_hub, `create_repo`). */
function byTheHour(
  node: ReturnType<typeof checkNode>,
  namespace: string,
  { config: { hub } }: Inputs,
  payer: { canPay?: boolean },
): PlanNode {
  if (payer.canPay !== false)
    return { ...node, state: 'unchanged', reason: `none: ${hub.eval_hardware} is paid by the hour` };
  return {
    ...node,
    state: 'blocked',
    reason: `${hub.eval_hardware} is paid by the hour, and ${namespace} has no way to pay`,
    next: [CommandOf.byJobs, CommandOf.manual],
  };
}

/** How participants get in. */
export function inviteNode(inputs: Inputs): PlanNode {
  const { org, invite_url } = inputs.config.hub;
  const node: PlanNode = {
    ...checkNode('human:invite', 'Invite link for participants'),
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

/** Jobs are paid for by the organization. */
export function creditsNode(inputs: Inputs, world: World): PlanNode[] {
  const { config } = inputs;
  if (!config.hardware.jobs_enabled && config.verification.mode !== 'jobs') return [];
  const node = checkNode('check:credits', 'Credits for jobs');
  const payer = payerOf(config.hub.org, world);
  if (!payer) return [];
  if (payer.canPay !== false) return [{ ...node, state: 'unchanged', reason: 'nothing speaks against it' }];
  return [
    {
      ...node,
      kind: 'human',
      state: 'human',
      reason: `${config.hub.org} has no way to pay, and the Hub refuses jobs without credits`,
      human: {
        url: isOwn(config.hub.org, world)
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

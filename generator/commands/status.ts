import { HubError, type HubPort, type JobInfo } from '@collab/hub/port.ts';
import { planChallenge } from '../apply/challenge.ts';
import type { Connection } from '../apply/connect.ts';
import { connect, HUB_OPTION_DOCS, HUB_OPTIONS } from '../apply/connect.ts';
import { clientFor } from '../apply/hub-client.ts';
import { withHub } from '../apply/hub-failure.ts';
import { servedHere } from '../apply/server.ts';
import { serverFacts, serverLine } from '../apply/server-facts.ts';
import type { Command } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CommandOf } from '../plan/commands.ts';
import { costLines, estimateCost } from '../plan/cost.ts';
import type { World } from '../plan/model.ts';
import { planStatus, printPlan } from '../plan/print.ts';
import { PROBE, PROOFS } from '../plan/proofs.ts';
import { counted, readable } from '../plan/text.ts';
import { TEXTS } from '../plan/texts.ts';
import type { ProvisionPlan } from '../plan/types.ts';

const run: Command['run'] = async (context) => {
  const connection = await connect(context);
  const { config, options } = connection;
  const { plan, world } = await planChallenge(options);
  const served = config.hub.space ? null : await servedHere(context.io, options.dir);
  const host = world.space?.healthy ? world.space.info.host : (served?.url ?? null);
  const [server, jobs] = await Promise.all([
    host ? serverFacts(context.io, host) : null,
    jobCounts(connection),
  ]);
  const cost = estimateCost(config, world);
  const drift = planStatus(plan);
  const text = [
    `Space    ${spaceLine(config, world)}`,
    `Server   ${host === null && !config.hub.space ? 'not on this machine' : serverLine(server)}`,
    ...(['central', 'private'] as const).map((role) => bucketLine(role, world)),
    ...evaluatorLines(config, world),
    `Jobs     ${jobLine(jobs)}`,
    ...factLines(plan),
    '',
    drift === 'ok' ? 'No drift: everything is as planned.' : printPlan(plan, []),
    ...costLines(config, cost),
  ].join('\n');
  const healthy = world.space?.healthy ?? false;
  return {
    status: drift === 'ok' && !healthy && config.hub.space ? 'changes' : drift,
    text,
    data: {
      space: world.space && { host: world.space.info.host, ...world.space.runtime, healthy },
      evaluator: world.evaluator && { ...world.evaluator.runtime, healthy: world.evaluator.healthy },
      buckets: world.buckets,
      server,
      jobs,
      drift: plan.nodes.filter((node) => node.state !== 'unchanged'),
      cost,
    },
    ...(drift === 'ok' ? {} : { next: [CommandOf.plan, CommandOf.apply] }),
  };
};

function spaceLine({ hub }: ChallengeConfig, { space }: World): string {
  if (!hub.space && !space) return 'none (hub.space is empty); create-collab serve runs the server';
  return space ? `${space.info.id}: ${space.runtime.stage}, ${space.info.host}` : `${hub.space}: not there`;
}

function evaluatorLines({ hub, verification }: ChallengeConfig, { evaluator }: World): string[] {
  if (verification.mode !== 'eval-space') return [];
  if (!evaluator) return [`Evaluator ${hub.eval_space}: not there`];
  return [
    `Evaluator ${evaluator.info.id}: ${evaluator.healthy ? 'works' : `does not work (${evaluator.runtime.stage})`}`,
  ];
}

/** `null`: the token at hand may not list them, which an organizer's need not. */
async function jobCounts({ config, options }: Connection): Promise<Record<string, number> | null> {
  const jobs = await jobsOf(clientFor(options), config.hub.org);
  if (jobs === null) return null;
  const counts: Record<string, number> = {};
  for (const job of jobs) counts[job.stage] = (counts[job.stage] ?? 0) + 1;
  return counts;
}

async function jobsOf(hub: HubPort, org: string): Promise<JobInfo[] | null> {
  try {
    return await hub.jobs(org);
  } catch (error) {
    const denied = error instanceof HubError && ['forbidden', 'unauthorized', 'missing'].includes(error.kind);
    if (denied) return null;
    throw error;
  }
}

function bucketLine(role: 'central' | 'private', world: World): string {
  const info = world.buckets[role];
  const label = role === 'central' ? 'Central ' : 'Private ';
  return `${label} ${info ? `${info.id}: ${counted(info.totalFiles, 'file')}, ${readable(info.size)}` : 'bucket not there'}`;
}

/** What is proven of the harness, behind what it judges, and which texts lag behind. */
function factLines({ nodes }: ProvisionPlan): string[] {
  const reason = (id: string) => nodes.find((node) => node.id === id)?.reason;
  const lines = { Proofs: reason(PROOFS), Layers: reason(PROBE), Texts: reason(TEXTS) };
  return Object.entries(lines).flatMap(([name, said]) => (said ? [`${name.padEnd(9)}${said}`] : []));
}

const jobLine = (jobs: Record<string, number> | null): string =>
  jobs === null ? 'not shown to this token (it has no right to jobs, and needs none)' : jobList(jobs);

const jobList = (jobs: Record<string, number>): string =>
  Object.keys(jobs).length === 0 ? 'none so far' : list(jobs).replace(/^: /, '');

const list = (counts: Record<string, number>): string => {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name.toLowerCase()}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
};

export const command: Command = {
  name: 'status',
  args: '[dir]',
  summary:
    'What runs where, healthy or not; what differs from the plan; results, jobs and prices. Reads only.',
  options: { 'allow-broad-token': HUB_OPTIONS['allow-broad-token'] },
  optionDocs: { 'allow-broad-token': HUB_OPTION_DOCS['allow-broad-token'] },
  run: withHub(run),
};

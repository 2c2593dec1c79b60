import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { applyChallenge } from '../apply/challenge.ts';
import { connect, HUB_OPTION_DOCS, HUB_OPTIONS } from '../apply/connect.ts';
import { withHub } from '../apply/hub-failure.ts';
import type { ApplyReport } from '../apply/types.ts';
import type { Command, CommandContext } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError, type NextStep } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import { nextSteps, printWaiting } from '../plan/print.ts';
import { waitsForPerson } from '../plan/provision.ts';
import { counted } from '../plan/text.ts';
import type { ProvisionPlan } from '../plan/types.ts';

const run: Command['run'] = async (context) => {
  const { config, options } = await connect(context);
  const expected = await savedPlan(context);
  const report = await applyChallenge({ ...options, ...(expected ? { expected } : {}) });
  return {
    status: report.status,
    text: [...reportLines(report), ...printWaiting(report.plan.nodes)].join('\n'),
    data: {
      writes: report.writes,
      api_url: report.apiUrl,
      operations: report.operations,
      waiting: report.plan.nodes.filter(waitsForPerson),
      timings_ms: { apply: report.timingsMs.apply, space_ready: report.timingsMs.spaceReady },
    },
    next: stepsAfter(report, config, context.json),
  };
};

async function savedPlan(context: CommandContext): Promise<ProvisionPlan | undefined> {
  const { plan } = context.options;
  if (typeof plan !== 'string') return undefined;
  try {
    const parsed = JSON.parse(await readFile(resolve(context.io.cwd, plan), 'utf8')) as ProvisionPlan;
    if (parsed.version === 1 && Array.isArray(parsed.nodes)) return parsed;
  } catch (cause) {
    throw new CollabError('PLAN_UNREADABLE', `${plan} is not a plan: ${(cause as Error).message}`, {
      next: [{ command: 'create-collab plan --out plan.json', why: 'writes one' }],
      cause,
    });
  }
  throw new CollabError('PLAN_UNREADABLE', `${plan} is not a plan of this version.`, {
    next: [{ command: 'create-collab plan --out plan.json', why: 'writes one' }],
  });
}

function reportLines(report: ApplyReport): string[] {
  const failed = report.operations.filter(({ state }) => state === 'failed');
  const skipped = report.operations.filter(({ state }) => state === 'skipped');
  const seconds = ((report.timingsMs.apply + report.timingsMs.spaceReady) / 1000).toFixed(1);
  return [
    report.writes === 0 ? nothingChanged(report) : `${counted(report.writes, 'change')} in ${seconds} s.`,
    ...failed.map(({ title, error }) => `✗ ${title}: ${error?.code}: ${error?.message}`),
    ...(skipped.length > 0 ? [waitLine(skipped.length, failed.length > 0)] : []),
    ...(report.apiUrl ? [`The server answers at ${report.apiUrl}`] : []),
  ];
}

const waitLine = (steps: number, failed: boolean): string =>
  `${counted(steps, 'step')} ${steps === 1 ? 'follows' : 'follow'} once ${failed ? 'what failed works' : 'what is left to you is done'}.`;

const nothingChanged = ({ status }: ApplyReport): string =>
  status === 'ok' ? 'Nothing was changed: everything is as planned.' : 'Nothing was changed.';

/** The steps of waiting nodes stand beside them in what people read. */
function stepsAfter(report: ApplyReport, { hub }: ChallengeConfig, json: boolean): NextStep[] {
  const failed = report.operations.flatMap((operation) => operation.error?.next ?? []);
  const made = report.operations.every(({ state }) => state === 'done') && failed.length === 0;
  const done = hub.space || !made ? [] : [CommandOf.serve];
  const afterwards = report.status === 'ok' ? done : [...done, CommandOf.applyAgain];
  const rest = json ? nextSteps(report.plan, afterwards) : afterwards;
  return [...new Map([...failed, ...rest].map((step) => [step.command, step])).values()];
}

export const command: Command = {
  name: 'apply',
  args: '[dir]',
  summary:
    'Creates or updates buckets and Space. Can be cut off anywhere and run again; a second run writes nothing.',
  options: { ...HUB_OPTIONS, plan: { type: 'string' } },
  optionDocs: { ...HUB_OPTION_DOCS, plan: 'do exactly this saved plan, or nothing when something has moved' },
  run: withHub(run),
};

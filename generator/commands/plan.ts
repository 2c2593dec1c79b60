import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { planChallenge } from '../apply/challenge.ts';
import { connect, HUB_OPTION_DOCS, HUB_OPTIONS } from '../apply/connect.ts';
import { withHub } from '../apply/hub-failure.ts';
import type { Command } from '../command.ts';
import { CommandOf } from '../plan/commands.ts';
import { costLines, estimateCost } from '../plan/cost.ts';
import { nextSteps, planStatus, printPlan } from '../plan/print.ts';

const run: Command['run'] = async (context) => {
  const { config, options } = await connect(context);
  const { plan, world } = await planChallenge(options);
  const cost = estimateCost(config, world);
  const out = context.options.out;
  if (typeof out === 'string')
    await writeFile(resolve(context.io.cwd, out), `${JSON.stringify(plan, null, 2)}\n`);
  const status = planStatus(plan);
  const afterwards = status === 'changes' ? [CommandOf.apply] : [];
  return {
    status,
    text: printPlan(plan, costLines(config, cost)),
    data: { plan, cost },
    next: context.json ? nextSteps(plan, afterwards) : afterwards,
  };
};

export const command: Command = {
  name: 'plan',
  args: '[dir]',
  summary: 'Shows what apply would do, as a diff against what exists. Reads only.',
  options: { ...HUB_OPTIONS, out: { type: 'string' } },
  optionDocs: { ...HUB_OPTION_DOCS, out: 'write the plan to a file, for apply --plan' },
  run: withHub(run),
};

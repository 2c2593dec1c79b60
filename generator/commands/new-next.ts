/** The last question of `new` on a terminal: run it here or put it on Hugging Face, as was answered before, or later. */
import * as clack from '@clack/prompts';
import type { CommandContext, Outcome } from '../command.ts';
import { answered, terminalOf } from '../config/terminal.ts';
import { VERBS } from '../verbs.ts';

export async function whatNext(context: CommandContext, dir: string, done: Outcome): Promise<Outcome> {
  const { common } = terminalOf(context.io);
  clack.log.success(done.text, common);
  const local = done.data?.endpoint === 'local';
  const first = local
    ? { value: 'here', label: 'Run it here', hint: 'hub, server and dashboard on this machine' }
    : { value: 'huggingface', label: 'Put it on Hugging Face', hint: 'shows the plan first' };
  const next = await answered(
    clack.select({
      ...common,
      message: 'And now?',
      options: [first, { value: 'later', label: 'Later', hint: 'SETUP.md is the runbook' }],
    }),
  );
  if (next === 'here') return run('dev', context, dir);
  if (next === 'huggingface') return plan(context, dir);
  clack.outro(
    `create-collab ${local ? 'dev' : 'plan'} ${done.data?.dir} goes on from here; SETUP.md is the runbook.`,
    common,
  );
  return { ...done, text: '', next: [] };
}

async function run(verb: 'dev' | 'plan' | 'apply', context: CommandContext, dir: string): Promise<Outcome> {
  const command = await VERBS[verb].load();
  return command.run({ ...context, options: {}, positionals: [dir] });
}

async function plan(context: CommandContext, dir: string): Promise<Outcome> {
  const planned = await run('plan', context, dir);
  if (planned.status !== 'changes') return planned;
  context.io.stdout.write(`${planned.text}\n`);
  const { common } = terminalOf(context.io);
  const go = await answered(clack.confirm({ ...common, message: 'Do it now?', initialValue: true }));
  return go ? run('apply', context, dir) : planned;
}

import { connect, HUB_OPTION_DOCS, HUB_OPTIONS } from '../apply/connect.ts';
import { planRemoval, type Removal, remove } from '../apply/destroy.ts';
import { withHub } from '../apply/hub-failure.ts';
import type { Command, CommandContext } from '../command.ts';
import { Cancelled, CollabError } from '../errors.ts';
import { isInteractive } from '../io.ts';

const run: Command['run'] = async (context) => {
  const { config, options } = await connect(context);
  const named = [context.options['delete-bucket'] ?? []].flat().map(String);
  const removals = await planRemoval(config, options, named);
  const doomed = removals.filter((removal) => removal.action === 'delete');
  const lines = removals.map((r) => `${MARK[r.action]} ${r.kind} ${r.id}: ${r.reason}`);
  if (doomed.length === 0)
    return {
      status: 'ok',
      text: [...lines, 'Nothing to delete.'].join('\n'),
      data: { removed: [], removals },
    };
  if (!context.options.yes) await confirm(context, config.challenge.slug, lines);
  const removed = await remove(config, options, removals);
  return {
    status: 'ok',
    text: [...lines, `Deleted ${removed.join(', ')}.`].join('\n'),
    data: { removed, removals },
  };
};

const MARK: Record<Removal['action'], string> = { delete: '-', keep: '=', absent: '·' };

/** The slug has to be typed: a habit of pressing Enter deletes nothing. */
async function confirm(context: CommandContext, slug: string, lines: string[]): Promise<void> {
  if (!isInteractive(context.io))
    throw new CollabError('CONFIRMATION_MISSING', `This would delete:\n${lines.join('\n')}`, {
      kind: 'action_required',
      next: [{ command: 'create-collab destroy --yes', why: 'deletes what is marked with "-"' }],
    });
  context.io.stdout.write(`${lines.join('\n')}\n`);
  const { isCancel, text } = await import('@clack/prompts');
  const { terminalOf } = await import('../config/terminal.ts');
  const typed = await text({
    message: `This cannot be undone. Type "${slug}" to go on.`,
    ...terminalOf(context.io).common,
  });
  if (isCancel(typed)) throw new Cancelled();
  if (typed !== slug)
    throw new CollabError('NOT_CONFIRMED', `"${String(typed)}" is not "${slug}"; nothing was deleted.`);
}

export const command: Command = {
  name: 'destroy',
  args: '[dir]',
  summary: "Removes what apply made. Buckets hold participants' work and stay unless they are named.",
  options: {
    yes: { type: 'boolean' },
    'delete-bucket': { type: 'string', multiple: true },
    'allow-broad-token': HUB_OPTIONS['allow-broad-token'],
  },
  optionDocs: {
    yes: 'do not ask',
    'delete-bucket': 'delete this bucket too, with everything in it (namespace/name; repeatable)',
    'allow-broad-token': HUB_OPTION_DOCS['allow-broad-token'],
  },
  run: withHub(run),
};

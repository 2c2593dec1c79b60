import { resolve as resolvePath } from 'node:path';
import { requireFree, writeTree } from '../apply/files.ts';
import type { Command, CommandContext, Outcome } from '../command.ts';
import type { FieldPath, Known } from '../config/field.ts';
import { FLAG_DOCS, FLAG_OPTIONS } from '../config/flags.ts';
import { type Gathered, gather, settle } from '../config/gather.ts';
import { replay } from '../config/replay.ts';
import { fields, nearest } from '../config/schema.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { Cancelled, CollabError } from '../errors.ts';
import { isInteractive } from '../io.ts';
import { readPackage } from '../package-files.ts';
import type { PlannedFile } from '../plan/types.ts';
import { emit } from '../render/emit.ts';
import { VERBS } from '../verbs.ts';

export const command: Command = {
  name: 'new',
  args: '[dir]',
  summary: 'Asks for goal, metric, gates and hardware, then writes a challenge repository.',
  options: {
    answers: { type: 'string' },
    set: { type: 'string', multiple: true },
    yes: { type: 'boolean', short: 'y' },
    'dry-run': { type: 'boolean' },
    ...FLAG_OPTIONS,
  },
  optionDocs: {
    answers: 'Answers from a file: any part of a challenge.yaml.',
    set: 'One answer, `path=value`; repeatable. Lists as YAML.',
    yes: 'Take the default of everything that is not answered.',
    'dry-run': 'Show what would be written; write nothing.',
    ...FLAG_DOCS,
  },
  run,
};

async function run(context: CommandContext): Promise<Outcome> {
  const { io, options, positionals } = context;
  if (positionals.length > 1) throw usage(`"${positionals[1]}" is one folder too many.`);
  const gathered = await gather(io, options);
  const asking = isInteractive(io) && !options.yes && !context.json;
  if (positionals[0]) await requireFree(resolvePath(io.cwd, positionals[0]));
  if (!asking) requireAnswers(gathered, options.yes === true, positionals[0]);
  const asked = asking
    ? await (await import('../config/prompts.ts')).ask(io, options, positionals[0])
    : undefined;
  const final = asked ?? gathered;
  const config = configOf(final);
  const dir = asked?.dir ?? positionals[0] ?? config.challenge.slug;
  const target = resolvePath(io.cwd, dir);
  const files = await emit(config, readPackage(io.packageRoot, config.template));
  const again = replay(config, final.defaults, dir);
  if (options['dry-run']) return dryRun(target, files, again);
  if (io.signal.aborted) throw new Cancelled();
  await writeTree(target, files, io.signal);
  const ownGoal = config.challenge.objective !== final.defaults['challenge.objective'];
  const done = written(dir, config, files, again, ownGoal);
  return asked ? (await import('./new-next.ts')).whatNext(context, target, done) : done;
}

function configOf(gathered: Gathered): ChallengeConfig {
  const { config, problems } = settle(gathered);
  if (config) return config;
  const missing = problems.some((problem) => problem.missing);
  throw new CollabError(
    missing ? 'ANSWERS_MISSING' : 'ANSWERS_INVALID',
    'Some answers are missing or wrong.',
    {
      kind: missing ? 'action_required' : 'error',
      problems: problems.map(gathered.locate),
      next: [{ command: 'create-collab new --help', why: 'lists every flag' }],
    },
  );
}

/** Without a terminal nothing is guessed: what a person would be asked must be given, or `--yes` said. */
function requireAnswers(gathered: Gathered, yes: boolean, dir: string | undefined): void {
  if (yes || gathered.fromFile) return;
  const { known } = settle(gathered);
  const look = ((path: FieldPath) => known[path]) as Known;
  const open = fields.filter(
    ({ path, ask, question, when }) =>
      when?.(look) !== false &&
      gathered.given[path] === undefined &&
      question &&
      (ask === 'always' || gathered.defaults[path] === undefined),
  );
  if (open.length === 0) return;
  throw new CollabError('ANSWERS_MISSING', 'There is nobody to ask, and these answers are missing.', {
    kind: 'action_required',
    problems: open.map(({ flag, kind, path, question }) => ({
      at: kind === 'bool' ? `--${flag} or --no-${flag}` : `--${flag} <value>`,
      problem: question ?? path,
      hint: known[path] === undefined ? undefined : `default: ${JSON.stringify(known[path])}`,
    })),
    next: [
      ...mistypedVerb(dir),
      {
        command: `create-collab new ${dir ?? 'my-challenge'} --template ${gathered.template} --yes`,
        why: 'takes the default of everything that has one',
      },
    ],
  });
}

/** A word that is no verb is a folder: one that is nearly a verb was perhaps meant as one. */
function mistypedVerb(word: string | undefined) {
  const verb = word && nearest(word, Object.keys(VERBS));
  return verb
    ? [{ command: `create-collab ${verb}`, why: `if the verb was meant, and not a folder "${word}"` }]
    : [];
}

const usage = (text: string) =>
  new CollabError('BAD_USAGE', text, {
    next: [{ command: 'create-collab new --help', why: 'shows how it is called' }],
  });

function dryRun(target: string, files: PlannedFile[], again: string): Outcome {
  const paths = files.map(({ path, content, how }) => ({ path, bytes: content.length, how }));
  const rows = paths.map(({ path, bytes }) => `  ${String(bytes).padStart(9)}  ${path}`);
  return {
    status: 'changes',
    text: [`Would write ${files.length} files to ${target}:`, ...rows].join('\n'),
    data: { dir: target, written: false, files: paths },
    next: [{ command: again, why: 'writes them' }],
  };
}

/** Task and harness are the template's, whatever the goal. */
const EXAMPLE =
  '\nIt still measures the example of the template: harness/README.md says, step by step, how it becomes your question.';

function written(
  dir: string,
  config: ChallengeConfig,
  files: PlannedFile[],
  again: string,
  ownGoal: boolean,
): Outcome {
  return {
    status: 'ok',
    text: `Wrote ${files.length} files to ${dir}. The same again, without questions:\n  ${again}${ownGoal ? EXAMPLE : ''}`,
    data: {
      dir,
      template: config.template,
      slug: config.challenge.slug,
      endpoint: config.hub.endpoint,
      files: files.length,
      replay: again,
    },
    next: [
      config.hub.endpoint === 'local'
        ? { command: `create-collab dev ${dir}`, why: 'runs it on this machine' }
        : { command: `create-collab plan ${dir}`, why: 'shows what apply would create' },
      { command: `create-collab check ${dir}`, why: 'after every edit of challenge.yaml or task/' },
    ],
  };
}

import { resolve as resolvePath } from 'node:path';
import { GATES_RENEWED, renewGates } from '../apply/gates.ts';
import { type Complaint, inspect } from '../apply/inspect.ts';
import { renewTexts } from '../apply/renew-texts.ts';
import type { Command, CommandContext, Outcome } from '../command.ts';
import { shellWord } from '../config/replay.ts';
import { readChallenge } from '../config/yaml.ts';
import { CollabError } from '../errors.ts';

export const command: Command = {
  name: 'check',
  args: '[dir]',
  summary:
    'Validates challenge.yaml (errors at line:column), texts, harness, the Space and the token at hand; writes anew what follows from it.',
  options: {},
  optionDocs: {},
  run,
};

async function run({ io, positionals }: CommandContext): Promise<Outcome> {
  const dir = resolvePath(io.cwd, positionals[0] ?? '.');
  const config = await readChallenge(dir);
  const renewed = await renewGates(dir, config, io.packageRoot);
  const texts = await renewTexts(dir, config, io.packageRoot);
  const complaints = await inspect(io, dir, config);
  const errors = complaints.filter(({ level }) => level === 'error');
  const warnings = complaints.filter(({ level }) => level === 'warning');
  const place = positionals[0] ? ` ${shellWord(positionals[0])}` : '';
  if (errors.length > 0) throw failed(errors, place);
  const lines = warnings.map(
    ({ at, problem, hint }) => `  warning: ${at}: ${problem}${hint ? `  (${hint})` : ''}`,
  );
  return {
    status: 'ok',
    text: [
      `ok: ${config.challenge.title} (${config.challenge.slug})`,
      ...(renewed ? [`  ${GATES_RENEWED.text}`] : []),
      ...texts.map((file) => `  ${file} was written anew: it follows challenge.yaml`),
      ...lines,
    ].join('\n'),
    data: {
      dir,
      slug: config.challenge.slug,
      gates_renewed: renewed,
      texts_renewed: texts,
      warnings: warnings.map(({ level: _level, ...warning }) => warning),
    },
    next: [{ command: `create-collab plan${place}`, why: 'shows what apply would do' }],
  };
}

function failed(errors: Complaint[], place: string): CollabError {
  return new CollabError(
    'CHECK_FAILED',
    errors.length === 1 ? 'One problem.' : `${errors.length} problems.`,
    {
      problems: errors.map(({ at, problem, hint }) => ({ at, problem, hint })),
      next: [{ command: `create-collab check${place}`, why: 'after the correction' }],
    },
  );
}

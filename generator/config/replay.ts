/** The non-interactive command that makes the same tree: only what differs from the defaults, built from the table's flags. */
import { isDeepStrictEqual } from 'node:util';
import type { Field, FieldPath, Known } from './field.ts';
import { inherited } from './gather.ts';
import { type Answers, cleaned, fallbackOf, fields, valueAt } from './schema.ts';
import type { ChallengeConfig } from './types.ts';

/** One POSIX shell line. No flag of it can hold a secret: the table has none, and texts that look like one are refused. */
export function replay(config: ChallengeConfig, defaults: Answers, dir: string): string {
  const words = [
    'create-collab',
    'new',
    dir.startsWith('-') ? `./${dir}` : dir,
    ...replayFlags(config, defaults),
  ];
  return words.map(shellWord).join(' ');
}

/** The flags alone, as an argument list. */
function replayFlags(config: ChallengeConfig, defaults: Answers): string[] {
  const said: Answers = { template: config.template };
  if (config.profile !== defaults.profile) said.profile = config.profile;
  const look = ((path: FieldPath) => valueAt(config, path)) as Known;
  for (const field of fields) {
    const unsaid = inherited(said, defaults)[field.path] ?? fallbackOf(field, look);
    const value = valueAt(config, field.path);
    if (said[field.path] === undefined && !sameValue(field, value, unsaid)) said[field.path] = value;
  }
  return [...fields.flatMap((field) => flagOf(field, said[field.path])), '--yes'];
}

/** The same once the table has cleaned both. */
const sameValue = (field: Field, value: unknown, unsaid: unknown) =>
  unsaid !== undefined && isDeepStrictEqual(value, cleaned(field, unsaid));

function flagOf(field: Field, value: unknown): string[] {
  if (value === undefined) return [];
  if (field.kind === 'bool') return [`--${value ? '' : 'no-'}${field.flag}`];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.startsWith('-') ? [`--${field.flag}=${text}`] : [`--${field.flag}`, text];
}

/** One word of a command line for a POSIX shell, quoted where it has to be. */
export const shellWord = (word: string) =>
  /^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** The non-interactive command that makes the same tree: only what differs from the defaults, built from the table's flags. */
import { isDeepStrictEqual } from 'node:util';
import type { Field } from './field.ts';
import { inherited } from './gather.ts';
import { type Answers, fields, resolve, valueAt } from './schema.ts';
import type { ChallengeConfig } from './types.ts';

/** One POSIX shell line. No flag of it can hold a secret: the table has none, and texts that look like one are refused. */
export function replay(config: ChallengeConfig, defaults: Answers, dir: string, version: string): string {
  const words = [
    'npx',
    `create-collab@${version}`,
    'new',
    dir.startsWith('-') ? `./${dir}` : dir,
    ...replayFlags(config, defaults),
  ];
  return words.map(shellWord).join(' ');
}

/** The flags alone, as an argument list. */
export function replayFlags(config: ChallengeConfig, defaults: Answers): string[] {
  const given: Answers = { template: config.template };
  if (config.profile !== defaults.profile) given.profile = config.profile;
  for (const field of fields) {
    const value = valueAt(config, field.path);
    if (given[field.path] === undefined && !isDeepStrictEqual(value, withDefaults(defaults, given, field)))
      given[field.path] = value;
  }
  return [...fields.flatMap((field) => flagOf(field, given[field.path])), '--yes'];
}

/** What the field would be without being said: resolved with everything said so far. */
function withDefaults(defaults: Answers, given: Answers, field: Field): unknown {
  return resolve({ ...inherited(given, defaults), ...given }).known[field.path];
}

function flagOf(field: Field, value: unknown): string[] {
  if (value === undefined) return [];
  if (field.kind === 'bool') return [`--${value ? '' : 'no-'}${field.flag}`];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.startsWith('-') ? [`--${field.flag}=${text}`] : [`--${field.flag}`, text];
}

export const shellWord = (word: string) =>
  /^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

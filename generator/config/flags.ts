/** The table as command-line flags. */
import type { ParseArgsConfig } from 'node:util';
import { CollabError } from '../errors.ts';
import type { FieldPath } from './field.ts';
import { type Answers, didYouMean, fieldOf, fields } from './schema.ts';
import { valueOf, yamlOf } from './text.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
export type Given = Record<string, string | boolean | (string | boolean)[] | undefined>;

/** `--title <value>`; a yes-or-no setting has `--private` and `--no-private`. */
export const FLAG_OPTIONS: Options = Object.fromEntries(
  fields.flatMap(({ flag, kind }): [string, Options[string]][] =>
    kind === 'bool'
      ? [
          [flag, { type: 'boolean' }],
          [`no-${flag}`, { type: 'boolean' }],
        ]
      : [[flag, { type: 'string' }]],
  ),
);

export const FLAG_DOCS: Record<string, string> = Object.fromEntries(
  fields.flatMap(({ flag, kind, doc }): [string, string][] =>
    kind === 'bool'
      ? [
          [flag, doc],
          [`no-${flag}`, 'The opposite.'],
        ]
      : [[flag, doc]],
  ),
);

export function answersOfFlags(given: Given): Answers {
  const answers: Answers = {};
  for (const field of fields) {
    const value = given[field.flag];
    if (typeof value === 'string') answers[field.path] = valueOf(field, value);
    else if (value === true) answers[field.path] = true;
    if (given[`no-${field.flag}`] === true) answers[field.path] = false;
  }
  return answers;
}

/** `path=value`: a setting, or one value inside a list (`gates.ppl.limit=2.4`, `gates.0.limit=2.4`). */
export function applySets(
  sets: readonly string[],
  answers: Answers,
  look: (path: FieldPath) => unknown,
): Answers {
  const next = { ...answers };
  for (const text of sets) {
    const cut = text.indexOf('=');
    if (cut < 1) throw badSet(text, 'wants path=value');
    const path = text.slice(0, cut).trim();
    const value = text.slice(cut + 1);
    const field = fieldOf.get(path);
    if (field) next[field.path] = valueOf(field, value);
    else setInside(path, yamlOf(value), next, look);
  }
  return next;
}

function setInside(path: string, value: unknown, answers: Answers, look: (path: FieldPath) => unknown): void {
  const parts = path.replace(/\[(\d+)\]/g, '.$1').split('.');
  const cut = parts.findIndex((_, i) => fieldOf.has(parts.slice(0, i + 1).join('.')));
  const field = fieldOf.get(parts.slice(0, cut + 1).join('.'));
  const [item, key, ...rest] = parts.slice(cut + 1);
  if (!field?.items || item === undefined || rest.length > 0) throw unknownSetting(path);
  const list = structuredClone(answers[field.path] ?? look(field.path));
  const at = Array.isArray(list)
    ? list.findIndex((entry, i) => String(i) === item || entry?.id === item)
    : -1;
  if (at < 0) throw badSet(path, `finds no entry "${item}" in ${field.path}`);
  if (key === undefined) (list as unknown[])[at] = value;
  else (list as Record<string, unknown>[])[at] = { ...(list as Record<string, unknown>[])[at], [key]: value };
  answers[field.path] = list;
}

function unknownSetting(path: string): CollabError {
  return badSet(
    path,
    `is no setting${didYouMean(
      path,
      fields.map((field) => field.path),
    )}`,
  );
}

/** The value is left out: it may be something that should not be printed. */
function badSet(text: string, problem: string): CollabError {
  return new CollabError('BAD_SETTING', `--set ${text.split('=')[0]} ${problem}`, {
    next: [{ command: 'create-collab new --help', why: 'lists every setting and its flag' }],
  });
}

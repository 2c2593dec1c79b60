/** The table as a parser: answers of any origin → ChallengeConfig, or every problem at once. */
import { secretIn } from './checks.ts';
import type { Field, FieldPath, ItemKey, Kind, Known } from './field.ts';
import { FIELDS } from './fields.ts';
import type { ChallengeConfig } from './types.ts';

/** Path of one value inside an answer: `['gates', 0, 'limit']`. */
export type ValuePath = (string | number)[];
export interface Problem {
  field: Field;
  /** Below the field. */
  at: ValuePath;
  problem: string;
  missing?: boolean;
}
/** Answers as they come, by field path; an absent key is not answered. */
export type Answers = Partial<Record<FieldPath, unknown>>;
/** `known`: what could be settled, defaults included. */
export type Resolved = { known: Answers } & (
  | { config: ChallengeConfig; problems: [] }
  | { config?: never; problems: Problem[] }
);

export const fieldOf = new Map<string, Field>(FIELDS.map((field) => [field.path, field]));
/** The table in its plain type. */
export const fields: readonly Field[] = FIELDS;

/** Fills defaults in table order and checks everything. @returns the config, or all problems. */
export function resolve(answers: Answers): Resolved {
  const known: Answers = {};
  const problems: Problem[] = [];
  const look = ((path: FieldPath) => known[path]) as Known;
  for (const field of fields) {
    const { value, found } = settle(field, answers, look);
    problems.push(...found);
    if (found.length === 0) known[field.path] = value;
  }
  return problems.length > 0 ? { known, problems } : { known, config: unflatten(known), problems: [] };
}

function settle(field: Field, answers: Answers, look: Known): { value?: unknown; found: Problem[] } {
  const given = answers[field.path];
  const value = given === undefined ? fallbackOf(field, look) : given;
  if (value === undefined)
    return { found: [{ field, at: [], problem: 'is required', missing: given === undefined }] };
  const found: Problem[] = [];
  const clean = coerce(field, value, [], (at, problem) => found.push({ field, at, problem }));
  if (found.length === 0) {
    const problem = field.check?.(clean, look);
    if (problem) found.push({ field, at: entryAt(field, clean, look), problem });
  }
  return { value: clean, found };
}

function entryAt(field: Field, value: unknown, look: Known): ValuePath {
  const entry = field.entry?.(value, look) ?? -1;
  return entry < 0 ? [] : [entry];
}

/** The value a field has when nobody answers. */
export function fallbackOf(field: Field, look: Known): unknown {
  return typeof field.fallback === 'function' ? field.fallback(look) : structuredClone(field.fallback);
}

/** Problem of one value in the light of what is known, or undefined. Used while the answer is being typed. */
export function problemOf(field: Field, value: unknown, look: Known): string | undefined {
  const found: string[] = [];
  const clean = coerce(field, value, [], (at, problem) =>
    found.push([at.join('.'), problem].join(' ').trim()),
  );
  return found[0] ?? field.check?.(clean, look);
}

/** The value as the table keeps it: white space trimmed, limits filled in. */
export const cleaned = (field: Field, value: unknown): unknown => coerce(field, value, [], () => {});

type Report = (at: ValuePath, problem: string) => void;
interface Shape {
  kind: Kind;
  nullable?: boolean;
  choices?: readonly (string | { value: string })[];
  items?: Readonly<Record<string, ItemKey>>;
}

function coerce(shape: Shape, value: unknown, at: ValuePath, report: Report): unknown {
  if (value === null && shape.nullable) return null;
  switch (shape.kind) {
    case 'line':
    case 'text':
      return typeof value === 'string'
        ? cleanText(shape.kind, value, at, report)
        : wrong('text', value, at, report);
    case 'choice':
      return oneOf(shape, value, at, report);
    case 'int':
    case 'number':
      return numberOf(shape.kind, value, at, report);
    case 'bool':
      return typeof value === 'boolean' ? value : wrong('true or false', value, at, report);
    case 'lines':
      if (!Array.isArray(value)) return wrong('a list of texts', value, at, report);
      return value.map((item, i) => coerce({ kind: 'line' }, item, [...at, i], report));
    case 'objects':
      if (!Array.isArray(value)) return wrong('a list', value, at, report);
      return value.map((item, i) => entryOf(shape.items ?? {}, item, [...at, i], report));
  }
}

function wrong(wanted: string, value: unknown, at: ValuePath, report: Report): undefined {
  report(at, `must be ${wanted}, is ${nameOf(value)}`);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return (
    { string: 'text', number: 'a number', boolean: `${value}`, object: 'a group of keys' }[
      typeof value as string
    ] ?? typeof value
  );
}

const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0085\u2028\u2029\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function cleanText(kind: 'line' | 'text', value: string, at: ValuePath, report: Report): string {
  if (CONTROL.test(value)) report(at, 'must not hold control characters');
  const secret = secretIn(value);
  if (secret) report(at, `looks like ${secret}; secrets never go into challenge.yaml`);
  if (kind === 'line') return value.replace(/\s+/gu, ' ').trim();
  return value
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

function oneOf(shape: Shape, value: unknown, at: ValuePath, report: Report): unknown {
  const allowed = (shape.choices ?? []).map((choice) => (typeof choice === 'string' ? choice : choice.value));
  if (typeof value === 'string' && allowed.includes(value)) return value;
  const near = typeof value === 'string' ? nearest(value, allowed) : undefined;
  report(at, `must be one of ${allowed.join(', ')}${near ? `; did you mean "${near}"?` : ''}`);
}

function numberOf(kind: 'int' | 'number', value: unknown, at: ValuePath, report: Report): unknown {
  if (typeof value !== 'number')
    return wrong(kind === 'int' ? 'a whole number' : 'a number', value, at, report);
  if (!Number.isFinite(value)) report(at, 'must be a finite number');
  else if (kind === 'int' && !Number.isSafeInteger(value)) report(at, 'must be a whole number');
  return value;
}

function entryOf(
  items: Readonly<Record<string, ItemKey>>,
  value: unknown,
  at: ValuePath,
  report: Report,
): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return wrong(`a group of keys (${Object.keys(items).join(', ')})`, value, at, report);
  const given = value as Record<string, unknown>;
  for (const key of Object.keys(given))
    if (!Object.hasOwn(items, key))
      report([...at, key], `is not known${didYouMean(key, Object.keys(items)) || unquoted(key, given[key])}`);
  const entry: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(items)) {
    const raw = given[key] ?? structuredClone(item.fallback);
    if (raw !== undefined) entry[key] = checked(item, raw, [...at, key], report);
    else if (!item.optional) report(at, `needs "${key}"`);
  }
  return withLimit(items, entry, at, report);
}

/** In a `{ … }` of YAML a comma ends a text without quotes: what follows becomes a key without a value. */
export const UNQUOTED = '; a text with a comma needs quotes: "…"';
const unquoted = (key: string, value: unknown): string =>
  value === null && /[ .]/.test(key) ? UNQUOTED : '';

function checked(item: ItemKey, raw: unknown, at: ValuePath, report: Report): unknown {
  let bad = false;
  const clean = coerce(item, raw, at, (where, problem) => {
    bad = true;
    report(where, problem);
  });
  const problem = bad ? undefined : item.check?.(clean as never);
  if (problem) report(at, problem);
  return clean;
}

/** A gate has a limit, or a reference and a tolerance that make it. Twelve digits, so that no float noise is written. */
function withLimit(items: object, entry: Record<string, unknown>, at: ValuePath, report: Report): unknown {
  if (!('limit' in items) || typeof entry.limit === 'number') return entry;
  const { reference, tolerance } = entry;
  if (typeof reference === 'number' && typeof tolerance === 'number')
    return { ...entry, limit: Number((reference * (1 + tolerance)).toPrecision(12)) };
  if (entry.limit === undefined) report(at, 'needs "limit", or "reference" and "tolerance"');
  return entry;
}

/** The nearest of `names` at most two fifths of its letters away. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(Math.max(name.length, word.length) * 0.4)))
    .sort((a, b) => a.far - b.far);
  return ranked[0]?.name;
}

export function didYouMean(word: string, names: readonly string[]): string {
  const near = nearest(word, names);
  return near ? `; did you mean "${near}"?` : '';
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function unflatten(known: Answers): ChallengeConfig {
  const config: Record<string, unknown> = { schema: 1 };
  for (const { path } of fields) {
    const [head, key] = path.split('.') as [string, string?];
    if (key === undefined) config[head] = known[path];
    else config[head] = { ...(config[head] as object), [key]: known[path] };
  }
  return config as unknown as ChallengeConfig;
}

/** The value of one setting. */
export function valueAt(config: ChallengeConfig, path: FieldPath): unknown {
  const [head, key] = path.split('.') as [keyof ChallengeConfig, string?];
  const branch = config[head];
  return key === undefined ? branch : (branch as unknown as Record<string, unknown>)[key];
}

/** The answers that make this config. */
export function answersOf(config: ChallengeConfig): Answers {
  return Object.fromEntries(fields.map(({ path }) => [path, valueAt(config, path)]));
}

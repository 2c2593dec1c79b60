/** challenge.yaml in and out: comments from the table, problems at line and column with a caret. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Document,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { CollabError } from '../errors.ts';
import { secretIn } from './checks.ts';
import { type Field, type FieldPath, SECTIONS, type Section } from './field.ts';
import {
  type Answers,
  didYouMean,
  fieldOf,
  fields,
  type Problem,
  resolve,
  UNQUOTED,
  type ValuePath,
  valueAt,
} from './schema.ts';
import type { ChallengeConfig } from './types.ts';

export const CHALLENGE_FILE = 'challenge.yaml';

/** Reads and checks `<dir>/challenge.yaml`. @throws CollabError CHALLENGE_NOT_FOUND, CHALLENGE_INVALID. */
export async function readChallenge(dir: string): Promise<ChallengeConfig> {
  const text = await readFile(join(dir, CHALLENGE_FILE), 'utf8').catch((cause) => {
    throw new CollabError('CHALLENGE_NOT_FOUND', `No readable ${CHALLENGE_FILE} in ${dir}.`, {
      next: [{ command: 'create-collab new my-challenge', why: 'writes a challenge repository' }],
      cause,
    });
  });
  return parseChallenge(text);
}

/** Text of a challenge.yaml → config. Absent settings take their defaults. @throws CollabError CHALLENGE_INVALID. */
export function parseChallenge(text: string, name: string = CHALLENGE_FILE): ChallengeConfig {
  const { answers, locate } = parseAnswers(text, name);
  const { config, problems } = resolve(answers);
  if (!config)
    throw invalid(
      name,
      problems.map((p) => locate(p)),
    );
  return config;
}

interface Located {
  at: string;
  problem: string;
}
export interface ParsedAnswers {
  answers: Answers;
  /** Where in the file a problem of a value stands. */
  locate(problem: Problem): Located;
}

/** Text of an answers file (any part of a challenge.yaml) → answers; unknown keys and broken YAML are refused. */
export function parseAnswers(text: string, name: string): ParsedAnswers {
  const lines = new LineCounter();
  const doc = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    strict: true,
  });
  const point = (offset: number, problem: string): Located => {
    const { line, col } = lines.linePos(offset);
    return { at: `${name}:${line}:${col}`, problem: `${problem}${caret(text, line, col)}` };
  };
  // What follows a place that cannot be read is read wrong.
  const [broken] = [...doc.errors, ...doc.warnings];
  if (broken)
    throw invalid(name, [point(broken.pos[0], `${broken.message}${IN_OTHER_WORDS[broken.code] ?? ''}`)]);
  const root = doc.contents;
  if (root !== null && !isMap(root)) throw invalid(name, [point(0, 'must be a group of keys')]);
  const problems: Located[] = [];
  const answers = root ? collect(doc, root, (offset, problem) => problems.push(point(offset, problem))) : {};
  if (problems.length > 0) throw invalid(name, problems);
  return {
    answers,
    locate: (p) => point(offsetOf(root, p.field, p.at), `${p.field.path}${suffix(p.at)} ${p.problem}`),
  };
}

/** What a fault of the syntax mostly is, where its own words do not say so. */
const IN_OTHER_WORDS: Partial<Record<ErrorCode, string>> = {
  BLOCK_AS_IMPLICIT_KEY: '; a text with ": " needs quotes: "…"',
  TAB_AS_INDENT: ': use spaces',
};

function suffix(at: ValuePath): string {
  return at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
}

function caret(text: string, line: number, col: number): string {
  const source = text.split('\n')[line - 1] ?? '';
  if (secretIn(source)) return '';
  const from = Math.max(0, col - 60);
  const gutter = `${line} | `;
  return `\n    ${gutter}${source.slice(from, from + 100)}\n    ${' '.repeat(gutter.length + col - 1 - from)}^`;
}

function invalid(name: string, problems: Located[]): CollabError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new CollabError('CHALLENGE_INVALID', `${name} has ${count}.`, {
    problems,
    next: [{ command: 'create-collab check', why: 'after the correction' }],
  });
}

type Report = (offset: number, problem: string) => void;

function collect(doc: Document.Parsed, root: YAMLMap, report: Report): Answers {
  const answers: Answers = {};
  for (const pair of root.items) {
    const key = keyOf(pair);
    if (key === 'schema') schemaVersion(pair, report);
    else if (fieldOf.has(key)) answers[key as FieldPath] = plain(doc, pair, report);
    else if (key in SECTIONS && key !== 'start') section(doc, key, pair, answers, report);
    else report(offset(pair.key), `"${key}" is not known${didYouMean(key, topLevel())}`);
  }
  return answers;
}

function section(doc: Document.Parsed, name: string, pair: Pair, answers: Answers, report: Report): void {
  if (isScalar(pair.value) && pair.value.value === null) return;
  if (!isMap(pair.value)) return report(offset(pair.value ?? pair.key), `"${name}" must be a group of keys`);
  const names = fields.filter((f) => f.section === name).map((f) => f.path.split('.')[1] as string);
  for (const inner of pair.value.items) {
    const path = `${name}.${keyOf(inner)}`;
    if (fieldOf.has(path)) answers[path as FieldPath] = plain(doc, inner, report);
    else
      report(
        offset(inner.key),
        `"${path}" is not known${inner.value ? didYouMean(keyOf(inner), names) : UNQUOTED}`,
      );
  }
}

function plain(doc: Document.Parsed, pair: Pair, report: Report): unknown {
  try {
    return (pair.value as Node | null)?.toJS(doc, { maxAliasCount: 50 }) ?? null;
  } catch (error) {
    report(offset(pair.value ?? pair.key), (error as Error).message);
    return undefined;
  }
}

function schemaVersion(pair: Pair, report: Report): void {
  if (!isScalar(pair.value) || pair.value.value !== 1)
    report(offset(pair.value ?? pair.key), 'schema must be 1: this create-collab reads no other version');
}

const keyOf = (pair: Pair) => String(isScalar(pair.key) ? pair.key.value : pair.key);
const offset = (node: unknown) => (node as Node | null)?.range?.[0] ?? 0;
const topLevel = () => ['schema', ...new Set(fields.map((f) => f.path.split('.')[0] as string))];

/** Offset of the deepest node that exists on the way to the value. */
function offsetOf(root: unknown, field: Field, at: ValuePath): number {
  let node: unknown = root;
  let best = 0;
  for (const key of [...field.path.split('.'), ...at]) {
    const pair = isMap(node) ? node.items.find((p) => keyOf(p) === key) : undefined;
    const next = pair ? pair.value : isSeq(node) ? node.items[key as number] : undefined;
    if (next === undefined && !pair) return best;
    best = offset(next ?? pair?.key);
    node = next;
  }
  return best;
}

const HEAD = `The single source of truth of this challenge. Edit it, then run: create-collab check && create-collab plan
Every name, text and limit of the server, the bucket and the harness derives from this file. No secrets here.`;

/** Config → the text of challenge.yaml, commented from the table. The same config gives the same bytes. */
export function writeChallenge(config: ChallengeConfig): string {
  const doc = new Document({ schema: 1 }, { aliasDuplicateObjects: false });
  doc.commentBefore = comment(HEAD);
  let current: Section = 'start';
  for (const field of fields) {
    doc.setIn(field.path.split('.'), doc.createNode(styled(valueAt(config, field.path))));
    annotate(doc, field, field.section !== current);
    current = field.section;
  }
  return doc.toString({ lineWidth: 110, indentSeq: true, singleQuote: true, nullStr: 'null' });
}

/** Plain values; several lines of text become a literal block, so that nothing is folded away. */
function styled(value: unknown): unknown {
  if (typeof value === 'string' && value.includes('\n')) {
    const scalar = new Scalar(value);
    scalar.type = 'BLOCK_LITERAL';
    return scalar;
  }
  if (Array.isArray(value)) return value.map(styled);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, styled(item)]));
}

function annotate(doc: Document, field: Field, opensSection: boolean): void {
  const [head, key] = field.path.split('.') as [string, string?];
  const top = (doc.contents as YAMLMap).items.find((p) => keyOf(p as Pair) === head) as Pair<Scalar, Node>;
  const pair =
    key === undefined
      ? top
      : ((top.value as YAMLMap).items.find((p) => keyOf(p as Pair) === key) as Pair<Scalar, Node>);
  if (typeof pair.key === 'string') pair.key = new Scalar(pair.key) as never;
  pair.key.commentBefore = comment(describe(field));
  if (!opensSection) return;
  if (typeof top.key === 'string') top.key = new Scalar(top.key) as never;
  top.key.spaceBefore = true;
  if (key !== undefined) top.key.commentBefore = comment(`--- ${SECTIONS[field.section]} ---`);
}

/** The doc line and, for a list, its keys. */
function describe(field: Field): string {
  const keys = Object.entries(field.items ?? {}).map(
    ([key, item]) =>
      `  ${key}: ${item.choices ? `${item.choices.join(' | ')}: ` : ''}${item.doc}${item.optional ? ' (optional)' : ''}`,
  );
  return [field.doc, ...keys].join('\n');
}

const comment = (text: string) => text.replace(/^/gm, ' ');

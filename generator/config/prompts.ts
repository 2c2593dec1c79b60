/** The table as questions on a terminal, in its order; only what is still open is asked, and nothing is written here. */

import { setMaxListeners } from 'node:events';
import { resolve as resolvePath } from 'node:path';
import * as clack from '@clack/prompts';
import { requireFree } from '../apply/files.ts';
import { templateNames } from '../apply/package-files.ts';
import { Cancelled, CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { askValue } from './ask-value.ts';
import { type Field, type FieldPath, type Known, SECTIONS } from './field.ts';
import type { Given } from './flags.ts';
import { gamingHints } from './gaming.ts';
import { type Gathered, gather, settle } from './gather.ts';
import { fields } from './schema.ts';
import { summaryLines, templateLines } from './summary.ts';
import type { Gate } from './types.ts';

export interface Asked extends Gathered {
  dir: string;
}

/** One terminal: streams and Ctrl-C are parameters, a cancelled question throws. */
export interface Terminal {
  io: Io;
  common: { input: Io['stdin']; output: Io['stdout']; signal: AbortSignal };
}

/** @throws Cancelled at Ctrl-C or Escape; nothing has been written then. */
export async function answered<T>(prompt: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await prompt;
  if (clack.isCancel(value)) throw new Cancelled();
  return value as Exclude<T, symbol>;
}

/** @returns every answer a person gave, ready to be written. */
export async function ask(io: Io, options: Given, dir: string | undefined): Promise<Asked> {
  const terminal: Terminal = { io, common: { input: io.stdin, output: io.stdout, signal: io.signal } };
  // Every question listens for Ctrl-C, and there are many questions.
  setMaxListeners(0, io.signal);
  clack.intro('create-collab: from a question to a running collaboration', terminal.common);
  let gathered = await withTemplate(terminal, options);
  const folder = dir ?? (await askFolder(terminal, gathered.template));
  const open = await askAll(terminal, gathered);
  gathered = open.gathered;
  for (;;) {
    const next = await review(terminal, gathered, folder);
    if (next === 'write') return { ...gathered, dir: folder };
    gathered = await change(terminal, gathered, next);
  }
}

async function withTemplate(terminal: Terminal, options: Given): Promise<Gathered> {
  const gathered = await gather(terminal.io, options);
  if (gathered.templateGiven) return gathered;
  const names = await templateNames(terminal.io.packageRoot);
  const template = await answered(
    clack.select({
      ...terminal.common,
      message: 'Which template?',
      initialValue: gathered.template,
      options: names.map((value) => ({ value, label: value, hint: TEMPLATE_HINTS[value] ?? '' })),
    }),
  );
  return gather(terminal.io, { ...options, template });
}

const TEMPLATE_HINTS: Record<string, string> = {
  gemma: 'a faster language model that says the same; the reference',
  blank: 'a small working example; every question is asked',
};

async function askFolder(terminal: Terminal, template: string): Promise<string> {
  for (;;) {
    const fallback = template === 'blank' ? 'my-collab' : `${template}-collab`;
    const dir = await answered(
      clack.text({
        ...terminal.common,
        message: 'Into which folder?',
        placeholder: fallback,
        defaultValue: fallback,
      }),
    );
    try {
      await requireFree(resolvePath(terminal.io.cwd, dir));
      return dir;
    } catch (error) {
      if (!(error instanceof CollabError)) throw error;
      clack.log.warn(error.message, terminal.common);
    }
  }
}

/** What a template leaves open: everything in `blank`, else what has no value or is always asked. */
function isOpen(field: Field, gathered: Gathered): boolean {
  if (!field.question || gathered.given[field.path] !== undefined) return false;
  return (
    gathered.template === 'blank' || field.ask === 'always' || gathered.defaults[field.path] === undefined
  );
}

async function askAll(terminal: Terminal, start: Gathered): Promise<{ gathered: Gathered }> {
  let gathered = start;
  if (gathered.template !== 'blank')
    clack.note(
      templateLines(gathered, terminal.io.stdout.columns).join('\n'),
      `Fixed by the template "${gathered.template}"`,
      terminal.common,
    );
  let section: string | undefined;
  for (const field of fields) {
    if (!isOpen(field, gathered) || field.when?.(knownOf(gathered)) === false) continue;
    if (field.section !== section) clack.log.step(SECTIONS[field.section], terminal.common);
    section = field.section;
    gathered = await askField(terminal, gathered, field);
    if (field.path === 'gates') gathered = await counterGates(terminal, gathered);
  }
  return { gathered };
}

/** What is settled so far: the look-up that defaults and checks use. */
function knownOf(gathered: Gathered): Known {
  const { known } = settle(gathered);
  return ((path: FieldPath) => known[path]) as Known;
}

async function askField(terminal: Terminal, gathered: Gathered, field: Field): Promise<Gathered> {
  const value = await askValue(terminal, field, knownOf(gathered));
  return { ...gathered, given: { ...gathered.given, [field.path]: value } };
}

/** Shows how metric and gates could be met without the work, and offers the gate that would notice. */
async function counterGates(terminal: Terminal, gathered: Gathered): Promise<Gathered> {
  let current = gathered;
  const known = knownOf(gathered);
  const gates = () => (knownOf(current)('gates') ?? []) as Gate[];
  const metric = {
    field: known('metric.field') ?? '',
    label: known('metric.label') ?? '',
    unit: known('metric.unit') ?? '',
  };
  const seen = new Set<string>();
  for (;;) {
    const hints = gamingHints({ metric, gates: gates() } as never);
    const hint = hints.find(({ about }) => !seen.has(about));
    if (!hint) return current;
    seen.add(hint.about);
    const text = [`How could "${hint.about}" be gamed?`, hint.attack, `→ ${hint.advice}`];
    clack.log.warn(text.map((line) => wrapped(line, terminal.io.stdout.columns)).join('\n'), terminal.common);
    if (!hint.counter) continue;
    const { id, op, limit, doc } = hint.counter;
    const add = await answered(
      clack.confirm({
        ...terminal.common,
        message: `Add the counter-gate ${id} ${op} ${limit}? (${doc} harness/run.py has to measure it.)`,
        initialValue: false,
      }),
    );
    if (add) current = { ...current, given: { ...current.given, gates: [...gates(), hint.counter] } };
  }
}

/** Broken between words, so that a line and clack's bar before it fit the terminal. */
const wrapped = (text: string, columns = 80) =>
  text.replace(new RegExp(`(.{1,${Math.min(columns, 110) - 4}})(?:\\s+|$)`, 'g'), '$1\n').trimEnd();

async function review(terminal: Terminal, gathered: Gathered, dir: string): Promise<'write' | Field> {
  const resolved = settle(gathered);
  clack.note(
    summaryLines(resolved.known, dir, terminal.io.stdout.columns).join('\n'),
    'This will be written',
    terminal.common,
  );
  for (const problem of resolved.problems) {
    clack.log.error(`${problem.field.path} ${problem.problem}`, terminal.common);
    return problem.field;
  }
  const next = await answered(
    clack.select({
      ...terminal.common,
      message: 'Write it?',
      options: [
        { value: 'write', label: 'Yes, write it' },
        { value: 'change', label: 'Change an answer' },
        { value: 'cancel', label: 'No, leave everything as it is' },
      ],
    }),
  );
  if (next === 'cancel') throw new Cancelled();
  return next === 'write' ? 'write' : pick(terminal, gathered);
}

async function pick(terminal: Terminal, gathered: Gathered): Promise<Field> {
  const known = knownOf(gathered);
  const path = await answered(
    clack.autocomplete({
      ...terminal.common,
      message: 'Which one? (type to search)',
      maxItems: 10,
      options: fields
        .filter((field) => field.question && field.when?.(known) !== false)
        .map((field) => ({ value: field.path as string, label: field.path, hint: field.doc })),
    }),
  );
  return fields.find((field) => field.path === path) as Field;
}

async function change(terminal: Terminal, gathered: Gathered, field: Field): Promise<Gathered> {
  const next = await askField(terminal, gathered, field);
  return field.path === 'gates' ? counterGates(terminal, next) : next;
}

/** The table as questions on a terminal, in its order; only what is still open is asked, and nothing is written here. */

import { setMaxListeners } from 'node:events';
import { resolve as resolvePath } from 'node:path';
import * as clack from '@clack/prompts';
import type { HardwareOffer, Identity } from '@collab/hub';
import { requireFree } from '../apply/files.ts';
import { Cancelled, CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { templateNames } from '../package-files.ts';
import { askValue } from './ask-value.ts';
import { counterGates } from './counter-gates.ts';
import { type Field, type FieldPath, type Known, SECTIONS } from './field.ts';
import type { Given } from './flags.ts';
import { type Gathered, gather, settle } from './gather.ts';
import { accountNotes, flavorChoices, likelyOrg, livePrices, whoIsAsking } from './hub-facts.ts';
import { type Answers, fields } from './schema.ts';
import { summaryLines, templateLines } from './summary.ts';
import { answered, type Terminal, terminalOf, wrapped } from './terminal.ts';

export interface Asked extends Gathered {
  dir: string;
}

/** @returns every answer a person gave, ready to be written. */
export async function ask(io: Io, options: Given, dir: string | undefined): Promise<Asked> {
  const terminal = terminalOf(io);
  // Every question listens for Ctrl-C, and there are many questions.
  setMaxListeners(0, terminal.common.signal);
  clack.intro('create-collab: from a question to a running collaboration', terminal.common);
  let gathered = await withTemplate(terminal, options);
  const folder = dir ?? (await askFolder(terminal, gathered.template));
  const facts = factsFor(io);
  gathered = await askAll(terminal, gathered, facts);
  for (;;) {
    const next = await review(terminal, gathered, folder);
    if (next === 'write') return { ...gathered, dir: folder };
    gathered = await askField(terminal, gathered, next, facts);
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

async function askAll(terminal: Terminal, start: Gathered, facts: Facts): Promise<Gathered> {
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
    gathered = await askField(terminal, gathered, field, facts);
  }
  return gathered;
}

/** What is settled so far: the look-up that defaults and checks use. */
function knownOf(gathered: Gathered): Known {
  const { known } = settle(gathered);
  return ((path: FieldPath) => known[path]) as Known;
}

const said = (gathered: Gathered, answers: Answers): Gathered => ({
  ...gathered,
  given: { ...gathered.given, ...answers },
});

/** One question, with what belongs to its answer. */
async function askField(terminal: Terminal, start: Gathered, field: Field, facts: Facts): Promise<Gathered> {
  if (field.path === 'hardware.flavor') return askFlavor(terminal, start, field, facts);
  const suggestion = await suggestionFor(field.path, facts);
  const value = await askValue(terminal, field, knownOf(start), suggestion);
  const gathered = said(start, { [field.path]: value });
  if (field.path === 'gates')
    return said(gathered, { gates: await counterGates(terminal, knownOf(gathered)) });
  if (field.path === 'hub.org') await warnAboutAccount(terminal, gathered, facts);
  return gathered;
}

/** Asked once, in the background, and only when somebody wants to know. */
interface Facts {
  prices(): Promise<HardwareOffer[] | null>;
  identity(): Promise<Identity | null>;
}

function factsFor(io: Io): Facts {
  let prices: Promise<HardwareOffer[] | null> | undefined;
  let identity: Promise<Identity | null> | undefined;
  return {
    prices: () => (prices ??= livePrices(io)),
    identity: () => (identity ??= whoIsAsking(io)),
  };
}

/** A live price goes into the answers, so that budgets count with it. */
async function askFlavor(
  terminal: Terminal,
  gathered: Gathered,
  field: Field,
  facts: Facts,
): Promise<Gathered> {
  const offers = await facts.prices();
  const live = offers ? { ...field, choices: flavorChoices(offers) } : field;
  const flavor = await askValue(terminal, live, knownOf(gathered));
  const price = offers?.find((offer) => offer.name === flavor)?.usdPerHour;
  return said(gathered, {
    'hardware.flavor': flavor,
    ...(price === undefined ? {} : { 'hardware.usd_per_hour': price }),
  });
}

async function suggestionFor(path: FieldPath, facts: Facts): Promise<string | undefined> {
  if (path !== 'hub.org' && path !== 'hub.private_namespace') return undefined;
  const identity = await facts.identity();
  return identity ? (path === 'hub.org' ? likelyOrg(identity) : identity.name) : undefined;
}

async function warnAboutAccount(terminal: Terminal, gathered: Gathered, facts: Facts): Promise<void> {
  const identity = await facts.identity();
  const known = knownOf(gathered);
  const org = known('hub.org');
  if (!identity || !org) return;
  const notes = accountNotes(identity, org, known('hardware.jobs_enabled') === true);
  const head = `The token at hand belongs to ${identity.name}.`;
  if (notes.length === 0) clack.log.info(`${head} It may do what is needed.`, terminal.common);
  else clack.log.warn(wrapped(terminal, [head, ...notes.map((note) => `→ ${note}`)]), terminal.common);
}

async function review(terminal: Terminal, gathered: Gathered, dir: string): Promise<'write' | Field> {
  const { known, problems } = settle(gathered);
  const [problem] = problems;
  if (problem) {
    clack.log.error(wrapped(terminal, [`${problem.field.path} ${problem.problem}`]), terminal.common);
    return problem.field;
  }
  clack.note(
    summaryLines(known, dir, terminal.io.stdout.columns).join('\n'),
    'This will be written',
    terminal.common,
  );
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

/** Answers from every door but the prompts, and the defaults a template brings. */
import { readFile } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { requireTemplate, templateNames } from '../package-files.ts';
import type { FieldPath } from './field.ts';
import { answersOfFlags, applySets, type Given } from './flags.ts';
import { type Answers, fields, type Problem, type Resolved, resolve } from './schema.ts';
import type { ChallengeConfig } from './types.ts';
import { type ParsedAnswers, parseAnswers } from './yaml.ts';

export interface Gathered {
  template: string;
  templateGiven: boolean;
  /** Said by the caller. */
  given: Answers;
  /** Said by the template, as it stands there; `settle` takes of it what this challenge inherits. */
  defaults: Answers;
  /** An answers file was given: what it leaves out takes the default. */
  fromFile: boolean;
  /** Where the caller has to look for a problem. */
  locate(problem: Problem): { at: string; problem: string; hint?: string };
}

/** Precedence: template < answers file < flags < `--set`. */
export async function gather(io: Io, options: Given): Promise<Gathered> {
  const file = await answersFile(io, options.answers);
  const flags = answersOfFlags(options);
  const sets = ((options.set as string[] | undefined) ?? []).map(String);
  const said = { ...file?.answers, ...flags };
  const first = applySets(
    sets.filter((text) => /^(?:template|profile)\s*=/.test(text)),
    said,
    () => undefined,
  );
  const template = String(first.template ?? 'gemma');
  requireTemplate(template, await templateNames(io.packageRoot));
  const defaults = await templateDefaults(io.packageRoot, template, first.profile);
  const given = applySets(sets, { ...said, template }, (path) => defaults[path]);
  return {
    template,
    templateGiven: first.template !== undefined,
    given,
    defaults,
    fromFile: file !== undefined,
    locate: (problem) => whereFrom(problem, file, flags, sets),
  };
}

async function answersFile(io: Io, path: unknown): Promise<ParsedAnswers | undefined> {
  if (typeof path !== 'string') return undefined;
  const text = await readFile(resolvePath(io.cwd, path), 'utf8').catch((cause) => {
    throw new CollabError('ANSWERS_NOT_FOUND', `Cannot read the answers file ${path}.`, {
      next: [{ command: 'create-collab new --help', why: 'describes --answers' }],
      cause,
    });
  });
  return parseAnswers(text, path);
}

/** The template's challenge.yaml, with the file of the profile laid over it. `profile` stays the template's own. */
export async function templateDefaults(root: string, template: string, profile: unknown): Promise<Answers> {
  const folder = join(root, 'challenges', template);
  const text = await readFile(join(folder, 'challenge.yaml'), 'utf8');
  const base = parseAnswers(text, `${template}/challenge.yaml`).answers;
  const wanted = typeof profile === 'string' ? profile : base.profile;
  const over = await readFile(join(folder, 'profiles', `${wanted}.yaml`), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    },
  );
  const overlay = parseAnswers(over, `${template}/profiles/${wanted}.yaml`).answers;
  return { ...base, ...overlay, profile: base.profile };
}

/** What a challenge takes from its template: not what belongs to one alone, and a new title brings its own short name. */
export function inherited(given: Answers, defaults: Answers): Answers {
  const next = { ...defaults };
  for (const field of fields) if (field.own) delete next[field.path];
  const title = given['challenge.title'];
  if (title !== undefined && title !== defaults['challenge.title']) delete next['challenge.slug'];
  if (given.gates !== undefined) next.divisions = divisionsFor(given.gates, defaults);
  for (const path of outdated(given, defaults)) delete next[path];
  return next;
}

/** What the template says of a metric and of gates that were answered otherwise. */
function outdated(given: Answers, defaults: Answers): FieldPath[] {
  const field = given['metric.field'];
  const otherMetric = field !== undefined && field !== defaults['metric.field'];
  const gates = (given.gates ?? defaults.gates ?? []) as { field?: unknown }[];
  const measured = [field ?? defaults['metric.field'], ...listed(gates).map((gate) => gate?.field)];
  const second = measured.includes(defaults['metric.secondary_field']);
  return [...(otherMetric ? OF_THE_METRIC : []), ...(second ? [] : OF_THE_SECOND)];
}

const OF_THE_METRIC: FieldPath[] = [
  'metric.label',
  'metric.unit',
  'metric.formula',
  'metric.baseline',
  'metric.required_fields',
];
const OF_THE_SECOND: FieldPath[] = ['metric.secondary_field', 'metric.secondary_label'];
const listed = <T>(list: T[]): T[] => (Array.isArray(list) ? list : []);

/** The template's divisions with the gates of now: those that went leave, new ones join the headline. */
function divisionsFor(gates: unknown, defaults: Answers): unknown {
  const ids = (list: unknown) => (Array.isArray(list) ? list.map((gate) => gate?.id) : []);
  const [now, before] = [ids(gates), ids(defaults.gates)];
  const added = now.filter((id) => !before.includes(id));
  return (defaults.divisions as ChallengeConfig['divisions'] | undefined)?.map((division) => ({
    ...division,
    gates: [...division.gates.filter((id) => now.includes(id)), ...(division.headline ? added : [])],
  }));
}

/** The config these answers make, defaults included. */
export const settle = ({ given, defaults }: Pick<Gathered, 'given' | 'defaults'>): Resolved =>
  resolve({ ...inherited(given, defaults), ...given });

function whereFrom(problem: Problem, file: ParsedAnswers | undefined, flags: Answers, sets: string[]) {
  const { field } = problem;
  const flag = field.kind === 'bool' ? `--${field.flag} or --no-${field.flag}` : `--${field.flag} <value>`;
  const text = `${field.path} ${problem.problem}`;
  if (problem.missing) return { at: `--${field.flag}`, problem: text, hint: flag };
  const set = sets.some((one) => one.startsWith(field.path));
  if (set) return { at: `--set ${field.path}`, problem: text };
  if (flags[field.path] !== undefined) return { at: `--${field.flag}`, problem: text };
  if (file?.answers[field.path] !== undefined) return file.locate(problem);
  return { at: field.path, problem: text, hint: flag };
}

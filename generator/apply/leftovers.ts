import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { templateDefaults } from '../config/gather.ts';
import type { Answers } from '../config/schema.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { templateNames } from '../package-files.ts';
import type { Complaint } from './inspect.ts';

const warning = (at: string, problem: string, hint?: string): Complaint => ({
  level: 'warning',
  at,
  problem,
  ...(hint ? { hint } : {}),
});

/**
 * What stayed the template's although the metric is another one: each of it is valid by itself, and together they rank the
 * wrong thing. @param root of the package, which has the templates.
 */
export async function leftovers(dir: string, config: ChallengeConfig, root: string): Promise<Complaint[]> {
  if (!(await templateNames(root)).includes(config.template)) return [];
  const before = await templateDefaults(root, config.template, config.profile);
  const template = join(root, 'challenges', config.template);
  const [harness, text] = await Promise.all([
    sameHarness(dir, template),
    same(join(dir, 'task/measuring.md'), join(template, 'task/measuring.md')),
  ]);
  const { field, order } = config.metric;
  if (field === before['metric.field'])
    return order !== before['metric.order'] && harness ? [otherWay(config.metric, before)] : [];
  return [
    ...(harness ? [measuresAnother(field, before)] : []),
    ...(text
      ? [warning('task/measuring.md', `is still the template's, which measures ${before['metric.field']}`)]
      : []),
    ...oldWords(config.metric, before),
  ];
}

const measuresAnother = (field: string, before: Answers): Complaint =>
  warning(
    'harness/',
    `is still the template's: it measures ${before['metric.label']} (${before['metric.unit']}) and would write that as ${field}`,
    'harness/README.md says where the measurement is',
  );

const otherWay = ({ field, order }: ChallengeConfig['metric'], before: Answers): Complaint =>
  warning(
    'metric.order',
    `is ${order}, and what the template's harness writes as ${field} is better when it is ${before['metric.order'] === 'asc' ? 'lower' : 'higher'}`,
  );

function oldWords(
  { field, label, unit, required_fields: required }: ChallengeConfig['metric'],
  before: Answers,
) {
  const old = before['metric.field'];
  const found: Complaint[] = [];
  if (label === before['metric.label'])
    found.push(warning('metric.label', `still says "${label}", and the score is ${field}`));
  if (unit === before['metric.unit'] && label === before['metric.label'])
    found.push(warning('metric.unit', `still says "${unit}", the unit of ${old}`));
  for (const name of new Set([String(old), 'score']))
    if (name !== field && required.includes(name))
      found.push(
        warning('metric.required_fields', `names "${name}", and the score is "${field}" (metric.field)`),
      );
  return found;
}

async function sameHarness(dir: string, template: string): Promise<boolean> {
  const names = (await readdir(join(template, 'harness'))).filter((name) => name.endsWith('.py'));
  const equal = names.map((name) => same(join(dir, 'harness', name), join(template, 'harness', name)));
  return (await Promise.all(equal)).every(Boolean);
}

/** A file that is not there is no leftover. */
async function same(mine: string, theirs: string): Promise<boolean> {
  const read = (path: string) => readFile(path).catch(() => null);
  const [a, b] = await Promise.all([read(mine), read(theirs)]);
  return a !== null && b !== null && a.equals(b);
}

/** Jobs run the profile that stands in their arguments, whatever `profile` says. */
export async function profileComplaints(
  dir: string,
  { profile, hardware }: ChallengeConfig,
): Promise<Complaint[]> {
  const at = hardware.extra_args.indexOf('--profile');
  const named = hardware.extra_args[at + 1];
  if (at < 0 || named === undefined) return [];
  const known = await readdir(join(dir, 'harness/profiles')).catch(() => [] as string[]);
  if (known.length > 0 && !known.includes(`${named}.json`))
    return [
      {
        level: 'error',
        at: 'hardware.extra_args',
        problem: `names the profile "${named}", and there is no harness/profiles/${named}.json`,
        hint: `there are ${known.map((name) => name.replace(/\.json$/, '')).join(', ')}`,
      },
    ];
  if (named === profile) return [];
  const hint = 'create-collab new --profile writes all that belongs to a profile';
  return [
    warning('hardware.extra_args', `has jobs run the profile "${named}", and profile is "${profile}"`, hint),
  ];
}

/** What is about to be written, in lines for a person. Pure. */

import type { Gathered } from './gather.ts';
import type { Answers } from './schema.ts';
import type { ChallengeConfig, Gate } from './types.ts';

type Loose = { [S in keyof ChallengeConfig]?: ChallengeConfig[S] };

const gatesText = (gates: Gate[] | undefined) =>
  (gates ?? []).map(({ field, op, limit }) => `${field} ${op} ${limit}`).join(', ') || 'none';
/** Rows of a box in a terminal of so many columns: each on one line. */
const rowsFor = (columns = 80) => {
  const width = Math.min(columns, 110) - 26;
  return (name: string, text: unknown) => {
    const line = String(text ?? '').replace(/\s+/g, ' ');
    return `${name.padEnd(16)}${line.length > width ? `${line.slice(0, width - 1)}…` : line}`;
  };
};

/** The template's part, shown instead of asked. */
export function templateLines({ defaults }: Pick<Gathered, 'defaults'>, columns?: number): string[] {
  const row = rowsFor(columns);
  const divisions = (defaults.divisions as Loose['divisions']) ?? [];
  const better = defaults['metric.order'] === 'asc' ? 'lower is better' : 'higher is better';
  return [
    row('goal', defaults['challenge.objective']),
    row('metric', `${defaults['metric.label']} (${defaults['metric.unit']}), ${better}`),
    row('gates', gatesText(defaults.gates as Gate[] | undefined)),
    row(
      'divisions',
      divisions.map(({ label, headline }) => `${label}${headline ? ' (headline)' : ''}`).join(', '),
    ),
    row('hardware', `${defaults['hardware.flavor']}, ${defaults['hardware.timeout_minutes']} minutes a job`),
    row('verification', defaults['verification.mode']),
    'Change any of it later, in challenge.yaml or at "Change an answer".',
  ];
}

export function summaryLines(known: Answers, dir: string, columns?: number): string[] {
  const row = rowsFor(columns);
  const local = known['hub.endpoint'] === 'local';
  const jobs = known['hardware.jobs_enabled'] === true;
  return [
    row('folder', dir),
    row('title', known['challenge.title']),
    row('slug', known['challenge.slug']),
    row('template', `${known.template}, ${known.profile}`),
    row(
      'metric',
      `${known['metric.field']}: ${known['metric.label']}, ${known['metric.order'] === 'asc' ? 'lower' : 'higher'} is better`,
    ),
    row('gates', gatesText(known.gates as Gate[] | undefined)),
    row(
      'jobs',
      jobs
        ? `${known['hardware.flavor']}, ${known['hardware.per_agent_per_day']} per agent and day, budget $${known['hardware.budget_usd']}`
        : 'off',
    ),
    row('verification', known['verification.mode']),
    row('runs', local ? 'on this machine (embedded hub)' : known['hub.endpoint']),
    row('organization', known['hub.org']),
    row('shared record', known['hub.central_bucket']),
    row('private things', known['hub.private_bucket']),
    row('Space', known['hub.space']),
  ];
}

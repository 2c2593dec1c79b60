/**
 * THE settings table: every setting of a challenge, once. Prompts, flags, `--set`, `--answers`, challenge.yaml with its
 * comments, the docs and the defaults are readers of it. What reaches the Space is listed by @collab/contract/settings.ts.
 */
import { PUBLIC_HUB } from '@collab/contract/settings.ts';
import {
  COMMAND,
  GATE_ID,
  httpUrl,
  localOrg,
  METRIC_FIELD,
  namespace,
  repoId,
  SLUG,
  shortSlug,
} from './checks.ts';
import { type FieldPath, field, type Known } from './field.ts';
import { FLAVORS, FREE_HARDWARE, flavorLabel } from './prices.ts';

const positive = (value: number) => (value > 0 ? undefined : 'must be greater than 0');
const notNegative = (value: number) => (value >= 0 ? undefined : 'must not be negative');
const filled = (value: string) => (value.trim() ? undefined : 'must not be empty');
const unique = (list: { id: string }[]) => {
  const seen = new Set<string>();
  for (const { id } of list)
    if (seen.size === seen.add(id).size) return `has two entries with the id "${id}"`;
  return undefined;
};

/** Gates that could not be read are no missing ones. */
function missingGate(wanted: string[], known: Known): string | undefined {
  const there = known('gates');
  return there && wanted.find((gate) => !there.some(({ id }) => id === gate));
}

export const FIELDS = [
  field('template', {
    kind: 'line',
    flag: 'template',
    doc: 'Template this challenge was made from.',
    fallback: 'gemma',
  }),
  field('profile', {
    kind: 'choice',
    flag: 'profile',
    doc: 'Parameter set of the harness: rehearsal (a laptop, seconds) or full (the real thing).',
    fallback: 'rehearsal',
    choices: [
      { value: 'rehearsal', label: 'Rehearsal', hint: 'small enough for a laptop, same code' },
      { value: 'full', label: 'Full', hint: 'the real model on the real hardware' },
    ],
  }),

  field('challenge.title', {
    kind: 'line',
    flag: 'title',
    doc: 'Name of the challenge, for people.',
    question: 'What is the challenge called?',
    ask: 'always',
    check: (v) => filled(v) ?? (v.length > 120 ? 'must not be longer than 120 characters' : undefined),
  }),
  field('challenge.slug', {
    kind: 'line',
    flag: 'slug',
    doc: 'Short name used in every bucket name: a-z, 0-9 and single dashes, at most 40 characters.',
    question: 'Short name for buckets and URLs?',
    ask: 'always',
    fallback: (known) => shortSlug(known('challenge.title') ?? '') || undefined,
    check: SLUG,
  }),
  field('challenge.tagline', {
    kind: 'line',
    flag: 'tagline',
    doc: 'One line under the title.',
    question: 'One line that makes people want to join?',
    ask: 'always',
    fallback: '',
  }),
  field('challenge.flavour', {
    kind: 'choice',
    flag: 'flavour',
    doc: 'What kind of work it is: optimize, prove, build or research.',
    question: 'What kind of work is it?',
    fallback: 'optimize',
    choices: [
      { value: 'optimize', label: 'Optimize', hint: 'make a number go up or down' },
      { value: 'prove', label: 'Prove', hint: 'find something that can be checked once found' },
      { value: 'build', label: 'Build', hint: 'code against a conformance suite' },
      { value: 'research', label: 'Research', hint: 'collect knowledge that others can check' },
    ],
  }),
  field('challenge.objective', {
    kind: 'text',
    flag: 'objective',
    doc: 'What exactly is optimized, proved, built or written.',
    question: 'What exactly is the goal? (one or two sentences)',
    check: filled,
  }),
  field('challenge.fixed', {
    kind: 'text',
    flag: 'fixed',
    doc: 'What nobody may change.',
    question: 'What is fixed?',
    fallback: 'The question, the harness and the hardware.',
  }),
  field('challenge.free', {
    kind: 'text',
    flag: 'free',
    doc: 'What everybody may change.',
    question: 'What is free to change?',
    fallback: 'Everything that is not named as fixed or forbidden.',
  }),
  field('challenge.forbidden', {
    kind: 'text',
    flag: 'forbidden',
    doc: 'What is out of bounds. Say it before somebody does it.',
    question: 'What is out of bounds?',
    fallback:
      'Answers prepared for known questions, another path for the grader, reading the private data, and any use of the network.',
  }),
  field('challenge.lanes', {
    kind: 'objects',
    flag: 'lanes',
    doc: 'Research avenues. Participants read them, so that not everybody does the same.',
    question: 'Research avenues, so that not everybody does the same? (separated by ;)',
    fallback: [
      { id: 'ideas', title: 'New approaches' },
      { id: 'improvement', title: 'Improving what is known to work' },
      { id: 'measurement', title: 'Measuring, and finding faults in the harness' },
    ],
    items: {
      id: { kind: 'line', doc: 'Short name of the lane.', check: SLUG },
      title: { kind: 'line', doc: 'For people.', check: filled },
    },
    check: unique,
  }),
  field('challenge.guidelines', {
    kind: 'choice',
    flag: 'guidelines',
    doc: 'How agents are steered: explore, balanced or exploit.',
    question: 'How should agents be steered?',
    fallback: 'balanced',
    choices: [
      { value: 'explore', label: 'Explore', hint: 'new ground first; against collapse on one idea' },
      { value: 'balanced', label: 'Balanced', hint: 'a bit of both' },
      { value: 'exploit', label: 'Exploit', hint: 'improve what works; for the last days' },
    ],
  }),
  field('challenge.timeline', {
    kind: 'line',
    flag: 'timeline',
    doc: 'When it starts and ends, in words.',
    question: 'Timeline?',
    ask: 'always',
    fallback: 'Open until the organizer closes it.',
  }),
  field('challenge.contact', {
    kind: 'line',
    flag: 'contact',
    doc: 'Where a participant reaches the organizer.',
    question: 'How do participants reach you?',
    ask: 'always',
    fallback: 'Post on the message board and mention the organizer.',
  }),

  field('metric.field', {
    kind: 'line',
    flag: 'metric-field',
    doc: 'Key of the score in summary.json and in a result.',
    question: 'Name of the score field?',
    fallback: 'score',
    check: METRIC_FIELD,
  }),
  field('metric.label', {
    kind: 'line',
    flag: 'metric-label',
    doc: 'Name of the score, for people.',
    question: 'What do people call it?',
    fallback: 'Score',
    check: filled,
  }),
  field('metric.unit', {
    kind: 'line',
    flag: 'metric-unit',
    doc: 'Its unit, for texts.',
    question: 'Unit?',
    fallback: 'points',
  }),
  field('metric.order', {
    kind: 'choice',
    flag: 'metric-order',
    doc: 'Which way is better: desc (higher) or asc (lower).',
    question: 'Which way is better?',
    fallback: 'desc',
    choices: [
      { value: 'desc', label: 'Higher is better' },
      { value: 'asc', label: 'Lower is better' },
    ],
  }),
  field('metric.formula', {
    kind: 'text',
    flag: 'metric-formula',
    doc: 'How it is computed, in words, by the harness and never by the submission.',
    question: 'How is it computed, in words?',
    fallback: 'As computed by the harness.',
  }),
  field('metric.baseline', {
    kind: 'number',
    flag: 'metric-baseline',
    doc: 'Score of the baseline; null until it has been measured.',
    question: 'Score of the baseline? (empty: not measured yet)',
    fallback: null,
    nullable: true,
  }),
  field('metric.allow_non_positive', {
    kind: 'bool',
    flag: 'metric-allow-non-positive',
    doc: 'Whether a score of zero or below is a score; if not, a result that claims one is refused.',
    question: 'Can a score be zero or below?',
    fallback: true,
  }),
  field('metric.min_improvement', {
    kind: 'number',
    flag: 'metric-min-improvement',
    doc: 'Relative improvement that first place needs: 0.01 is one per cent.',
    question: 'How much better must a new first place be? (0.01 = 1 %)',
    fallback: 0.01,
    check: (v) => (v >= 0 && v < 1 ? undefined : 'must be at least 0 and below 1'),
  }),
  field('metric.repeats', {
    kind: 'int',
    flag: 'metric-repeats',
    doc: 'Verification runs more for a result that would stand in the top 10; it is ranked by them alone. 0: none.',
    question: 'How many more runs for a result that would stand in the top 10?',
    fallback: 1,
    check: notNegative,
  }),
  field('metric.required_fields', {
    kind: 'lines',
    flag: 'metric-required-fields',
    doc: 'Frontmatter keys every result must have.',
    fallback: (known) => [known('metric.field') ?? 'score', 'method', 'status', 'description'],
  }),
  field('metric.secondary_field', {
    kind: 'line',
    flag: 'metric-secondary-field',
    doc: 'A second column of the leaderboard; empty: none.',
    fallback: '',
    check: (v) => (v === '' ? undefined : METRIC_FIELD(v)),
  }),
  field('metric.secondary_label', {
    kind: 'line',
    flag: 'metric-secondary-label',
    doc: 'Its heading.',
    fallback: (known) => known('metric.secondary_field') ?? '',
  }),

  field('gates', {
    kind: 'objects',
    flag: 'gates',
    doc: 'Quality gates. Each is measured by the harness on our own run, never taken from the submission.',
    question: 'Quality gates: what must stay true while the score improves?',
    fallback: [],
    items: {
      id: { kind: 'line', doc: 'Name of the gate.', check: GATE_ID },
      field: { kind: 'line', doc: 'Key in summary.json.', check: METRIC_FIELD },
      op: {
        kind: 'choice',
        choices: ['<=', '>=', '<', '>', '=='],
        doc: 'Measured value OP limit must hold.',
      },
      limit: { kind: 'number', optional: true, doc: 'The limit, in the unit of the field.' },
      reference: {
        kind: 'number',
        optional: true,
        doc: 'With tolerance: limit = reference * (1 + tolerance).',
      },
      tolerance: { kind: 'number', optional: true, doc: 'Relative: 0.05 is five per cent.' },
      when: {
        kind: 'choice',
        choices: ['every', 'top-k', 'champion'],
        fallback: 'every',
        doc: 'Which results are measured on it; top-k and champion by harness/downstream.py, in a job of its own.',
      },
      samples: {
        kind: 'int',
        optional: true,
        doc: 'How many samples the value is made of.',
        check: positive,
      },
      doc: { kind: 'text', fallback: '', doc: 'What it measures, for participants.' },
    },
    check: unique,
  }),
  field('divisions', {
    kind: 'objects',
    flag: 'divisions',
    doc: 'Divisions of the leaderboard, each made of gates. Exactly one is the headline.',
    question: 'Divisions of the leaderboard?',
    when: (known) => (known('gates') ?? []).length > 1,
    fallback: (known) => [
      { id: 'main', label: 'Main', gates: (known('gates') ?? []).map((gate) => gate.id), headline: true },
    ],
    items: {
      id: { kind: 'line', doc: 'Short name.', check: GATE_ID },
      label: { kind: 'line', doc: 'For people.', check: filled },
      gates: { kind: 'lines', fallback: [], doc: 'Ids of the gates a valid row must pass.' },
      headline: { kind: 'bool', fallback: false, doc: 'Shown first.' },
    },
    entry: (list, known) => list.findIndex(({ gates }) => missingGate(gates, known) !== undefined),
    check(list, known) {
      for (const { id, gates } of list) {
        const gate = missingGate(gates, known);
        if (gate !== undefined) return `"${id}" names the gate "${gate}", which is not there`;
      }
      const headlines = list.filter((division) => division.headline).length;
      return unique(list) ?? (headlines === 1 ? undefined : `needs exactly one headline, has ${headlines}`);
    },
  }),

  field('hardware.jobs_enabled', {
    kind: 'bool',
    flag: 'jobs',
    doc: 'Whether agents may run the harness as a job that the organizer pays for.',
    question: 'May agents run the benchmark as jobs that you pay for?',
    fallback: true,
  }),
  field('hardware.flavor', {
    kind: 'choice',
    flag: 'flavor',
    doc: 'Hardware of a job. The embedded hub runs every flavor on this machine.',
    question: 'Hardware of one job?',
    when: (known) => known('hardware.jobs_enabled') === true,
    fallback: 'cpu-basic',
    choices: FLAVORS.map((offer) => ({ value: offer.name, label: flavorLabel(offer) })),
  }),
  field('hardware.image', {
    kind: 'line',
    flag: 'image',
    doc: 'Container image of a job. It must have python3.',
    question: 'Container image?',
    when: (known) => known('hardware.jobs_enabled') === true,
    fallback: 'python:3.12',
    check: COMMAND,
  }),
  field('hardware.entrypoint', {
    kind: 'line',
    flag: 'entrypoint',
    doc: 'File in harness/ that a job runs.',
    fallback: 'run.py',
    check: COMMAND,
  }),
  field('hardware.extra_args', {
    kind: 'lines',
    flag: 'extra-args',
    doc: 'Arguments appended to the command of every job.',
    fallback: [],
  }),
  field('hardware.timeout_minutes', {
    kind: 'int',
    flag: 'timeout-minutes',
    doc: 'Time limit of one job.',
    question: 'Time limit of one job, in minutes?',
    when: (known) => known('hardware.jobs_enabled') === true,
    fallback: 40,
    check: positive,
  }),
  field('hardware.watch_poll_s', {
    kind: 'number',
    flag: 'watch-poll-s',
    doc: 'How often the server looks at a running job, in seconds.',
    fallback: 20,
    check: positive,
  }),
  field('hardware.per_agent_per_day', {
    kind: 'int',
    flag: 'per-agent-per-day',
    doc: 'Jobs one agent may start in any 24 hours.',
    question: 'Jobs per agent and day?',
    when: (known) => known('hardware.jobs_enabled') === true,
    ask: 'always',
    fallback: 10,
    check: notNegative,
  }),
  field('hardware.per_user_per_day', {
    kind: 'int',
    flag: 'per-user-per-day',
    doc: 'Jobs one user may start in any 24 hours, over all of their agents.',
    question: 'Jobs per user and day, over all of their agents?',
    when: (known) => known('hardware.jobs_enabled') === true,
    ask: 'always',
    fallback: 30,
    check: notNegative,
  }),
  field('hardware.usd_per_hour', {
    kind: 'number',
    flag: 'usd-per-hour',
    doc: 'Price of the flavor in US dollars per hour, for budgets.',
    fallback: (known) => FLAVORS.find((offer) => offer.name === known('hardware.flavor'))?.usdPerHour ?? 0,
    check: notNegative,
  }),
  field('hardware.budget_usd', {
    kind: 'number',
    flag: 'budget-usd',
    doc: 'Hard stop for all jobs together, in US dollars; 0: none.',
    question: 'Budget for all jobs together, in dollars? (hard stop; 0: none)',
    when: (known) => known('hardware.jobs_enabled') === true,
    ask: 'always',
    fallback: 10,
    check: notNegative,
  }),

  field('verification.mode', {
    kind: 'choice',
    flag: 'verification',
    doc: 'Who decides that a result is valid: jobs or eval-space (every result is run again: by a job, or in a private Space of yours), peer (reviews of others) or manual (the organizer).',
    question: 'Who verifies results?',
    fallback: (known) => (known('hardware.jobs_enabled') ? 'jobs' : 'manual'),
    choices: [
      { value: 'jobs', label: 'A job re-runs every result', hint: 'one job per result, on your budget' },
      {
        value: 'eval-space',
        label: 'A private Space of yours re-runs every result',
        hint: 'free on cpu-basic, else its hardware by the hour; one result at a time',
      },
      { value: 'manual', label: 'The organizer', hint: 'free; you decide each result by hand' },
      {
        value: 'peer',
        label: 'Other participants',
        hint: 'free; reviews of people and agents you vouch for',
      },
    ],
    check: (mode, known) =>
      mode === 'jobs' && known('hardware.jobs_enabled') === false
        ? 'jobs needs hardware.jobs_enabled'
        : undefined,
  }),
  field('verification.agent', {
    kind: 'line',
    flag: 'verifier',
    doc: 'Handle that announces verdicts.',
    fallback: 'verifier',
    check: SLUG,
  }),
  field('verification.private_split', {
    kind: 'bool',
    flag: 'private-split',
    doc: 'Whether verification uses private questions that participants never see.',
    question: 'Verify on a private split that participants never see?',
    when: (known) => ['jobs', 'eval-space'].includes(String(known('verification.mode'))),
    fallback: true,
  }),
  field('verification.approvals', {
    kind: 'int',
    flag: 'approvals',
    doc: 'Mode peer: reviews of different users that find a result valid.',
    question: 'How many reviews of different users make a result valid?',
    when: (known) => known('verification.mode') === 'peer',
    fallback: 2,
    check: positive,
  }),
  field('verification.window_hours', {
    kind: 'number',
    flag: 'window-hours',
    doc: 'Hours after which a result that nobody judged expires; 0: never. In mode manual nothing expires.',
    fallback: 336,
    check: notNegative,
  }),
  field('verification.isolation', {
    kind: 'choice',
    flag: 'isolation',
    doc: 'Layers of isolation: best judges behind those there are; strict judges nobody where one is missing.',
    fallback: 'best',
    choices: [
      { value: 'best', label: 'The layers there are', hint: 'what is missing is said with every verdict' },
      { value: 'strict', label: 'All layers, or no verdict' },
    ],
  }),
  field('verification.extra_args', {
    kind: 'lines',
    flag: 'verification-extra-args',
    doc: 'Arguments appended to verification jobs only.',
    fallback: [],
  }),

  field('hub.endpoint', {
    kind: 'choice',
    flag: 'hub',
    doc: 'local (the embedded hub on this machine) or https://huggingface.co.',
    question: 'Where will it run?',
    ask: 'always',
    fallback: 'local',
    choices: [
      { value: 'local', label: 'On this machine', hint: 'embedded hub, no account, no cost' },
      { value: PUBLIC_HUB, label: 'On Hugging Face', hint: 'needs an organization and a token' },
    ],
  }),
  field('hub.org', {
    kind: 'line',
    flag: 'org',
    doc: 'Organization the participants join as contributors.',
    question: 'Organization of the participants?',
    when: (known) => known('hub.endpoint') !== 'local',
    ask: 'always',
    own: true,
    fallback: (known) =>
      known('hub.endpoint') === 'local' ? localOrg(known('challenge.slug') ?? 'my') : undefined,
    check: namespace,
  }),
  field('hub.private_namespace', {
    kind: 'line',
    flag: 'private-namespace',
    doc: "Where private things live: your own user name or a second org, never the participants' org.",
    question: "Namespace for private things, never the participants' org? (your user name)",
    when: (known) => known('hub.endpoint') !== 'local',
    ask: 'always',
    own: true,
    fallback: (known) => (known('hub.endpoint') === 'local' ? 'organizer' : undefined),
    check: (v, known) =>
      namespace(v) ??
      (v.toLowerCase() === known('hub.org')?.toLowerCase()
        ? "must not be the participants' org: its members may read its private buckets"
        : undefined),
  }),
  field('hub.central_bucket', {
    kind: 'line',
    flag: 'central-bucket',
    doc: 'The shared record: readable by participants, written by the server alone.',
    question: 'Bucket of the shared record?',
    when: (known) => known('hub.endpoint') !== 'local',
    own: true,
    fallback: (known) => `${known('hub.org')}/${known('challenge.slug')}-main-bucket`,
    check: repoId('hub.org'),
  }),
  field('hub.private_bucket', {
    kind: 'line',
    flag: 'private-bucket',
    doc: 'Audit log, quotas, keys, private evaluation data: organizers only.',
    question: 'Bucket of the private things?',
    when: (known) => known('hub.endpoint') !== 'local',
    own: true,
    fallback: (known) => `${known('hub.private_namespace')}/${known('challenge.slug')}-private`,
    check: repoId('hub.private_namespace'),
  }),
  field('hub.space', {
    kind: 'line',
    flag: 'space',
    doc: 'The Space that serves API and dashboard; empty: none, `create-collab serve` runs the server.',
    question: 'Space?',
    when: (known) => known('hub.endpoint') !== 'local',
    own: true,
    fallback: (known) => `${known('hub.org')}/${known('challenge.slug')}-collab`,
    check: (v, known) => {
      if (v !== '') return repoId()(v, known);
      const evaluator = known('verification.mode') === 'eval-space';
      return evaluator
        ? 'verification.mode eval-space needs a Space: the evaluator asks it for work'
        : undefined;
    },
  }),
  field('hub.eval_space', {
    kind: 'line',
    flag: 'eval-space',
    doc: 'The private Space that re-runs results; only in verification.mode eval-space.',
    question: 'Space of the evaluator?',
    when: (known) => known('hub.endpoint') !== 'local' && known('verification.mode') === 'eval-space',
    own: true,
    fallback: (known) => `${known('hub.private_namespace')}/${known('challenge.slug')}-evaluator`,
    check: (v, known) =>
      repoId(known('verification.mode') === 'eval-space' ? 'hub.private_namespace' : undefined)(v, known),
  }),
  field('hub.eval_hardware', {
    kind: 'line',
    flag: 'eval-hardware',
    doc: 'Hardware its Space is made with, as the Hub names it; billed by the hour while it runs, cpu-basic is free.',
    question: 'Hardware of that Space? (billed by the hour while it runs; cpu-basic is free)',
    when: (known) => known('hub.endpoint') !== 'local' && known('verification.mode') === 'eval-space',
    fallback: FREE_HARDWARE,
    check: COMMAND,
  }),
  field('hub.private', {
    kind: 'bool',
    flag: 'private',
    doc: 'Whether the central bucket and the Space are visible to the organization alone.',
    question: 'Keep it private to the organization?',
    when: (known) => known('hub.endpoint') !== 'local',
    ask: 'always',
    fallback: false,
  }),
  field('hub.invite_url', {
    kind: 'line',
    flag: 'invite-url',
    doc: 'Link with which a newcomer joins the organization; empty until there is one.',
    question: 'Invite link of the organization? (empty: not yet)',
    when: (known) => known('hub.endpoint') !== 'local',
    own: true,
    ask: 'always',
    fallback: '',
    check: (v) => (v === '' ? undefined : httpUrl(v)),
  }),
] as const;

/** Compile error here: a setting of ChallengeConfig has no row above. */
type Missing = Exclude<FieldPath, (typeof FIELDS)[number]['path']>;
const complete: [Missing] extends [never] ? true : Missing = true;
void complete;

/** Questions for the two lists that are put together one entry at a time. */
import * as clack from '@clack/prompts';
import { GATE_ID, METRIC_FIELD, slugify } from './checks.ts';
import { answered, type Terminal } from './terminal.ts';
import type { ChallengeConfig, Gate } from './types.ts';

export type Division = ChallengeConfig['divisions'][number];

/** Keeps, empties or extends the list, one gate at a time. */
export async function askGates(terminal: Terminal, start: Gate[]): Promise<Gate[]> {
  let gates = start;
  for (;;) {
    const names = gates.map(({ field, op, limit }) => `${field} ${op} ${limit}`).join(' · ');
    const next = await answered(
      clack.select({
        ...terminal.common,
        message: `What must stay true while the score improves? Now: ${names || 'nothing'}`,
        options: [
          { value: 'done', label: gates.length > 0 ? 'These are right' : 'No gate' },
          { value: 'add', label: 'Add a gate' },
          ...(gates.length > 0 ? [{ value: 'empty', label: 'Start over with none' }] : []),
        ],
      }),
    );
    if (next === 'done') return gates;
    gates = next === 'empty' ? [] : [...gates, await askGate(terminal, gates)];
  }
}

async function askGate(terminal: Terminal, others: Gate[]): Promise<Gate> {
  const line = (message: string, placeholder: string, validate: (text: string) => string | undefined) =>
    answered(
      clack.text({
        ...terminal.common,
        message,
        placeholder,
        defaultValue: placeholder,
        validate: (text) => validate(text || placeholder),
      }),
    );
  const taken = (id: string) => (others.some((gate) => gate.id === id) ? 'is there already' : undefined);
  const field = await line(
    'Which value of summary.json?',
    'correct',
    (v) => METRIC_FIELD(v) ?? GATE_ID(v) ?? taken(v),
  );
  const op = await answered(
    clack.select({
      ...terminal.common,
      message: `${field} must be …`,
      options: [
        { value: '>=' as const, label: 'at least' },
        { value: '<=' as const, label: 'at most' },
        { value: '==' as const, label: 'exactly' },
      ],
    }),
  );
  const limit = Number(
    await line('… this limit', '1', (v) => (Number.isFinite(Number(v)) ? undefined : 'must be a number')),
  );
  const when = await answered(
    clack.select({
      ...terminal.common,
      message: 'Measured on which results?',
      options: [
        { value: 'every' as const, label: 'every result' },
        { value: 'top-k' as const, label: 'the top of the board', hint: 'when it is expensive' },
        { value: 'champion' as const, label: 'a new first place', hint: 'when it is very expensive' },
      ],
    }),
  );
  const doc = await answered(
    clack.text({
      ...terminal.common,
      message: 'What does it measure? (participants read this)',
      placeholder: '',
      defaultValue: '',
    }),
  );
  return { id: field, field, op, limit, when, doc: doc ?? '' };
}

/** Keeps the divisions, or puts them together anew: the first one is the headline. */
export async function askDivisions(terminal: Terminal, now: Division[], gates: Gate[]): Promise<Division[]> {
  const text = now.map(({ label, gates: of }) => `${label} (${of.join(', ') || 'no gate'})`).join(' · ');
  const keep = await answered(
    clack.select({
      ...terminal.common,
      message: `Divisions of the leaderboard, the headline first. Now: ${text || 'none'}`,
      options: [
        { value: true, label: 'These are right' },
        { value: false, label: 'Put them together anew', hint: 'for example a strict and an open one' },
      ],
    }),
  );
  return keep ? now : newDivisions(terminal, gates);
}

async function newDivisions(terminal: Terminal, gates: Gate[]): Promise<Division[]> {
  const divisions: Division[] = [];
  for (;;) {
    divisions.push(await askDivision(terminal, divisions, gates));
    const more = await answered(
      clack.confirm({ ...terminal.common, message: 'Another division?', initialValue: false }),
    );
    if (!more) return divisions;
  }
}

async function askDivision(terminal: Terminal, others: Division[], gates: Gate[]): Promise<Division> {
  const headline = others.length === 0;
  const fallback = headline ? 'Main' : 'Open';
  const label = await answered(
    clack.text({
      ...terminal.common,
      message: headline ? 'Name of the headline division?' : 'Name of the division?',
      placeholder: fallback,
      defaultValue: fallback,
      validate: (text) => {
        const id = slugify(text || fallback);
        if (id === '') return 'needs a letter or a digit';
        return others.some((division) => division.id === id) ? 'is there already' : undefined;
      },
    }),
  );
  const chosen = await answered(
    clack.multiselect({
      ...terminal.common,
      message: `Gates of "${label}"?`,
      required: false,
      initialValues: headline ? gates.map(({ id }) => id) : [],
      options: gates.map(({ id, field, op, limit }) => ({
        value: id,
        label: id,
        hint: `${field} ${op} ${limit}`,
      })),
    }),
  );
  return { id: slugify(label), label, gates: chosen, headline };
}

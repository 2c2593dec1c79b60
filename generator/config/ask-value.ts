/** One setting as one question; the default stands there, so that Enter takes it. */
import * as clack from '@clack/prompts';
import { GATE_ID, METRIC_FIELD } from './checks.ts';
import type { Field, Known } from './field.ts';
import { fallbackOf, problemOf } from './schema.ts';
import { answered, type Terminal } from './terminal.ts';
import { valueOf } from './text.ts';
import type { Gate } from './types.ts';

/** @param suggestion stands in for a default that the table does not have. */
export async function askValue(
  terminal: Terminal,
  field: Field,
  known: Known,
  suggestion?: unknown,
): Promise<unknown> {
  const settled = known(field.path) ?? fallbackOf(field, known);
  const now = settled === undefined ? suggestion : settled;
  if (field.path === 'gates') return askGates(terminal, (now ?? []) as Gate[]);
  if (field.kind === 'bool') return askYesNo(terminal, field, now === true);
  if (field.kind === 'choice') return askChoice(terminal, field, now as string | undefined);
  return askText(terminal, field, now, known);
}

const askYesNo = (terminal: Terminal, field: Field, initialValue: boolean) =>
  answered(clack.confirm({ ...terminal.common, message: field.question ?? field.path, initialValue }));

const askChoice = (terminal: Terminal, field: Field, initialValue: string | undefined) =>
  answered(
    clack.select({
      ...terminal.common,
      message: field.question ?? field.path,
      initialValue,
      maxItems: 8,
      options: (field.choices ?? []).map(({ value, label, hint }) => ({ value, label, hint })),
    }),
  );

async function askText(terminal: Terminal, field: Field, now: unknown, known: Known): Promise<unknown> {
  const fallback = shown(field, now);
  const read = (typed: string | undefined) =>
    typed === undefined || typed === '' ? now : valueOf(field, typed);
  const typed = await answered(
    clack.text({
      ...terminal.common,
      message: field.question ?? field.path,
      placeholder: fallback,
      defaultValue: fallback,
      validate: (text) => {
        const value = read(text);
        return value === undefined ? 'An answer is needed here.' : problemOf(field, value, known);
      },
    }),
  );
  return typed === fallback ? (now ?? valueOf(field, '')) : read(typed);
}

function shown(field: Field, now: unknown): string {
  if (now === undefined || now === null) return '';
  if (field.path === 'challenge.lanes')
    return (now as { title: string }[]).map(({ title }) => title).join('; ');
  return Array.isArray(now) ? now.join(', ') : String(now);
}

/** Keeps, empties or extends the list, one gate at a time. */
async function askGates(terminal: Terminal, start: Gate[]): Promise<Gate[]> {
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

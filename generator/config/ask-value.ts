/** One setting as one question; the default stands there, so that Enter takes it. */
import * as clack from '@clack/prompts';
import { askDivisions, askGates, type Division } from './ask-lists.ts';
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
  if (field.path === 'divisions')
    return askDivisions(terminal, (now ?? []) as Division[], known('gates') ?? []);
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

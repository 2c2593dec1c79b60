import * as clack from '@clack/prompts';
import type { Known } from './field.ts';
import { gamingHints } from './gaming.ts';
import { answered, type Terminal, wrapped } from './terminal.ts';
import type { Gate } from './types.ts';

/** Shows how the metric and each gate could be met without the work, and offers the gate that would notice. */
export async function counterGates(terminal: Terminal, known: Known): Promise<Gate[]> {
  let gates = (known('gates') ?? []) as Gate[];
  const metric = {
    field: known('metric.field') ?? '',
    label: known('metric.label') ?? '',
    unit: known('metric.unit') ?? '',
  };
  const seen = new Set<string>();
  for (;;) {
    const hint = gamingHints({ metric, gates }).find(({ about }) => !seen.has(about));
    if (!hint) return gates;
    seen.add(hint.about);
    const lines = [`How could "${hint.about}" be gamed?`, hint.attack, `→ ${hint.advice}`];
    clack.log.warn(wrapped(terminal, lines), terminal.common);
    if (hint.counter && (await wanted(terminal, hint.counter))) gates = [...gates, hint.counter];
  }
}

const wanted = (terminal: Terminal, { id, op, limit, doc }: Gate) =>
  answered(
    clack.confirm({
      ...terminal.common,
      message: `Add the counter-gate ${id} ${op} ${limit}? (${doc} harness/run.py has to measure it.)`,
      initialValue: false,
    }),
  );

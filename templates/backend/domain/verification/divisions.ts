import type { GateOutcome, VerdictState } from '@collab/contract/schemas.ts';
import type { Judgement } from './judgement.ts';

export interface Gate {
  id: string;
  /** When the gate is measured at all. */
  when?: 'every' | 'top-k' | 'champion';
}

export interface Division {
  id: string;
  label?: string;
  /** Gates a result must pass to stand here. */
  gates: string[];
  headline?: boolean;
}

/** The division the main board shows; without any, one that asks for every gate. */
export function headlineDivision(divisions: readonly Division[], gates: readonly Gate[]): Division {
  const chosen = divisions.find((division) => division.headline) ?? divisions[0];
  return chosen ?? { id: 'main', label: 'Main', gates: gates.map((gate) => gate.id), headline: true };
}

export type DivisionVerdict = { state: 'valid' | 'invalid' | 'inconclusive'; reason: string };

/**
 * Judges the gates of one run for one division. A required gate that the run should have measured and did not
 * report leaves it undecided; it is never taken as passed.
 */
export function judgeGates(
  division: Division,
  gates: readonly Gate[],
  outcomes: readonly GateOutcome[],
): DivisionVerdict {
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const failed = division.gates.filter((id) => byId.get(id)?.pass === false);
  if (failed.length > 0)
    return { state: 'invalid', reason: failed.map((id) => explain(byId, id)).join('; ') };
  const everyRun = new Set(gates.filter((gate) => (gate.when ?? 'every') === 'every').map((gate) => gate.id));
  const missing = division.gates.filter((id) => everyRun.has(id) && !byId.has(id));
  if (missing.length > 0)
    return { state: 'inconclusive', reason: `the run did not report gate ${missing.join(', ')}` };
  return { state: 'valid', reason: `passed ${division.gates.join(', ') || 'without gates'}` };
}

function explain(byId: ReadonlyMap<string, GateOutcome>, id: string): string {
  const { value, op, limit, note } = byId.get(id) as GateOutcome;
  const measured = value == null ? '' : ` ${value}`;
  const demanded = limit == null ? '' : ` (must be ${op ?? ''} ${limit})`;
  return `gate ${id} failed:${measured}${demanded}${note ? ` ${note}` : ''}`;
}

/** State of a judged result in one division: people's verdicts hold everywhere, the machine's gates per division. */
export function stateIn(division: Division, gates: readonly Gate[], judgement: Judgement): VerdictState {
  const byGates = judgement.decided?.by.kind === 'machine' && judgement.gates.length > 0;
  if (!byGates || (judgement.state !== 'valid' && judgement.state !== 'invalid')) return judgement.state;
  return judgeGates(division, gates, judgement.gates).state;
}

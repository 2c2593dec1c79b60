import { relative } from 'node:path';
import type { Ran, RunState } from './harness.ts';
import { digits } from './table.ts';

/** One kept run of a cheat, as the red team reports it. */
export interface Evidence {
  /** `as it is`, or what was switched off: `without cpu`. */
  run: string;
  state: RunState;
  valid: boolean;
  score: number | null;
  /** How many times better than the baseline; only where `wins_if` is `gain`. */
  times_baseline: number | null;
  failed_gates: string[];
  gates: { id: string; value: number | null; op: string; limit: number; pass: boolean }[];
  error: string | null;
  /** Its folder, absolute. */
  dir: string;
}

export interface Kept {
  run: string;
  ran: Ran;
  times: number | null;
  /** Absolute. */
  state: string;
}

export function evidenceOf({ run, ran, times, state }: Kept): Evidence {
  const gates = ran.summary?.gates ?? [];
  return {
    run,
    state: ran.state,
    valid: ran.valid,
    score: ran.score,
    times_baseline: times !== null && Number.isFinite(times) ? times : null,
    failed_gates: ran.failed,
    gates: gates.map(({ id, value, op, limit, pass }) => ({ id, value, op, limit, pass })),
    error: ran.error,
    dir: state,
  };
}

/** A run in one line: what it scored, each gate, and where it is kept. */
export function evidenceLine(found: Evidence, unit: string, cwd: string): string {
  const { run, state, valid, score, times_baseline: times, gates, error, dir } = found;
  const gate = (g: Evidence['gates'][number]) =>
    `${g.pass ? '✓' : '✗'} ${g.id} ${digits(g.value)} (${g.op} ${digits(g.limit)})`;
  const parts = [
    state !== 'measured' ? state : valid ? 'valid' : 'invalid',
    ...(score === null ? [] : [`${digits(score)} ${unit}`]),
    ...(times === null ? [] : [`${digits(times)} times the baseline`]),
    ...gates.map(gate),
    ...(error ? [error] : []),
  ];
  return `  ${run}: ${parts.join(', ')}  [${relative(cwd, dir)}]`;
}

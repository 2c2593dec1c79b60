import { type VerdictState, verdictState } from '@collab/contract/schemas.ts';
import { tryJson } from '../../codec/json.ts';

/** `results/verification_status.json`: result filename to state. */
export type VerificationIndex = ReadonlyMap<string, string>;

/** The index as bytes: two spaces, sorted keys, a newline at the end, as the reference writes it. */
export function writeIndex(states: VerificationIndex): string {
  const sorted = [...states].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}

/** @returns `null` when the text is not a flat JSON object: then nothing may be concluded from it. */
export function readIndex(text: string): VerificationIndex | null {
  const value = tryJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries(value).map(([key, state]) => [key, String(state)]));
}

export interface HumanEdit {
  result: string;
  state: VerdictState;
}

/**
 * What a person changed in the index since our last write: each entry that differs is a human verdict. An entry
 * taken out means "look again" (`pending`). States nobody knows are reported, not guessed.
 */
export function humanEdits(
  ours: VerificationIndex,
  found: VerificationIndex,
): { edits: HumanEdit[]; unknown: { result: string; state: string }[] } {
  const edits: HumanEdit[] = [];
  const unknown: { result: string; state: string }[] = [];
  for (const [result, state] of found) {
    if (ours.get(result) === state || (state === 'pending' && !ours.has(result))) continue;
    const known = verdictState.options.find((candidate) => candidate === state);
    if (known) edits.push({ result, state: known });
    else unknown.push({ result, state });
  }
  for (const [result, state] of ours)
    if (!found.has(result) && state !== 'pending') edits.push({ result, state: 'pending' });
  return { edits, unknown };
}

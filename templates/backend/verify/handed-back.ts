import type { StampedVerdict } from '../domain/verification/verdict.ts';

/** Stamp at which a person last said `pending`: the result waits anew from then on. Empty: never. */
export function handedBack(verdicts: readonly StampedVerdict[]): string {
  const back = verdicts.filter(({ by, state }) => by.kind === 'human' && state === 'pending');
  return back.map(({ stamp }) => stamp).reduce((a, b) => (a > b ? a : b), '');
}

import type { Queue } from '../data/types.ts';
import { formatAgo } from './format.ts';

/** It asks every minute, also while it runs something. */
const SILENT_MS = 5 * 60_000;

/** What the page says of an evaluator on a machine of its own; `silent`: results wait and it does not ask for them. */
export function evaluatorOf(
  { evaluator_seen_at: at, matched }: Queue,
  now: number,
): { words: string; silent: boolean } {
  const seen = at === null ? null : Date.parse(at);
  const silent = matched > 0 && (seen === null || now - seen > SILENT_MS);
  const words =
    seen === null
      ? 'The evaluator has not asked for work since the server started.'
      : `The evaluator last asked for work ${formatAgo(Math.min(seen, now), now)}.`;
  const then = 'Nothing is verified until it runs again; the organizers restart it.';
  return { words: silent ? `${words} ${then}` : words, silent };
}

import { queue } from '@collab/contract/routes/leaderboard.ts';
import { listResults } from '@collab/contract/routes/results.ts';
import type { z } from 'zod';
import type { Io } from '../io.ts';

/** What the running server says of itself. A part it could not say is `null`. */
export interface ServerFacts {
  /** Verification state → how many of the latest results are in it. */
  results: Record<string, number> | null;
  /** Results that wait, with the first one's place in time. */
  queue: { waiting: number; eta: string | null; spentUsd: number; budgetUsd: number | null } | null;
}

const LATEST = 200;

/** Asks the server at `host`. */
export async function serverFacts(io: Io, host: string): Promise<ServerFacts> {
  const [results, waiting] = await Promise.all([
    ask(io, `${host}/v1/results?expand=true&limit=${LATEST}`, listResults.response),
    ask(io, `${host}/v1/queue`, queue.response),
  ]);
  return { results: results && countStates(results.items), queue: waiting && queueFacts(waiting) };
}

function countStates(items: (string | { verification: string })[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const state = typeof item === 'string' ? 'unknown' : item.verification;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function queueFacts({
  items,
  matched,
  spend,
}: z.output<NonNullable<typeof queue.response>>): ServerFacts['queue'] {
  return {
    waiting: matched,
    eta: items.at(-1)?.eta ?? null,
    spentUsd: spend.usd,
    budgetUsd: spend.budget_usd,
  };
}

async function ask<S extends z.ZodType>(
  io: Io,
  url: string,
  schema: S | null | undefined,
): Promise<z.output<S> | null> {
  try {
    const response = await io.fetch(url, { signal: AbortSignal.timeout(10_000) });
    return response.ok && schema ? schema.parse(await response.json()) : null;
  } catch {
    return null;
  }
}

/** For people: `answers; results: 2 valid, 1 invalid; 1 waits for verification; $0.02 of $10 spent`. */
export function serverLine(facts: ServerFacts | null): string {
  if (!facts) return 'does not answer';
  const states = Object.entries(facts.results ?? {}).map(([state, count]) => `${count} ${state}`);
  const results = facts.results === null ? 'unknown' : states.join(', ') || 'none yet';
  const { queue: waiting } = facts;
  if (!waiting) return `answers; results: ${results}; its queue could not be read`;
  const budget = waiting.budgetUsd ? ` of $${waiting.budgetUsd}` : '';
  const backlog = waiting.waiting === 0 ? 'nothing waits' : `${waiting.waiting} wait for verification`;
  return `answers; results: ${results}; ${backlog}; $${dollars(waiting.spentUsd)}${budget} spent`;
}

/** Cents; what is less than a cent, and more than nothing, in hundredths of one, rounded up to the first. */
const dollars = (usd: number): string =>
  usd > 0 && usd < 0.01 ? Math.max(usd, 0.0001).toFixed(4) : usd.toFixed(2);

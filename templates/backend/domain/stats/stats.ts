import { parseTime } from '@collab/contract/stamps.ts';
import { MAX_COST_USD, MAX_TOKENS } from '../traces/manifest.ts';
import { figure, type Trace, text, within } from '../traces/trace.ts';

export interface Stats {
  tokens: Record<'total' | 'input' | 'output' | 'cache_read' | 'cache_creation' | 'reasoning', number>;
  cost_usd: number | null;
  sessions_counted: number;
  sessions_missing_tokens: number;
  agents_reporting: number;
  by_model: Record<string, number>;
  by_agent: Record<string, number>;
  by_day: Record<string, number>;
}

const KINDS = ['total', 'input', 'output', 'cache_read', 'cache_creation', 'reasoning'] as const;

/** Adds up what sessions report. A figure beyond belief counts as missing; a session without a total only as missing. */
export function statsOf(traces: readonly Trace[], dayOf: DayOf): Stats {
  const counted = traces.filter((trace) => tokensOf(trace, 'total') !== null);
  const sum = (kind: (typeof KINDS)[number]) =>
    counted.reduce((total, trace) => total + (tokensOf(trace, kind) ?? 0), 0);
  const costs = counted.map(costOf).filter((cost) => cost !== null);
  return {
    tokens: Object.fromEntries(KINDS.map((kind) => [kind, sum(kind)])) as Stats['tokens'],
    cost_usd: costs.length === 0 ? null : Number(costs.reduce((a, b) => a + b, 0).toFixed(6)),
    sessions_counted: counted.length,
    sessions_missing_tokens: traces.length - counted.length,
    agents_reporting: new Set(traces.map((trace) => trace.agent)).size,
    by_model: totals(counted, (trace) => text(trace.entry.frontmatter.model) ?? 'unknown'),
    by_agent: totals(counted, (trace) => trace.agent),
    by_day: totals(counted, dayOf),
  };
}

function tokensOf(trace: Trace, kind: (typeof KINDS)[number]): number | null {
  const value = figure(within(trace.entry.frontmatter, 'usage'), `${kind}_tokens`);
  return value !== null && value <= MAX_TOKENS ? value : null;
}

function costOf(trace: Trace): number | null {
  const { cost_usd } = within(trace.entry.frontmatter, 'usage');
  return typeof cost_usd === 'number' && cost_usd >= 0 && cost_usd <= MAX_COST_USD ? cost_usd : null;
}

function totals(traces: readonly Trace[], key: (trace: Trace) => string): Record<string, number> {
  const sums = new Map<string, number>();
  for (const trace of traces)
    sums.set(key(trace), (sums.get(key(trace)) ?? 0) + (tokensOf(trace, 'total') ?? 0));
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const DAY_MS = 86_400_000;
const MAX_AGE_DAYS = 31;

/** The day a session counts for: `YYYY-MM-DD`, or `unknown`. */
export type DayOf = (trace: Trace) => string;

/** The day its author names, as the reference reads it. */
export const namedDay: DayOf = ({ entry: { frontmatter } }) =>
  (text(frontmatter.started_at) ?? text(frontmatter.promoted_at))?.slice(0, 10) || 'unknown';

/** The day a session began, where that can be: not after it was shared, nor longer than a month before. */
export function believedDay({ entry }: Trace): string {
  const { started_at, promoted_at } = entry.frontmatter;
  const shared = typeof promoted_at === 'string' ? parseTime(promoted_at) : null;
  const began = typeof started_at === 'string' ? parseTime(started_at) : null;
  const believed =
    began !== null &&
    (shared === null || (began <= shared + DAY_MS && began >= shared - MAX_AGE_DAYS * DAY_MS));
  const at = believed ? began : shared;
  return at === null ? 'unknown' : new Date(at).toISOString().slice(0, 10);
}

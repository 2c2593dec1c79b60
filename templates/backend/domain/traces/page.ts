import { withinBytes } from '../list.ts';
import { type Trace, text } from './trace.ts';

export interface TraceQuery {
  agent?: string;
  harness?: string;
  model?: string;
  share?: string;
  expand?: boolean;
  limit?: number;
  order?: 'asc' | 'desc';
  after?: string;
  before?: string;
}

export interface TracePage {
  count: number;
  matched: number;
  items: Trace[];
  next: string | null;
  cursor: string | null;
}

const DEFAULT_LIMIT = 10;

/** One page of traces in the list grammar; cursors are those of the traces. `traces` sorted by cursor. */
export function tracePage(
  count: number,
  traces: readonly Trace[],
  query: TraceQuery,
  maxExpanded: number,
): TracePage {
  const matching = traces.filter((trace) => fits(trace, query));
  const { after, before } = query;
  const inside = matching.filter(
    ({ cursor }) => (after === undefined || cursor > after) && (before === undefined || cursor < before),
  );
  const order = query.order ?? (after === undefined ? 'desc' : 'asc');
  const wanted = query.limit ?? DEFAULT_LIMIT;
  const size = query.expand ? Math.min(wanted, maxExpanded) : wanted;
  const taken = (order === 'asc' ? inside : inside.toReversed()).slice(0, size);
  const items = query.expand ? taken.slice(0, withinBytes(taken.map(({ entry }) => entry)).length) : taken;
  const next = inside.length > items.length ? (items.at(-1)?.cursor ?? null) : null;
  const newest = order === 'asc' ? items.at(-1) : items[0];
  return { count, matched: matching.length, items, next, cursor: newest?.cursor ?? after ?? null };
}

function fits({ agent, entry }: Trace, query: TraceQuery): boolean {
  const { harness, model, share } = entry.frontmatter;
  return (
    (query.agent === undefined || query.agent === agent) &&
    (query.harness === undefined || query.harness === text(harness)) &&
    (query.model === undefined || query.model === text(model)) &&
    (query.share === undefined || query.share === text(share))
  );
}

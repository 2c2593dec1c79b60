import type { ReconstructionRow } from '../store/tables.ts';
import type { Cas } from './cas.ts';

export interface PlanTerm {
  hash: string;
  unpacked_length: number;
  range: { start: number; end: number };
}

/** One entry per xorb: the chunks wanted of it, as one span of chunk indexes and stored bytes (end inclusive). */
export interface PlanFetch {
  chunks: { start: number; end: number };
  bytes: { start: number; end: number };
}

export interface Plan {
  offset: number;
  terms: PlanTerm[];
  fetch: Map<string, PlanFetch>;
}

/** Which chunks hold bytes `[start, end)` of a file, and where they lie. */
export async function planRead(cas: Cas, file: ReconstructionRow, start: number, end: number): Promise<Plan> {
  const plan: Plan = { offset: 0, terms: [], fetch: new Map() };
  let at = 0;
  for (const term of file.terms) {
    const next = at + term.length;
    if (next > start && at < end) await addTerm(cas, plan, term, at, start, end);
    at = next;
  }
  return plan;
}

async function addTerm(
  cas: Cas,
  plan: Plan,
  term: ReconstructionRow['terms'][number],
  at: number,
  start: number,
  end: number,
): Promise<void> {
  const { lengths, starts } = await cas.table(term.xorb);
  const bounds = [at];
  for (let i = term.start; i < term.end; i++) bounds.push((bounds.at(-1) as number) + (lengths[i] as number));
  const wanted = bounds
    .slice(0, -1)
    .flatMap((b, i) => (b < end && (bounds[i + 1] as number) > start ? [i] : []));
  const [first, last] = [wanted[0] as number, wanted.at(-1) as number];
  if (plan.terms.length === 0) plan.offset = start - (bounds[first] as number);
  const range = { start: term.start + first, end: term.start + last + 1 };
  const unpacked_length = (bounds[last + 1] as number) - (bounds[first] as number);
  plan.terms.push({ hash: term.xorb, unpacked_length, range });
  const known = plan.fetch.get(term.xorb)?.chunks ?? range;
  const chunks = { start: Math.min(known.start, range.start), end: Math.max(known.end, range.end) };
  const bytes = { start: starts[chunks.start] as number, end: (starts[chunks.end] as number) - 1 };
  plan.fetch.set(term.xorb, { chunks, bytes });
}

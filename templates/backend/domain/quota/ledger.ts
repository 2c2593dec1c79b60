/** The ledger of jobs: what was reserved, launched and spent. One JSON object per line, the reference's keys first. */
import { z } from 'zod';

export type JobKind = 'benchmark' | 'verification';

/**
 * `reserved`: counted, not known to run. `launched`: the Hub has the job. `settled`: ended, `usd` is what it cost.
 * `released`: never ran; counts for nothing.
 */
export const Reservation = z.object({
  ts: z.string(),
  agent_id: z.string(),
  hf_user: z.string(),
  id: z.string(),
  kind: z.enum(['benchmark', 'verification']),
  state: z.enum(['reserved', 'launched', 'settled', 'released']),
  /** Dollars: the most it can cost until it is settled. */
  usd: z.number().nonnegative(),
  job_id: z.string().optional(),
  launched_at: z.string().optional(),
  /** The platform's or the harness's fault: the run does not count, its dollars do. */
  refunded: z.boolean().optional(),
  idempotency: z.string().optional(),
  /** Name of the evaluator that runs it, in place of a job. */
  evaluator: z.string().optional(),
  /** The evaluator went silent: how the run ended is not known. */
  lost: z.boolean().optional(),
  /** What the job was for: prefixes of a benchmark, file name of a result. */
  target: z.record(z.string(), z.string()),
});
export type Reservation = z.infer<typeof Reservation>;

/** What pruned lines cost. */
const Carried = z.object({ carried: z.object({ benchmark: z.number(), verification: z.number() }) });
/** A line of the reference's ledger. */
const Legacy = z.object({
  ts: z.string(),
  agent_id: z.string(),
  hf_user: z.string(),
  id: z.undefined().optional(),
});

export interface Ledger {
  carriedUsd: Readonly<Record<JobKind, number>>;
  entries: readonly Reservation[];
}

export const EMPTY: Ledger = { carriedUsd: { benchmark: 0, verification: 0 }, entries: [] };
export const DAY_MS = 86_400_000;

/** A line that cannot be read: the count is not known, so nothing may be launched on it. */
export class LedgerUnreadable extends Error {
  override name = 'LedgerUnreadable';
}

/**
 * @param skipBad what is no line of a ledger counts for nothing, as in the reference.
 * @throws LedgerUnreadable
 */
export function readLedger(text: string | null, skipBad = false): Ledger {
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.reduce((ledger, line, at) => readLine(ledger, line, at, skipBad), EMPTY);
}

function readLine(ledger: Ledger, line: string, at: number, skipBad: boolean): Ledger {
  const value = parse(line);
  const entry = Reservation.safeParse(value);
  if (entry.success) return { ...ledger, entries: [...ledger.entries, entry.data] };
  const carried = Carried.safeParse(value);
  if (carried.success) return { ...ledger, carriedUsd: carried.data.carried };
  const legacy = Legacy.safeParse(value);
  if (!legacy.success && skipBad) return ledger;
  if (!legacy.success) throw new LedgerUnreadable(`line ${at + 1} of the job ledger cannot be read`);
  const { ts, agent_id, hf_user } = legacy.data;
  const known = { kind: 'benchmark', state: 'settled', usd: 0, target: {} } as const;
  return { ...ledger, entries: [...ledger.entries, { ts, agent_id, hf_user, id: `legacy-${at}`, ...known }] };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function writeLedger(ledger: Ledger): string {
  const lines = [{ carried: ledger.carriedUsd }, ...ledger.entries];
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}

/** Drops what no limit looks at any more; its dollars stay counted. */
export function prune(ledger: Ledger, nowMs: number): Ledger {
  const ended = (entry: Reservation) => entry.state === 'settled' || entry.state === 'released';
  const old = (entry: Reservation) => ended(entry) && Date.parse(entry.ts) <= nowMs - DAY_MS;
  const gone = ledger.entries.filter(old);
  if (gone.length === 0) return ledger;
  const carriedUsd = { ...ledger.carriedUsd };
  for (const entry of gone) carriedUsd[entry.kind] += cost(entry);
  return { carriedUsd, entries: ledger.entries.filter((entry) => !old(entry)) };
}

function cost(entry: Reservation): number {
  return entry.state === 'released' ? 0 : entry.usd;
}

/** Dollars spent or reserved, of one kind or of all. */
export function spentUsd(ledger: Ledger, kind?: JobKind): number {
  const { benchmark, verification } = ledger.carriedUsd;
  const carried = kind ? ledger.carriedUsd[kind] : benchmark + verification;
  const entries = ledger.entries.filter((entry) => !kind || entry.kind === kind);
  return entries.reduce((sum, entry) => sum + cost(entry), carried);
}

/** Replaces the fields of one reservation. Unknown ids change nothing. */
export function amend(ledger: Ledger, id: string, fields: Partial<Reservation>): Ledger {
  return {
    ...ledger,
    entries: ledger.entries.map((entry) => (entry.id === id ? { ...entry, ...fields } : entry)),
  };
}

/** Refunds a user gets in any 24 hours, with however many agents. */
const REFUNDS_PER_DAY = 2;

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** A run that ended, and what it cost. `refund` is granted only while the user has refunds left. */
export function settle(ledger: Ledger, id: string, usd: number, refund: boolean, nowMs: number): Ledger {
  const entry = ledger.entries.find((candidate) => candidate.id === id);
  if (!entry) return ledger;
  const before = ledger.entries.filter(
    ({ refunded: had, hf_user, ts }) =>
      had && same(hf_user, entry.hf_user) && Date.parse(ts) > nowMs - DAY_MS,
  );
  const refunded = refund && before.length < REFUNDS_PER_DAY;
  return amend(ledger, id, {
    state: 'settled',
    usd: Math.min(entry.usd, usd),
    ...(refunded && { refunded }),
  });
}

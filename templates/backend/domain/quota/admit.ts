import { DAY_MS, type JobKind, type Ledger, type Reservation, spentUsd } from './ledger.ts';

/** Limits of one kind of job. Runs in any 24 hours; dollars in all, 0 = no limit. */
export interface JobLimits {
  perAgentPerDay: number;
  perUserPerDay: number;
  totalUsd: number;
  kindUsd: number;
}

export interface Remaining {
  agent_remaining: number;
  user_remaining: number;
}

export type Admission =
  | { ok: true; remaining: Remaining }
  | { ok: false; scope: 'agent' | 'user'; retryAfterS: number }
  | { ok: false; scope: 'budget' };

export interface JobRequest {
  kind: JobKind;
  agent: string;
  user: string;
  /** The most it can cost, in dollars. */
  usd: number;
  /** The server's own wish: it takes dollars, and nobody's runs of the day. */
  own?: boolean;
}

/** May this job be reserved? The agent's limit is looked at first, then the user's, then the dollars. */
export function admit(ledger: Ledger, request: JobRequest, limits: JobLimits, nowMs: number): Admission {
  const recent = recentRuns(ledger, request.kind, nowMs).filter((entry) => !isOwn(entry));
  const byAgent = recent.filter((entry) => entry.agent_id === request.agent);
  const byUser = recent.filter((entry) => entry.hf_user === request.user);
  if (!request.own && byAgent.length >= limits.perAgentPerDay)
    return { ok: false, scope: 'agent', retryAfterS: freesIn(byAgent, limits.perAgentPerDay, nowMs) };
  if (!request.own && byUser.length >= limits.perUserPerDay)
    return { ok: false, scope: 'user', retryAfterS: freesIn(byUser, limits.perUserPerDay, nowMs) };
  if (over(spentUsd(ledger), request.usd, limits.totalUsd)) return { ok: false, scope: 'budget' };
  if (over(spentUsd(ledger, request.kind), request.usd, limits.kindUsd))
    return { ok: false, scope: 'budget' };
  const remaining = {
    agent_remaining: limits.perAgentPerDay - byAgent.length - 1,
    user_remaining: limits.perUserPerDay - byUser.length - 1,
  };
  return { ok: true, remaining };
}

/** Launched for the server's own sake: a fresh run for a rank, a control run of the baseline, an exam. */
const isOwn = ({ target }: Reservation) =>
  target.fresh === 'true' || target.control === 'true' || target.exam === 'true';

/** Did it try to judge a result? What went wrong on the way to a job did not. */
export const isAttempt = (entry: Reservation) =>
  entry.kind === 'verification' && entry.state !== 'released' && !isOwn(entry);

export function attemptsAt(ledger: Ledger, result: string): Reservation[] {
  return ledger.entries.filter((entry) => entry.target.result === result && isAttempt(entry));
}

/** Runs of a kind that count in the last 24 hours. */
export function recentRuns(ledger: Ledger, kind: JobKind, nowMs: number): Reservation[] {
  return ledger.entries.filter(
    (entry) =>
      entry.kind === kind &&
      entry.state !== 'released' &&
      !entry.refunded &&
      Date.parse(entry.ts) > nowMs - DAY_MS,
  );
}

/** Whole seconds until enough runs have left the window. */
function freesIn(runs: readonly Reservation[], limit: number, nowMs: number): number {
  const times = runs.map((entry) => Date.parse(entry.ts)).sort((a, b) => a - b);
  const freed = times[Math.max(0, times.length - limit)] ?? nowMs;
  return Math.max(1, Math.floor((freed + DAY_MS - nowMs) / 1000) + 1);
}

function over(spent: number, more: number, limit: number): boolean {
  // A cent's millionth of slack: sums of doubles must not refuse the last run that fits exactly.
  return limit > 0 && spent + more > limit + 1e-8;
}

/** Price of a job that runs `seconds`: billed by the started minute. */
export function jobUsd(usdPerHour: number, seconds: number): number {
  return (usdPerHour * Math.ceil(Math.max(0, seconds) / 60)) / 60;
}

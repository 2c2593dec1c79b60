import { ApiError } from '@collab/contract/errors.ts';
import { admit, type JobLimits, type JobRequest, jobUsd, type Remaining } from '../domain/quota/admit.ts';
import {
  amend,
  type JobKind,
  type Ledger,
  prune,
  type Reservation,
  readLedger,
  settle,
  writeLedger,
} from '../domain/quota/ledger.ts';
import type { Settings } from '../settings.ts';
import type { PrivateFiles } from '../store/types.ts';
import { limitMinutes } from './limit.ts';

export interface LedgerDeps {
  files: Pick<PrivateFiles, 'readText' | 'updateText'>;
  settings: Pick<
    Settings,
    | 'JOB_QUOTA_LEDGER_PATH'
    | 'JOB_PER_AGENT_PER_DAY'
    | 'JOB_PER_USER_PER_DAY'
    | 'VERIFIER_PER_USER_PER_DAY'
    | 'JOB_BUDGET_USD'
    | 'VERIFIER_BUDGET_USD'
    | 'JOB_USD_PER_HOUR'
    | 'JOB_TIMEOUT_MINUTES'
  >;
  /** Lines that are none are passed over: profile compat. */
  skipBad?: boolean;
  now(): number;
}

export interface ReserveRequest extends Omit<JobRequest, 'usd'> {
  id: string;
  target: Record<string, string>;
  idempotency?: string;
  /** An evaluator runs it: no job, and no dollars of the jobs' budget. It is launched at once. */
  evaluator?: string;
}

/** A reservation that stands: it was written before anything is launched. */
export type Reserved =
  | { ok: true; entry: Reservation; remaining: Remaining; replay: boolean }
  | { ok: false; refusal: ApiError };

/** The job ledger in the private bucket. Every change is on the Hub before the call resolves; a failure refuses. */
export interface LedgerBook {
  reserve(request: ReserveRequest): Promise<Reserved>;
  launched(id: string, jobId: string): Promise<void>;
  /** The job ended after so many seconds; `refund`: through no fault of its owner. */
  settled(id: string, seconds: number, refund: boolean): Promise<void>;
  /** The evaluator that had it went silent. */
  lost(id: string): Promise<void>;
  /** The job never ran. */
  released(id: string): Promise<void>;
  /** As it stands on the Hub. */
  read(): Promise<Ledger>;
  /** As this server last saw it: no call to the Hub once it was read. For showing, never for admitting. */
  recent(): Promise<Ledger>;
}

export function ledgerBook({ files, settings, now, skipBad }: LedgerDeps): LedgerBook {
  const path = settings.JOB_QUOTA_LEDGER_PATH;
  let seen: Ledger | null = null;
  const update = async (change: (ledger: Ledger) => Ledger | undefined) => {
    await files
      .updateText(path, (text) => {
        const before = readLedger(text, skipBad);
        const after = change(before);
        seen = after ?? before;
        return after && writeLedger(prune(after, now()));
      })
      .catch(unavailable);
  };
  const change = (id: string, fields: (entry: Reservation) => Partial<Reservation>) =>
    update((ledger) => {
      const entry = ledger.entries.find((candidate) => candidate.id === id);
      return entry && amend(ledger, id, fields(entry));
    });

  const read = async () => {
    seen = readLedger(await files.readText(path).catch(unavailable), skipBad);
    return seen;
  };

  return {
    async reserve(request) {
      let outcome: Reserved | undefined;
      await update((ledger) => {
        const decided = decide(ledger, request, settings, now());
        outcome = decided;
        const stands = decided.ok && !decided.replay;
        return stands ? { ...ledger, entries: [...ledger.entries, decided.entry] } : undefined;
      });
      return outcome as Reserved;
    },
    launched: (id, jobId) =>
      change(id, () => ({ state: 'launched', job_id: jobId, launched_at: new Date(now()).toISOString() })),
    settled: (id, seconds, refund) =>
      update((ledger) => settle(ledger, id, jobUsd(settings.JOB_USD_PER_HOUR, seconds), refund, now())),
    lost: (id) => change(id, () => ({ state: 'settled', usd: 0, lost: true })),
    released: (id) => change(id, () => ({ state: 'released' })),
    read,
    recent: async () => seen ?? read(),
  };
}

function decide(
  ledger: Ledger,
  request: ReserveRequest,
  settings: LedgerDeps['settings'],
  nowMs: number,
): Reserved {
  const { evaluator } = request;
  const usd = evaluator ? 0 : jobUsd(settings.JOB_USD_PER_HOUR, limitMinutes(settings, request.target) * 60);
  const admission = admit(ledger, { ...request, usd }, limitsOf(settings, request.kind), nowMs);
  const before = request.idempotency && ledger.entries.find((e) => e.idempotency === request.idempotency);
  if (before) return { ok: true, entry: before, remaining: remainingOf(admission), replay: true };
  if (!admission.ok) return { ok: false, refusal: refusalOf(admission, request, settings) };
  const { id, agent, user, kind, target, idempotency } = request;
  const ts = new Date(nowMs).toISOString();
  const who = { ts, agent_id: agent, hf_user: user };
  const held = evaluator
    ? { state: 'launched' as const, launched_at: ts, evaluator }
    : { state: 'reserved' as const };
  const entry: Reservation = { ...who, id, kind, ...held, usd, target, idempotency };
  return { ok: true, entry, remaining: admission.remaining, replay: false };
}

function remainingOf(admission: ReturnType<typeof admit>): Remaining {
  if (!admission.ok) return { agent_remaining: 0, user_remaining: 0 };
  const { agent_remaining, user_remaining } = admission.remaining;
  return { agent_remaining: agent_remaining + 1, user_remaining: user_remaining + 1 };
}

function limitsOf(settings: LedgerDeps['settings'], kind: JobKind): JobLimits {
  const totalUsd = settings.JOB_BUDGET_USD;
  if (kind === 'benchmark') {
    const { JOB_PER_AGENT_PER_DAY: perAgentPerDay, JOB_PER_USER_PER_DAY: perUserPerDay } = settings;
    return { perAgentPerDay, perUserPerDay, totalUsd, kindUsd: 0 };
  }
  const perUserPerDay = settings.VERIFIER_PER_USER_PER_DAY;
  return { perAgentPerDay: perUserPerDay, perUserPerDay, totalUsd, kindUsd: settings.VERIFIER_BUDGET_USD };
}

function refusalOf(
  admission: Exclude<ReturnType<typeof admit>, { ok: true }>,
  { agent, user }: ReserveRequest,
  settings: LedgerDeps['settings'],
): ApiError {
  if (admission.scope === 'budget')
    return new ApiError('BUDGET_SPENT', 'the job budget of this challenge is used up', {
      hint: 'ask an organizer on the message board',
    });
  const { scope, retryAfterS } = admission;
  const cap = scope === 'agent' ? settings.JOB_PER_AGENT_PER_DAY : settings.JOB_PER_USER_PER_DAY;
  const who = scope === 'agent' ? `agent ${agent}` : `user ${user}`;
  return new ApiError('RATE_LIMITED', `${who} has had its ${cap} jobs of the last 24 hours`, { retryAfterS });
}

/** Neither an unreadable nor an unwritable ledger ever means "nothing was used". */
function unavailable(cause: unknown): never {
  throw new ApiError('QUOTA_BACKEND_UNAVAILABLE', 'the job ledger could not be read or written', {
    hint: 'nothing was launched; try again',
    retryAfterS: 30,
    cause,
  });
}

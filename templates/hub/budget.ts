/** What counts against which limit of the Hub; CAS traffic is not limited by it. */
export type CallClass = 'api' | 'resolve' | 'cas';

/** Counts since the process started, and what the Hub last said about its limit. Never holds a token. */
export interface BudgetSnapshot {
  calls: Record<CallClass, number>;
  rateLimited: number;
  /** Calls left in the Hub's window, as of the last answer; absent until the Hub said so. */
  remaining?: number;
  /** Calls the Hub allows in one window. */
  limit?: number;
  /** Milliseconds since the epoch at which the window starts anew. */
  resetsAt?: number;
}

export interface CallBudget {
  called(kind: CallClass): void;
  answered(status: number, headers: Headers, nowMs: number): void;
  snapshot(): BudgetSnapshot;
}

/**
 * One count of calls per process. Reads `RateLimit: "api";r=<left>;t=<seconds>` and
 * `RateLimit-Policy: "fixed window";"api";q=<quota>;w=<seconds>` as the Hub sends them.
 */
export function createBudget(): CallBudget {
  const state: BudgetSnapshot = { calls: { api: 0, resolve: 0, cas: 0 }, rateLimited: 0 };
  return {
    called: (kind) => {
      state.calls[kind] += 1;
    },
    answered: (status, headers, nowMs) => {
      if (status === 429) state.rateLimited += 1;
      const now = headers.get('ratelimit');
      if (now?.includes('"api"')) {
        state.remaining = parameter(now, 'r') ?? state.remaining;
        const seconds = parameter(now, 't');
        if (seconds !== undefined) state.resetsAt = nowMs + seconds * 1000;
      }
      const policy = headers.get('ratelimit-policy');
      if (policy?.includes('"api"')) state.limit = parameter(policy, 'q') ?? state.limit;
    },
    snapshot: () => ({ ...state, calls: { ...state.calls } }),
  };
}

function parameter(header: string, name: string): number | undefined {
  const found = new RegExp(`;\\s*${name}=(\\d+)`).exec(header)?.[1];
  return found === undefined ? undefined : Number(found);
}

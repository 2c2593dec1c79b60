/** Rate limits per agent and per user, checked after authentication. A refused call throws RATE_LIMITED with Retry-After. */

export interface Limits {
  /** Writes from a scratch bucket: messages, results, syncs, notes, traces. */
  source(agent: string): void;
  /** Inline posts of an agent or a human. */
  inline(handle: string): void;
  /** Registrations of a caller. */
  registration(hfUser: string): void;
}

/** Younger than `ttlMs`, and not from the future: what is remembered must not outlive its time when a clock is put back. */
export const isYoung = (since: number, ttlMs: number, now: number): boolean =>
  now >= since && now - since < ttlMs;

import { memberRole } from './identity/permissions.ts';
import type { Principal } from './identity/principal.ts';
import type { Database } from './store/database.ts';

export const WINDOW_S = 300;

export interface Quota {
  kind: 'api' | 'resolvers';
  quota: number;
  remaining: number;
  /** Seconds to the next window. */
  resetS: number;
}

type Limits = Record<Quota['kind'], number>;

/** Calls per 5 minutes (hub-docs, rate-limits.md). */
const ANONYMOUS: Limits = { api: 500, resolvers: 3000 };
const FREE: Limits = { api: 1000, resolvers: 5000 };
const PRO: Limits = { api: 2500, resolvers: 12_000 };
const PLANS: Record<string, Limits> = {
  team: { api: 3000, resolvers: 20_000 },
  academia: { api: 3000, resolvers: 20_000 },
  enterprise: { api: 6000, resolvers: 50_000 },
  plus: { api: 10_000, resolvers: 100_000 },
};

/** Counts calls per caller in fixed windows of five minutes. */
export class RateLimits {
  private readonly counts = new Map<string, number>();
  private window = 0;

  /** Counts one call. `remaining` below zero: over the quota. */
  count(db: Database, who: Principal | null, path: string, nowMs: number): Quota {
    const seconds = Math.floor(nowMs / 1000);
    const window = Math.floor(seconds / WINDOW_S);
    if (window !== this.window) this.counts.clear();
    this.window = window;
    const kind = path.includes('/resolve/') ? 'resolvers' : 'api';
    const key = `${kind} ${who?.user.name ?? ''}`;
    const used = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, used);
    const quota = limitsOf(db, who)[kind];
    return { kind, quota, remaining: quota - used, resetS: (window + 1) * WINDOW_S - seconds };
  }
}

function limitsOf(db: Database, who: Principal | null): Limits {
  if (!who) return ANONYMOUS;
  const plans = db
    .values('orgs')
    .filter((org) => org.plan && memberRole(org, who.user.name))
    .map((org) => PLANS[org.plan as string] ?? FREE);
  return [who.user.pro ? PRO : FREE, ...plans].reduce((best, one) => (one.api > best.api ? one : best));
}

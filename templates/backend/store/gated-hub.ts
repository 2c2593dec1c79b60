/**
 * Who may spend the Hub's calls when few are left: writes and what callers wait for first, then verdicts, then listings,
 * then files and logs that anybody may ask for.
 * What is held back fails as `rate_limited` without a call; its loop comes again after the window.
 */
import type { CallBudget } from '@collab/hub/index.ts';
import { HubError, type HubPort } from '@collab/hub/port.ts';

/** `reader`: what somebody without a credential makes the server ask. */
type Spender = 'verdict' | 'listing' | 'reader';

/** Share of the window that is kept for those who come before. */
const KEPT: Record<Spender, number> = { verdict: 0.1, listing: 0.25, reader: 0.4 };

/** Throws `rate_limited` when what is left of the window is kept for others. */
export function gate(
  budget: Pick<CallBudget, 'snapshot'>,
  url: string,
  now: () => number,
): (spender: Spender) => void {
  return (spender) => {
    const { remaining, limit, resetsAt } = budget.snapshot();
    if (remaining === undefined || limit === undefined || resetsAt === undefined) return;
    const waitMs = resetsAt - now();
    if (waitMs <= 0 || remaining >= limit * KEPT[spender]) return;
    const retryAfterS = Math.ceil(waitMs / 1000);
    const message = `${remaining} of ${limit} calls are left: no ${spender} before the window ends`;
    throw new HubError('rate_limited', message, { url, retryAfterS });
  };
}

/**
 * The same port, sparing with what can wait.
 * @param record the central bucket: listing it is the server's own housekeeping, listing another one serves a caller.
 * @param serving false until the first picture of the record stands: nobody can be served before, so nobody waits.
 */
export function gatedHub(
  hub: HubPort,
  budget: Pick<CallBudget, 'snapshot'>,
  record: string,
  now: () => number,
  serving: () => boolean,
): HubPort {
  const admit = gate(budget, hub.endpoint, now);
  return {
    ...hub,
    async listFiles(id, prefix, options) {
      if (id === record && serving()) admit('listing');
      return hub.listFiles(id, prefix, options);
    },
    async runJob(namespace, spec) {
      admit('verdict');
      return hub.runJob(namespace, spec);
    },
    async job(namespace, id) {
      admit('verdict');
      return hub.job(namespace, id);
    },
    async jobs(namespace, labels) {
      admit('verdict');
      return hub.jobs(namespace, labels);
    },
  };
}

import type { VerificationState } from '@collab/contract/schemas.ts';
import type { Score } from '../score/score.ts';
import type { Entry } from './row.ts';

export interface Claim extends Entry {
  claimed: Score;
}

export interface Eligibility {
  states: ReadonlySet<VerificationState>;
  /** Zero and below are scores too. */
  allowNonPositive: boolean;
  /** As the reference reads it: whatever is not `negative` must say `agent-run`. */
  statusNeeded?: boolean;
}

/** States a reader of the reference calls `pending`. */
export function wireState(state: VerificationState): VerificationState {
  return state === 'queued' || state === 'running' ? 'pending' : state;
}

/** Splits entries into those a board may show and a count of why the others are not (first reason that holds). */
export function eligible(
  entries: readonly Entry[],
  rules: Eligibility,
): { claims: Claim[]; excluded: Record<string, number> } {
  const claims: Claim[] = [];
  const excluded: Record<string, number> = { status_negative: 0, malformed: 0 };
  for (const entry of entries) {
    const reason = exclusion(entry, rules);
    if (reason) excluded[reason] = (excluded[reason] ?? 0) + 1;
    else claims.push(entry as Claim);
  }
  return { claims, excluded };
}

function exclusion(entry: Entry, rules: Eligibility): string | null {
  const status = entry.frontmatter.status;
  if (entry.malformed) return 'malformed';
  if (status === 'negative' || (status === 'baseline' && !rules.statusNeeded)) return `status_${status}`;
  if (status !== 'agent-run' && (status !== undefined || rules.statusNeeded)) return 'malformed';
  if (!entry.claimed || (!rules.allowNonPositive && entry.claimed.score <= 0)) return 'malformed';
  return rules.states.has(wireState(entry.state)) ? null : `verification_${entry.state}`;
}

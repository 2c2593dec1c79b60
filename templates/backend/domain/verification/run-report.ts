import { runName } from '../results/log-access.ts';
import type { Verdict } from './verdict.ts';

const MAX_FACTS = 40;
const MAX_VALUE = 200;

/**
 * What the run behind a machine's verdict says of itself, for everybody: what the harness measured and on what.
 * Nothing of what the submission printed is in it. `null`: no run is behind it.
 */
export function runReport({ result, evidence, measured, gates, provenance }: Verdict) {
  if (!evidence) return null;
  return {
    run: runName(evidence, result),
    job_id: measured?.job_id ?? null,
    score: measured?.score ?? null,
    sd: measured?.sd ?? null,
    passes: measured?.passes ?? null,
    gates,
    facts: facts(provenance ?? {}).slice(0, MAX_FACTS),
  };
}

/** `{times: {audit: 2}}` → `times.audit = 2`: two levels, what is deeper as JSON. */
function facts(record: Record<string, unknown>, prefix = ''): { name: string; value: string }[] {
  return Object.entries(record).flatMap(([key, value]) => {
    if (value === null || value === undefined) return [];
    const name = `${prefix}${key}`.slice(0, MAX_VALUE);
    if (prefix === '' && typeof value === 'object' && !Array.isArray(value))
      return facts(value as Record<string, unknown>, `${name}.`);
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [{ name, value: text.slice(0, MAX_VALUE) }];
  });
}

import { recall, remember } from './memory.ts';

const KEY = 'collab-last-visit';
const SAME_VISIT_MS = 30 * 60_000;
let previous: number | null | undefined;

/** When this browser was here before the present visit (ms), or null. Reading it stamps the present visit. */
export function lastVisit(now: number): number | null {
  if (previous !== undefined) return previous;
  const stored = kept();
  const same = stored.at !== undefined && Math.abs(now - stored.at) < SAME_VISIT_MS;
  previous = (same ? stored.before : stored.at) ?? null;
  remember(KEY, JSON.stringify({ at: now, before: previous ?? undefined }));
  return previous;
}

function kept(): { at?: number; before?: number } {
  try {
    return JSON.parse(recall(KEY) ?? '{}');
  } catch {
    return {};
  }
}

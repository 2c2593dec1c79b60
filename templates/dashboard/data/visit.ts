const KEY = 'collab-last-visit';
const SAME_VISIT_MS = 30 * 60_000;
let previous: number | null | undefined;

/** When this browser was here before the present visit (ms), or null. Reading it stamps the present visit. */
export function lastVisit(now = Date.now()): number | null {
  if (previous !== undefined) return previous;
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as { at?: number; before?: number };
    const same = stored.at !== undefined && now - stored.at < SAME_VISIT_MS;
    previous = (same ? stored.before : stored.at) ?? null;
    localStorage.setItem(KEY, JSON.stringify({ at: now, before: previous ?? undefined }));
  } catch {
    previous = null;
  }
  return previous;
}

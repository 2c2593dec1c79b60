/** Prefix matches first, then substring matches, of handle or owner; at most `limit`. */
export function suggestHandles<T extends { handle: string; owner?: string }>(
  known: readonly T[],
  typed: string,
  limit = 50,
): T[] {
  const q = typed.toLowerCase();
  const score = (k: T): number => {
    const names = [k.handle, k.owner ?? ''].map((n) => n.toLowerCase());
    if (names.some((n) => n.startsWith(q) || n.startsWith(`human-${q}`))) return 0;
    return names.some((n) => n.includes(q)) ? 1 : 2;
  };
  return known
    .map((k) => ({ k, s: score(k) }))
    .filter((x) => x.s < 2)
    .sort((a, b) => a.s - b.s || a.k.handle.localeCompare(b.k.handle))
    .slice(0, limit)
    .map((x) => x.k);
}

/** Reviewer's user → users whose results it approved. */
export type Approvals = ReadonlyMap<string, ReadonlySet<string>>;

/** A longer way round says nothing: in a small collaboration everybody is linked with everybody. */
const MAX_LENGTH = 4;

/**
 * The shortest way from a result's author to its reviewer along approvals: author approved someone, who approved …
 * the reviewer. With the approval itself it closes a ring. @returns its users, author first; empty: there is none.
 */
export function ringOf(approvals: Approvals, author: string, reviewer: string): string[] {
  if (author === reviewer) return [];
  const cameFrom = new Map<string, string | null>([[author, null]]);
  let edge = [author];
  for (let length = 1; length < MAX_LENGTH && edge.length > 0; length++) {
    const next: string[] = [];
    for (const user of edge)
      for (const approved of approvals.get(user) ?? []) {
        if (cameFrom.has(approved)) continue;
        cameFrom.set(approved, user);
        if (approved === reviewer) return wayTo(reviewer, cameFrom);
        next.push(approved);
      }
    edge = next;
  }
  return [];
}

function wayTo(end: string, cameFrom: ReadonlyMap<string, string | null>): string[] {
  const way: string[] = [];
  for (let at: string | null = end; at !== null; at = cameFrom.get(at) ?? null) way.unshift(at);
  return way;
}

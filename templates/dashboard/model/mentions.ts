import { isAgentId, isHumanHandle } from '@collab/contract/identity.ts';

/** A name as the server looks for it: not inside a mail address, a path or a longer name. */
const MENTION = /(?<![A-Za-z0-9._%+@/-])@([a-z0-9][a-z0-9._-]{0,120})(?![A-Za-z0-9])/g;

/** Handles mentioned in plain text with where each begins; a full stop after a name is not part of it. */
export function findMentions(text: string): { at: number; handle: string }[] {
  return [...text.matchAll(MENTION)]
    .map((m) => ({ at: m.index, handle: (m[1] as string).replace(/[._-]+$/, '') }))
    .filter(({ handle }) => isAgentId(handle) || isHumanHandle(handle));
}

export const mentionsIn = (text: string): string[] => [...new Set(findMentions(text).map((m) => m.handle))];

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

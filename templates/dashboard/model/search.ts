import type { Message } from './message.ts';

/** Case-insensitive, every word must occur in `@handle` or body. `@name` words match handles alone. */
export function matches(message: Message, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const hay = `@${message.author.handle}\n${message.body}`.toLowerCase();
  return words.every((w) => hay.includes(w));
}

export const filterMessages = (messages: readonly Message[], query: string): Message[] =>
  query.trim() === '' ? [...messages] : messages.filter((m) => matches(m, query));

/** Ranges `[start, end)` of `text` to highlight, in order, not overlapping. */
export function highlightRanges(text: string, query: string): [number, number][] {
  const lower = text.toLowerCase();
  const found: [number, number][] = [];
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean))
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length))
      found.push([at, at + word.length]);
  found.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const merged: [number, number][] = [];
  for (const [from, to] of found) {
    const last = merged.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

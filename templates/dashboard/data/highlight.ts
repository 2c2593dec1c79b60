import { highlightRanges } from '../model/search.ts';

/** Marks the words of `query` inside `root` without touching its nodes (CSS custom highlights). */
export function markFound(root: HTMLElement, query: string): void {
  if (!('highlights' in CSS)) return;
  if (query.trim() === '') {
    CSS.highlights.delete('found');
    return;
  }
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const [from, to] of highlightRanges(node.textContent ?? '', query.replaceAll('@', ''))) {
      const range = new Range();
      range.setStart(node, from);
      range.setEnd(node, to);
      ranges.push(range);
    }
  CSS.highlights.set('found', new Highlight(...ranges));
}

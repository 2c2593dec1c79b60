/** Two folders read as one: an inbox and the broadcasts. */
import type { Entry, Facet, FolderView } from './types.ts';

/** Ascending by name; where both have a name, the first list's entry counts. */
function merge(a: readonly Entry[], b: readonly Entry[]): readonly Entry[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  const out: Entry[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const x = a[i];
    const y = b[j];
    if (x && (!y || x.name <= y.name)) {
      out.push(x);
      i++;
      if (y && y.name === x.name) j++;
    } else {
      out.push(y as Entry);
      j++;
    }
  }
  return out;
}

export function unionView(first: FolderView, second: FolderView): FolderView {
  if (second.count === 0) return first;
  const all = merge(first.entries(), second.entries());
  return {
    count: all.length,
    entries: () => all,
    where: (facet: Facet, value: string) => merge(first.where(facet, value), second.where(facet, value)),
  };
}

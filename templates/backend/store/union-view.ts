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

/** What was merged, as long as neither folder changes. */
interface Union {
  second: FolderView;
  versions: string;
  view: FolderView;
}

const unions = new WeakMap<FolderView, Union>();

/** Both folders as one, merged once per change of either. */
export function unionView(first: FolderView, second: FolderView): FolderView {
  if (second.count === 0) return first;
  if (first.count === 0) return second;
  const versions = `${first.version} ${second.version}`;
  const known = unions.get(first);
  if (known?.second === second && known.versions === versions) return known.view;
  const view = merged(first, second, versions);
  unions.set(first, { second, versions, view });
  return view;
}

function merged(first: FolderView, second: FolderView, version: string): FolderView {
  const all = merge(first.entries(), second.entries());
  const facets = new Map<string, readonly Entry[]>();
  return {
    version,
    count: all.length,
    entries: () => all,
    where(facet: Facet, value: string) {
      const key = `${facet} ${value}`;
      const list = facets.get(key) ?? merge(first.where(facet, value), second.where(facet, value));
      if (list.length > 0) facets.set(key, list);
      return list;
    },
  };
}

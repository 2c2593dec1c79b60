/** One entry of a listing: a file by its path, a folder as `folder/`; `paths[from]`..`paths[to - 1]` lie in it. */
export interface TreeEntry {
  name: string;
  from: number;
  to: number;
}

/**
 * At most `limit` entries behind `after` of the sorted `paths` that begin with `prefix`: all files, or one level of
 * files and folders. Looks at no path before or behind the page.
 */
export function treePage(
  paths: readonly string[],
  { prefix, after, limit, recursive }: Asked,
): { entries: TreeEntry[]; more: boolean } {
  const entries: TreeEntry[] = [];
  const start = after === null || after < prefix ? prefix : after;
  for (let i = firstFrom(paths, start); i < paths.length; i++) {
    const path = paths[i] as string;
    if (!path.startsWith(prefix)) break;
    const name = recursive ? path : entryOf(path, prefix);
    const last = entries.at(-1);
    if (last?.name === name) last.to = i + 1;
    else if (entries.length === limit) return { entries, more: true };
    else if (after === null || name > after) entries.push({ name, from: i, to: i + 1 });
  }
  return { entries, more: false };
}

interface Asked {
  prefix: string;
  /** Name of the last entry of the page before. */
  after: string | null;
  limit: number;
  recursive: boolean;
}

/**
 * Entry of a file in one level of a tree. For a folder (`dir` or `dir/`) that is what lies in it, for any other string
 * prefix the matching name.
 */
function entryOf(path: string, prefix: string): string {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const slash = path.indexOf('/', path.startsWith(folder) ? folder.length : prefix.length);
  return slash < 0 ? path : path.slice(0, slash + 1);
}

/** Index of the first of the sorted `paths` that is not before `start`. */
function firstFrom(paths: readonly string[], start: string): number {
  let [low, high] = [0, paths.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((paths[middle] as string) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

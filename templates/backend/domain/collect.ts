/** Searching and grouping lists. */

/** First position in `list` whose item, and all after it, are `reached`; its length when none is. */
export function firstAt<T>(list: readonly T[], reached: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (reached(list[mid] as T)) high = mid;
    else low = mid + 1;
  }
  return low;
}

/** Items by key, in the order they came. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

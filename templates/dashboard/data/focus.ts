import { tick } from 'svelte';

/** What had the focus has gone from the page. */
export const lostFocus = (): boolean =>
  document.activeElement === null || document.activeElement === document.body;

/** The first of `items` that is in sight: below the header, which stays there. */
export function firstSeen<T extends HTMLElement>(items: readonly T[]): T | undefined {
  const top = document.querySelector('header')?.getBoundingClientRect().bottom ?? 0;
  return items.find((item) => item.getBoundingClientRect().top >= top);
}

/**
 * A list that keeps in the document only what is seen takes an item away when somebody scrolls, also the one that has
 * the focus: it goes on at the first item that is seen then.
 */
export function keepInList(list: HTMLElement): () => void {
  const ENOUGH = 60;
  let inside = false;
  const came = ({ target }: Event) => {
    inside = list.contains(target as Node);
  };
  const left = ({ target }: Event) =>
    queueMicrotask(() => {
      if ((target as Node).isConnected) inside = false;
    });
  // What has just been put in takes a few frames until it has its place.
  const goOn = (tries: number) => {
    if (!inside || !lostFocus() || tries === 0) return;
    firstSeen([...list.querySelectorAll<HTMLElement>('[data-item]')])?.focus({ preventScroll: true });
    requestAnimationFrame(() => goOn(tries - 1));
  };
  // Not when somebody scrolls: items go later as well, when those around them have their sizes.
  const taken = new MutationObserver(() => goOn(ENOUGH));
  document.addEventListener('focusin', came);
  list.addEventListener('focusout', left);
  taken.observe(list, { childList: true, subtree: true });
  return () => {
    document.removeEventListener('focusin', came);
    list.removeEventListener('focusout', left);
    taken.disconnect();
  };
}

/** Does `work`; if what had the focus goes with it, the focus goes to what `next` finds, else to the view. */
export async function keepFocus(
  work: () => unknown,
  next: () => HTMLElement | SVGElement | null | undefined,
): Promise<void> {
  await work();
  await tick();
  if (lostFocus()) (next() ?? document.getElementById('main'))?.focus({ preventScroll: true });
}

/** Does `work`, which adds items below `root` and may take away what had the focus: it goes on at the first new one. */
export function goOnAtNew(root: Element | null | undefined, work: () => unknown): Promise<void> {
  const items = () => [...(root?.querySelectorAll<HTMLElement>('[data-item]') ?? [])];
  const before = new Set(items());
  return keepFocus(work, () => items().find((item) => !before.has(item)));
}

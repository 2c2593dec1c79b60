import { tick } from 'svelte';

/** What had the focus has gone from the page. */
export const lostFocus = (): boolean =>
  document.activeElement === null || document.activeElement === document.body;

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

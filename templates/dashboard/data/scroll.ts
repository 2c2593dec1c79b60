/** Where one was in a view: "back" leads there again, a link to the top. */
const places = new Map<string, number>();
const GIVE_UP_MS = 3_000;
let back = false;

/** Remembers how far each address is scrolled. @returns stop. */
export function watchPlaces(): () => void {
  history.scrollRestoration = 'manual';
  const scrolled = () => void places.set(location.hash, window.scrollY);
  const navigated = (event: Event) => {
    back = (event as Event & { navigationType?: string }).navigationType === 'traverse';
  };
  const navigation = (window as { navigation?: EventTarget }).navigation;
  addEventListener('scroll', scrolled, { passive: true });
  navigation?.addEventListener('navigate', navigated);
  return () => {
    removeEventListener('scroll', scrolled);
    navigation?.removeEventListener('navigate', navigated);
  };
}

/** Where the present address was left, when one comes back to it; else 0. */
export const kept = (): number => (back ? (places.get(location.hash) ?? 0) : 0);

/** Scrolls to `top` once the view has grown so long, unless somebody scrolls before. */
export function goTo(top: number, until = performance.now() + GIVE_UP_MS): void {
  window.scrollTo(0, top);
  if (window.scrollY >= top - 1 || performance.now() > until) return;
  const hash = location.hash;
  const reached = window.scrollY;
  requestAnimationFrame(() => {
    if (location.hash === hash && window.scrollY === reached) goTo(top, until);
  });
}

/** Where one was in a view, and on which link: "back" leads there again, a link to the top. */
const places = new Map<string, { top: number; link: string }>();
const GIVE_UP_MS = 3_000;
let back = false;

/** Remembers how far each address is scrolled. @returns stop. */
export function watchPlaces(): () => void {
  history.scrollRestoration = 'manual';
  const now = () => places.get(location.hash) ?? { top: 0, link: '' };
  const scrolled = () => void places.set(location.hash, { ...now(), top: window.scrollY });
  const focused = ({ target }: Event) => {
    if (!(target instanceof Element) || target.id === 'main') return;
    places.set(location.hash, { ...now(), link: target.closest('main a')?.getAttribute('href') ?? '' });
  };
  const navigated = (event: Event) => {
    back = (event as Event & { navigationType?: string }).navigationType === 'traverse';
  };
  const navigation = (window as { navigation?: EventTarget }).navigation;
  addEventListener('scroll', scrolled, { passive: true });
  addEventListener('focusin', focused);
  navigation?.addEventListener('navigate', navigated);
  return () => {
    removeEventListener('scroll', scrolled);
    removeEventListener('focusin', focused);
    navigation?.removeEventListener('navigate', navigated);
  };
}

/** Where the present address was left, when one comes back to it; else its top. */
export const kept = (): { top: number; link: string } =>
  (back ? places.get(location.hash) : undefined) ?? { top: 0, link: '' };

/** Goes to `place` once the view has grown so long, unless somebody scrolls before. */
export function goTo(place: { top: number; link: string }, until = performance.now() + GIVE_UP_MS): void {
  window.scrollTo(0, place.top);
  const link = findLink(place.link);
  if (window.scrollY >= place.top - 1 && (place.link === '' || link)) {
    if (document.activeElement?.id === 'main') link?.focus({ preventScroll: true });
    return;
  }
  if (performance.now() > until) return;
  const hash = location.hash;
  const reached = window.scrollY;
  requestAnimationFrame(() => {
    if (location.hash === hash && window.scrollY === reached) goTo(place, until);
  });
}

const findLink = (href: string): HTMLElement | null =>
  href === '' ? null : document.querySelector<HTMLElement>(`main a[href="${CSS.escape(href)}"]`);

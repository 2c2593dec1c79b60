/** What this browser remembers, or this tab alone; storage can be refused, in a foreign frame or everywhere. */
type Where = 'browser' | 'tab';
const storage = (where: Where): Storage => (where === 'browser' ? localStorage : sessionStorage);

export function recall(key: string, where: Where = 'browser'): string | null {
  try {
    return storage(where).getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null, where: Where = 'browser'): void {
  try {
    if (value === null) storage(where).removeItem(key);
    else storage(where).setItem(key, value);
  } catch {
    // Nothing is remembered then.
  }
}

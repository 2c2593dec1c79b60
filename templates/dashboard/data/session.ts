import type { App } from './app.svelte.ts';

/**
 * Goes to the login. Inside another site's frame cookies may be refused, so it opens in a tab of its own and this
 * page asks again when it is seen next.
 */
export function logIn(): void {
  const next = `${location.pathname}${location.search}${location.hash}`;
  const url = `./auth/login?next=${encodeURIComponent(next)}`;
  if (framed()) window.open(url, '_blank', 'noopener');
  else location.assign(url);
}

export async function logOut(app: App): Promise<void> {
  await app.http.post('/auth/logout', {}, csrfHeader(app)).catch(() => undefined);
  await app.session.refresh();
}

/** Proof that a write comes from this page: the session cookie alone is not enough. */
export const csrfHeader = (app: App): Record<string, string> => {
  const token = app.session.value?.csrf;
  return token ? { 'x-csrf-token': token } : {};
};

function framed(): boolean {
  return window.top !== window.self;
}

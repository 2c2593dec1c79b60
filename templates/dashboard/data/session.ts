import type { App } from './app.svelte.ts';

/**
 * Goes to the login. Inside another site's frame cookies may be refused, so it opens in a tab of its own; this page
 * asks again who is logged in when it is seen next.
 */
export function logIn(): void {
  const next = `${location.pathname}${location.search}${location.hash}`;
  const url = `/login?next=${encodeURIComponent(next)}`;
  if (window.top !== window.self) window.open(url, '_blank', 'noopener');
  else location.assign(url);
}

export async function logOut(app: App): Promise<void> {
  await app.http.post('/logout', {}).catch(() => undefined);
  await app.session.refresh();
}

/** Why a login came back without one, in words. */
export const LOGIN_ERRORS: Record<string, string> = {
  bad_state: 'The login took too long or was started in another tab. Try again.',
  provider: 'The Hub did not grant the login.',
  token_exchange: 'The Hub did not confirm the login. Try again in a minute.',
  whoami: 'The Hub did not say who you are. Try again in a minute.',
  not_in_org: 'Only members of the organization take part; join it first.',
};

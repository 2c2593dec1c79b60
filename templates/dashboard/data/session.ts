import type { App } from './app.svelte.ts';
import { framed, logInFromFrame } from './frame-login.ts';

/** Goes to the login, inside another site's frame in a tab of its own. */
export function logIn(): void {
  const next = `${location.pathname}${location.search}${location.hash}`;
  if (framed()) logInFromFrame(next, () => dispatchEvent(new Event(FRAME_LOGIN)));
  else location.assign(`/login?next=${encodeURIComponent(next)}`);
}

/** The server gave this frame a session; whether the browser keeps it is seen by asking. */
export const FRAME_LOGIN = 'collab-frame-login';

export async function logOut(app: App): Promise<void> {
  await app.http.post('/logout', {}).catch(() => undefined);
  await app.session.renew();
}

/** Why a login came back without one, in words. */
export const LOGIN_ERRORS: Record<string, string> = {
  bad_state:
    'The login took too long, was started in another tab, or this browser keeps no cookies for this page. Try again.',
  provider: 'The Hub did not grant the login.',
  token_exchange: 'The Hub did not confirm the login. Try again in a minute.',
  whoami: 'The Hub did not say who you are. Try again in a minute.',
  not_in_org: 'Only members of the organization take part; join it first.',
};

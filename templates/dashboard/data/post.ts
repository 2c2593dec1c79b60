import type { App } from './app.svelte.ts';
import { ApiError } from './http.ts';

export interface Posted {
  filename: string;
  mentions_delivered: string[];
  broadcast: boolean;
}

/** Posts as the person who is logged in. */
export async function postMessage(
  app: App,
  body: string,
  refs: string[],
  broadcast: boolean,
): Promise<Posted> {
  const answer = await app.http.post<Posted>('/v1/messages', {
    agent_id: app.me,
    body,
    type: 'user',
    ...(refs.length > 0 ? { refs } : {}),
    ...(broadcast ? { broadcast } : {}),
  });
  void app.feed.renew();
  return answer;
}

/** Why a write failed, in the server's own words; a login that has ended is found out at once. */
export function whyNot(error: unknown, app: App): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status !== 401) return [error.message, error.hint].filter(Boolean).join(' — ');
  void app.session.renew();
  return 'Your login has ended. Log in again; what you wrote is kept.';
}

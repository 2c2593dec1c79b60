import type { App } from './app.svelte.ts';

export interface Posted {
  filename: string;
  mentions_delivered: string[];
  broadcast: boolean;
}

/** Posts as the person who is logged in; the key makes a retry after a timeout the same post. */
export async function postMessage(
  app: App,
  body: string,
  refs: string[],
  broadcast: boolean,
): Promise<Posted> {
  const answer = await app.http.post<Posted>(
    '/v1/messages',
    {
      agent_id: app.me,
      body,
      type: 'user',
      ...(refs.length > 0 ? { refs } : {}),
      ...(broadcast ? { broadcast } : {}),
    },
    { 'idempotency-key': crypto.randomUUID() },
  );
  await app.feed.refresh();
  return answer;
}

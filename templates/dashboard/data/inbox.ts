import type { App } from './app.svelte.ts';
import { recall, remember } from './memory.ts';
import type { Page } from './types.ts';

/** More than this many are not counted. */
export const COUNTED = 50;
const key = (handle: string) => `collab-inbox-read:${handle}`;

/** Names of the newest messages in the viewer's inbox, newest first; null when nobody is logged in. */
export async function newestInbox(app: App): Promise<string[] | null> {
  if (app.me === null) return null;
  const path = `/v1/inbox/${encodeURIComponent(app.me)}?limit=${COUNTED}&order=desc`;
  return (await app.http.get<Page<string>>(path)).items;
}

/** Name of the newest message this browser has shown; file names sort by time. */
export const lastRead = (handle: string): string => recall(key(handle)) ?? '';

export function markRead(handle: string, newest: string): void {
  if (newest > lastRead(handle)) remember(key(handle), newest);
}

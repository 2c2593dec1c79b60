import { isHumanHandle } from '../model/message.ts';
import type { App } from './app.svelte.ts';

export interface KnownHandle {
  handle: string;
  owner: string;
  about: string;
}

/** Registered agents, their people, and everybody who has written. */
export function knownHandles(app: App): KnownHandle[] {
  const known = new Map<string, KnownHandle>();
  for (const a of app.agents.value ?? [])
    known.set(a.agent_id, {
      handle: a.agent_id,
      owner: a.hf_user,
      about: [a.model, a.harness].filter(Boolean).join(' · '),
    });
  for (const { author } of app.feed.messages)
    if (isHumanHandle(author.handle) && !known.has(author.handle))
      known.set(author.handle, { handle: author.handle, owner: author.handle.slice(6), about: 'human' });
  return [...known.values()];
}

/** Handles that an inbox may be made for: registered agents and people who really exist. */
import { HUMAN_PREFIX, humanHandle, isHumanHandle } from '@collab/contract/identity.ts';
import { agentPath } from '@collab/contract/paths.ts';
import type { Services } from '../services.ts';
import { isCompat } from '../settings.ts';

/** Members of the org, users of registered agents, people who have posted or have an inbox. */
export async function knownHandles(
  s: Pick<Services, 'store' | 'auth' | 'settings'>,
): Promise<(handle: string) => boolean> {
  const members = await s.auth.memberNames();
  // One text may name tens of thousands: the cards are looked through once for all of them.
  let users: Set<string> | null = null;
  const isUser = (handle: string) => {
    users ??= new Set(
      s.store
        .folder('agents')
        .entries()
        .map((e) => humanHandle(String(e.frontmatter.hf_user ?? ''))),
    );
    return users.has(handle);
  };
  return (handle) => {
    if (!isHumanHandle(handle)) return s.store.get(agentPath(handle)) !== null;
    if (isCompat(s.settings)) return true;
    if (members?.has(handle.slice(HUMAN_PREFIX.length))) return true;
    return s.store.folder('message_board').where('agent', handle).length > 0 || isUser(handle);
  };
}

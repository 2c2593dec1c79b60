import { createHubClient } from '@collab/hub/client.ts';
import type { HubPort, Identity } from '@collab/hub/port.ts';
import type { ApplyOptions } from './types.ts';

/** The Hub of an apply, with the clock of the outside world. Whom a token belongs to is asked once: the Hub rations that. */
export function clientFor({ io, hubUrl, token }: Pick<ApplyOptions, 'io' | 'hubUrl' | 'token'>): HubPort {
  const clock = { now: io.now, sleep: (ms: number) => io.sleep(ms, io.signal) };
  const hub = createHubClient({ endpoint: hubUrl, token, fetch: io.fetch, clock });
  const known = new Map<string, Promise<Identity>>();
  const whoami = (of = token): Promise<Identity> => {
    const asked = known.get(of) ?? hub.whoami(of);
    known.set(of, asked);
    // What failed may succeed later.
    asked.catch(() => known.delete(of));
    return asked;
  };
  return { ...hub, whoami };
}

import { createHubClient } from '@collab/hub/client.ts';
import type { HubPort } from '@collab/hub/port.ts';
import type { ApplyOptions } from './types.ts';

/** The Hub of an apply, with the clock of the outside world. */
export function clientFor({ io, hubUrl, token }: Pick<ApplyOptions, 'io' | 'hubUrl' | 'token'>): HubPort {
  const clock = { now: io.now, sleep: (ms: number) => io.sleep(ms, io.signal) };
  return createHubClient({ endpoint: hubUrl, token, fetch: io.fetch, clock });
}

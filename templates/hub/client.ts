import { bucketCalls } from './buckets.ts';
import { identityCalls } from './identity.ts';
import { jobCalls } from './jobs.ts';
import { modelCalls } from './models.ts';
import type { HubPort } from './port.ts';
import { spaceCalls } from './spaces.ts';
import { createTransport, type HubClientOptions } from './transport.ts';
import { createXetUploads } from './xet.ts';

export type { HubClientOptions, HubClock } from './transport.ts';

/**
 * The Hub over HTTP, huggingface.co or embedded. Reads and repeatable writes are tried again (up to 4 times, with
 * Retry-After); any other write is sent once, and a lost answer is `HubError` kind `unknown_outcome`.
 */
export function createHubClient(options: HubClientOptions): HubPort {
  const transport = createTransport(options);
  const xet = createXetUploads(transport);
  return {
    endpoint: transport.endpoint,
    ...identityCalls(transport),
    ...bucketCalls(transport, xet),
    ...modelCalls(transport),
    ...spaceCalls(transport, xet),
    ...jobCalls(transport),
  };
}

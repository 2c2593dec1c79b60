/** What nobody needs a credential for, and each request of which asks the Hub. */
import { ApiError } from '@collab/contract/errors.ts';
import type { HubError } from '@collab/hub/port.ts';
import { networkOf, slidingWindows } from '../limits.ts';
import type { Services } from '../services.ts';
import { gate } from '../store/gated-hub.ts';

/** @returns admits one request of an address; while the Hub's calls are short, none. @throws ApiError RATE_LIMITED */
export function readerLimit(
  { now, budget }: Pick<Services, 'now' | 'budget'>,
  perMinute: number,
  what: string,
): (ip: string | undefined) => void {
  const calls = slidingWindows([{ count: perMinute, spanMs: 60_000 }], now);
  const spare = budget && gate(budget, 'hub:', now);
  return (ip) => {
    const retryAfterS = calls(networkOf(ip));
    if (retryAfterS !== null) throw new ApiError('RATE_LIMITED', `too many ${what} at once`, { retryAfterS });
    try {
      spare?.('reader');
    } catch (cause) {
      const { retryAfterS } = cause as HubError;
      throw new ApiError('RATE_LIMITED', 'the calls that the Hub allows are kept for writes', {
        retryAfterS,
        cause,
      });
    }
  };
}

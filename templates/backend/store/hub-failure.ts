/** A failed Hub call as the caller of the API sees it: the Hub's own words stay in the log. */
import { ApiError } from '@collab/contract/errors.ts';
import { HubError } from '@collab/hub/port.ts';

/** Larger than was asked for, found out by our own client: what the Hub refuses has a status. */
export const isBeyondBound = (error: unknown): boolean =>
  error instanceof HubError && error.kind === 'invalid' && error.status === undefined;

/** `.catch(hubFailure('read x'))`: throws HUB_UNAVAILABLE with the cause attached. */
export function hubFailure(what: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof ApiError) throw error;
    const retryAfterS = error instanceof HubError ? Math.min(error.retryAfterS ?? 5, 60) : 5;
    throw new ApiError('HUB_UNAVAILABLE', `the Hub did not ${what}`, { cause: error, retryAfterS });
  };
}

/**
 * Bodies on their way in. Before one is read whole nobody is known to have sent it, so what they cost is bounded by
 * address: the memory of those that are half sent or wait for their answer, and the time of large ones that come to
 * nothing.
 */
import { ApiError } from '@collab/contract/errors.ts';
import { meter, networkOf } from '../limits.ts';

/** Honest posts are smaller, nearly all of them. */
export const LARGE_BYTES = 64 * 1024;
/** Large bodies of one address that may be refused in a minute: reading each takes up to a second. */
const REFUSED_PER_MINUTE = 8;
const MAX_OF_ONE = 16 * 1024 * 1024;
const MAX_OF_ALL = 128 * 1024 * 1024;

/** The body of one call. */
export interface Body {
  /** Counts more of it. @throws ApiError RATE_LIMITED */
  hold(bytes: number): void;
  /** It turns out to be large. @throws ApiError RATE_LIMITED */
  large(): void;
  /** The call came to nothing. */
  refused(): void;
  /** The call was answered: nothing of it is in memory any more. */
  end(): void;
}

export class Incoming {
  private readonly refusals;
  private readonly held = new Map<string, number>();
  private all = 0;

  constructor(now: () => number) {
    this.refusals = meter([{ count: REFUSED_PER_MINUTE, spanMs: 60_000 }], now);
  }

  of(ip: string | undefined): Body {
    let [held, isLarge] = [0, false];
    return {
      hold: (bytes) => {
        this.hold(ip, bytes);
        held += bytes;
      },
      large: () => {
        this.large(ip);
        isLarge = true;
      },
      refused: () => {
        if (isLarge) this.refusals.count(networkOf(ip));
      },
      end: () => {
        if (held > 0) this.hold(ip, -held);
        held = 0;
      },
    };
  }

  private large(ip: string | undefined): void {
    const retryAfterS = this.refusals.wait(networkOf(ip));
    if (retryAfterS === null) return;
    throw new ApiError('RATE_LIMITED', 'too many large bodies that were refused', { retryAfterS });
  }

  private hold(ip: string | undefined, bytes: number): void {
    const from = networkOf(ip);
    const own = (this.held.get(from) ?? 0) + bytes;
    if (bytes > 0 && (own > MAX_OF_ONE || this.all + bytes > MAX_OF_ALL))
      throw new ApiError('RATE_LIMITED', 'too many bodies are on their way', { retryAfterS: 5 });
    this.all += bytes;
    if (own > 0) this.held.set(from, own);
    else this.held.delete(from);
  }
}

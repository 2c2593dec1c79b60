/** Downloads that readers cause: nobody needs a credential to read, and the Hub counts each of them as the server's. */
import { ApiError } from '@collab/contract/errors.ts';
import { networkOf } from '../limits.ts';

/** Who asks: the address it comes from. Absent in a call: the server itself, which nobody else can make ask. */
export interface Asker {
  ip?: string | undefined;
}

interface Rate {
  /** At once. */
  burst: number;
  perMinute: number;
}

/** A hundred agents behind one address may each ask for a digest after a restart. */
const OF_ONE: Rate = { burst: 1_500, perMinute: 250 };
/** 4,500 of the 5,000 files that the Hub gives a free account in five minutes: the rest is for writes. */
const OF_ALL: Rate = { burst: 2_000, perMinute: 500 };
/** Addresses remembered; one that has not asked for a while is a new one anyway. */
const MAX_ADDRESSES = 10_000;

const ON_THIS_MACHINE = /^(?:127\.[\d.]+|localhost|\[::1\])$/;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Token buckets. What is more than a whole bucket goes when it is full. A hub on this machine counts no calls: there
 * everything is admitted.
 * @param endpoint of the Hub, a URL.
 * @returns admits `count` downloads for `asker`, all or none. @throws ApiError RATE_LIMITED
 */
export function coldReads(now: () => number, endpoint: string): (asker: Asker, count: number) => void {
  if (ON_THIS_MACHINE.test(new URL(endpoint).hostname)) return () => {};
  const ones = new Map<string, Bucket>();
  const all: Bucket = { left: OF_ALL.burst, at: now() };
  const fill = (bucket: Bucket, { burst, perMinute }: Rate) => {
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now() - bucket.at) / 60_000) * perMinute);
    bucket.at = now();
    return bucket;
  };
  const waitS = ({ left }: Bucket, { burst, perMinute }: Rate, count: number) =>
    Math.max(0, Math.ceil(((Math.min(count, burst) - left) / perMinute) * 60));
  return (asker, count) => {
    if (count === 0) return;
    const ip = networkOf(asker.ip);
    const one = fill(ones.get(ip) ?? { left: OF_ONE.burst, at: now() }, OF_ONE);
    fill(all, OF_ALL);
    ones.delete(ip);
    ones.set(ip, one);
    const oldest = ones.size > MAX_ADDRESSES ? ones.keys().next().value : undefined;
    if (oldest !== undefined) ones.delete(oldest);
    const retryAfterS = Math.max(waitS(one, OF_ONE, count), waitS(all, OF_ALL, count));
    if (retryAfterS > 0)
      throw new ApiError('RATE_LIMITED', 'too many old records at once', {
        retryAfterS,
        hint: 'ask for fewer of them: since, until, agent, limit',
      });
    one.left -= count;
    all.left -= count;
  };
}

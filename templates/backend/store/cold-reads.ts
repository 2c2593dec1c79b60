/** Downloads that readers cause: nobody needs a credential to read, and the Hub counts each of them as the server's. */
import { ApiError } from '@collab/contract/errors.ts';
import { networkOf } from '../limits.ts';

/** Who asks: the address it comes from. Absent in a call: the server itself, which nobody else can make ask. */
export interface Asker {
  ip?: string | undefined;
}

/** A full page with room to spare. */
const PER_MINUTE_OF_ONE = 300;
/** 3,000 of the 5,000 files that the Hub gives a free account in five minutes: the rest is for writes. */
const PER_MINUTE_OF_ALL = 600;
/** Addresses remembered; one that has not asked for a minute is a new one anyway. */
const MAX_ADDRESSES = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/**
 * Token buckets that fill in a minute. What is more than a whole bucket goes when it is full.
 * @returns admits `count` downloads for `asker`, all or none. @throws ApiError RATE_LIMITED
 */
export function coldReads(now: () => number): (asker: Asker, count: number) => void {
  const ones = new Map<string, Bucket>();
  const all: Bucket = { left: PER_MINUTE_OF_ALL, at: now() };
  const fill = (bucket: Bucket, size: number) => {
    bucket.left = Math.min(size, bucket.left + (Math.max(0, now() - bucket.at) / 60_000) * size);
    bucket.at = now();
    return bucket;
  };
  const waitS = ({ left }: Bucket, size: number, count: number) =>
    Math.max(0, Math.ceil(((Math.min(count, size) - left) / size) * 60));
  return (asker, count) => {
    if (count === 0) return;
    const ip = networkOf(asker.ip);
    const one = fill(ones.get(ip) ?? { left: PER_MINUTE_OF_ONE, at: now() }, PER_MINUTE_OF_ONE);
    fill(all, PER_MINUTE_OF_ALL);
    ones.delete(ip);
    ones.set(ip, one);
    const oldest = ones.size > MAX_ADDRESSES ? ones.keys().next().value : undefined;
    if (oldest !== undefined) ones.delete(oldest);
    const retryAfterS = Math.max(waitS(one, PER_MINUTE_OF_ONE, count), waitS(all, PER_MINUTE_OF_ALL, count));
    if (retryAfterS > 0)
      throw new ApiError('RATE_LIMITED', 'too many old records at once', {
        retryAfterS,
        hint: 'ask for fewer of them: since, until, agent, limit',
      });
    one.left -= count;
    all.left -= count;
  };
}

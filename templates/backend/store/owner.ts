/** One writer per central bucket: the newest server owns it, and an older one that notices stops writing. */
import { ApiError } from '@collab/contract/errors.ts';
import { OWNER_FILE } from '@collab/contract/paths.ts';
import type { PrivateFiles } from './types.ts';

export interface Owner {
  claim(): Promise<void>;
  check(): Promise<void>;
  /** False once another server has been seen. */
  readonly mine: boolean;
}

/**
 * The Hub has no compare-and-set, so this detects a second server with the next group; it cannot exclude one. The
 * window is one group.
 */
export function owner(files: PrivateFiles, instance: string, iso: () => string): Owner {
  let mine = true;
  return {
    get mine() {
      return mine;
    },
    async claim() {
      await files.writeJson(OWNER_FILE, { instance, since: iso() });
    },
    async check() {
      if (mine) {
        const now = await files.readJson<{ instance?: unknown } | null>(OWNER_FILE);
        // Writing ends for good when another server is seen: an answer that names none is no such server.
        if (now !== null && typeof now.instance !== 'string')
          throw new ApiError('HUB_UNAVAILABLE', 'the Hub did not say who writes this record', {
            retryAfterS: 5,
          });
        mine = now === null || now.instance === instance;
      }
      if (!mine)
        throw new ApiError('NOT_WRITER', 'another server has taken over this record', {
          hint: 'retry: the address should lead to the new server soon',
          retryAfterS: 10,
        });
    },
  };
}

/** Agent keys: shown once, kept as a hash in the private bucket. */

import { timingSafeEqual } from 'node:crypto';
import { keyPath } from '@collab/contract/paths.ts';
import type { PrivateFiles } from '../store/types.ts';
import { isYoung } from './age.ts';
import { sha256 } from './whoami.ts';

export const KEY_PREFIX = 'ccak_';
const CACHE_MS = 60_000;
const MAX_CACHED = 5_000;
/** Anything else in the file is no key: a new one can be made. */
const SHA256 = /^[0-9a-f]{64}$/;

interface KeyFile {
  sha256: string;
  hf_user: string;
  issued_at: string;
}

export interface Keys {
  /** Makes a key, replaces the old one, and returns it: the only time it is seen. */
  issue(agent: string, hfUser: string, at: string): Promise<string>;
  check(agent: string, key: string): Promise<boolean>;
}

export function createKeys(files: PrivateFiles, random: (n: number) => Uint8Array, now: () => number): Keys {
  const cache = new Map<string, { hash: string | null; since: number }>();
  const remember = (agent: string, hash: string | null) => {
    cache.delete(agent);
    cache.set(agent, { hash, since: now() });
    const oldest = cache.size > MAX_CACHED ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
  };
  return {
    async issue(agent, hfUser, at) {
      const key = KEY_PREFIX + Buffer.from(random(32)).toString('base64url');
      const file: KeyFile = { sha256: sha256(key), hf_user: hfUser, issued_at: at };
      await files.writeJson(keyPath(agent), file);
      remember(agent, file.sha256);
      return key;
    },
    async check(agent, key) {
      const hit = cache.get(agent);
      if (!hit || !isYoung(hit.since, CACHE_MS, now())) {
        const file = await files.readJson<KeyFile>(keyPath(agent));
        // A key that was issued meanwhile is newer than what was read.
        if (cache.get(agent) === hit)
          remember(agent, SHA256.test(String(file?.sha256)) ? (file as KeyFile).sha256 : null);
      }
      const hash = cache.get(agent)?.hash ?? null;
      const given = Buffer.from(sha256(key), 'hex');
      const kept = Buffer.from(hash ?? sha256(''), 'hex');
      return timingSafeEqual(given, kept) && hash !== null;
    },
  };
}

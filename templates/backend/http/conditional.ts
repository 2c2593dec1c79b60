/** Conditional reads: who asks again with what he has is told that nothing changed, not sent everything again. */
import { hash } from 'node:crypto';

/** When an answer was made is no change of what it says. */
const CLOCK = /"generated_at":"[^"]*"/g;

/** Weak validator (RFC 9110 §8.8.1) of a JSON text, blind to `generated_at`. */
export const weakTag = (json: string): string => contentTag(json.replace(CLOCK, ''));

/** Weak: what is sent may be compressed, what it says is the same. */
export const contentTag = (content: string | Uint8Array): string =>
  `W/"${hash('sha1', content, 'base64url')}"`;

/** `If-None-Match` names `tag`; compared weakly, as RFC 9110 §13.1.2 asks. */
export function isCurrent(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = (t: string) => t.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((t) => t.trim() === '*' || opaque(t) === opaque(tag));
}

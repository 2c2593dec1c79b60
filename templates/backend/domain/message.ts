/** The head of a message: what its author may set, what the server sets. */
import type { Frontmatter, Json } from '@collab/contract/schemas.ts';

/** Keys an author may set. */
const AUTHOR_KEYS = ['type', 'refs', 'thread', 'lane', 'tags', 'summary', 'channel'] as const;
/** Keys the server sets on a record: the author's are dropped without a word. */
export const SERVER_KEYS = [
  'agent',
  'timestamp',
  'via',
  'auth',
  'idempotency',
  'source_sha256',
  'broadcast',
] as const;

/** Server keys that say how a record came about; the others are always overwritten. */
const PROOFS = ['auth', 'idempotency', 'source_sha256'];

const scalar = (value: Json) => value === null || typeof value !== 'object';
const plain = (value: Json) =>
  scalar(value) || (Array.isArray(value) && value.length <= 64 && value.every(scalar));

/** The allowed part of an author's head, and the names of what was left out. */
export function authorHead(head: Frontmatter): { kept: Frontmatter; dropped: string[] } {
  const kept: Frontmatter = {};
  const dropped: string[] = [];
  for (const [key, value] of Object.entries(head)) {
    if ((AUTHOR_KEYS as readonly string[]).includes(key) && plain(value)) kept[key] = value;
    else if (!(SERVER_KEYS as readonly string[]).includes(key)) dropped.push(key.slice(0, 80));
  }
  return { kept, dropped: dropped.slice(0, 50) };
}

/** The whole head of an author, as the reference keeps it, without what would speak for the server. */
export function referenceHead(head: Frontmatter): { kept: Frontmatter; dropped: string[] } {
  const kept = Object.entries(head).filter(([key]) => !PROOFS.includes(key));
  return { kept: Object.fromEntries(kept), dropped: [] };
}

/** Words that say who speaks: people, and the verifier. */
const SPEAKERS = ['user', 'verification'];

/** Nobody passes for a person or for the verifier by a word in a head, however it is spelled. */
export function authorType(type: Json | undefined, human: boolean): string {
  const given = typeof type === 'string' && type.trim() !== '' ? type.trim().slice(0, 64) : undefined;
  if (human) return given ?? 'user';
  const read = given
    ?.normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase();
  const spoken = read === undefined || SPEAKERS.includes(read) || /[^\x20-\x7e]/.test(read);
  return spoken ? 'agent' : (given as string);
}

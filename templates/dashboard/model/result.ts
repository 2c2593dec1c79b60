import type { Frontmatter, ResultRecord } from '../data/types.ts';

/** The claim in a result's own words, or null when it is no number. */
export function claimedScore(record: ResultRecord, field: string): number | null {
  const value = record.frontmatter[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export interface Fact {
  key: string;
  text: string;
  /** Address, when the value is one a person can open. */
  url: string | null;
}

const SHOWN_ELSEWHERE = ['agent', 'timestamp', 'method', 'description', 'via'];

/** Everything else an author put into the head of a result, as text; nested values as JSON. */
export function factsOf(frontmatter: Frontmatter): Fact[] {
  return Object.entries(frontmatter)
    .filter(([key, value]) => !SHOWN_ELSEWHERE.includes(key) && value !== null && value !== '')
    .flatMap(([key, value]) => (Array.isArray(value) ? value.map((v) => fact(key, v)) : [fact(key, value)]));
}

function fact(key: string, value: unknown): Fact {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return { key, text, url: /^https?:\/\/\S+$/.test(text) ? text : null };
}

/** Bucket and folder of an `hf://buckets/…` address or of a path inside the central bucket. */
export function bucketPath(text: string, central: string): { bucket: string; path: string } | null {
  const m = /^hf:\/\/buckets\/([^/\s]+\/[^/\s]+)\/?(\S*)$/.exec(text.trim());
  if (m) return { bucket: m[1] as string, path: (m[2] ?? '').replace(/\/$/, '') };
  return /^artifacts\/\S+$/.test(text.trim())
    ? { bucket: central, path: text.trim().replace(/\/$/, '') }
    : null;
}

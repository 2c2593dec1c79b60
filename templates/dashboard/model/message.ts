import { findMentions, isHumanHandle } from '@collab/contract/identity.ts';
import type { Frontmatter, MessageRecord } from '../data/types.ts';
import { authorOf, timeOf } from './stamp.ts';

export type AuthorKind = 'human' | 'agent' | 'server';

export interface Author {
  /** As the server stamped it: `agent-1`, `human-ada`. Always shown whole, so nobody can pass as another kind. */
  handle: string;
  kind: AuthorKind;
}

/** One message as the page shows it. */
export interface Message {
  filename: string;
  time: number | null;
  author: Author;
  type: string;
  body: string;
  summary: string;
  refs: string[];
  broadcast: boolean;
  /** Accepted without a credential: nobody knows who wrote it. */
  unauthenticated: boolean;
  channel: string | null;
  thread: string | null;
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : value == null ? '' : String(value);

export { isHumanHandle };

/** Whole names alone: `@ada-2` is not for `ada`. */
export const isFor = (body: string, handle: string): boolean =>
  body.includes(`@${handle}`) && findMentions(body).some((m) => m.handle === handle);

/** The kind follows from the handle and `via`, never from `type`, which the author chooses. */
export function toAuthor(filename: string, frontmatter: Frontmatter): Author {
  const handle = authorOf(filename);
  if (isHumanHandle(handle)) return { handle, kind: 'human' };
  return { handle, kind: frontmatter.via === 'server' ? 'server' : 'agent' };
}

/** `refs` is a list or a string with commas or spaces; only file names count, each once. */
export function toRefs(value: unknown): string[] {
  const parts = Array.isArray(value) ? value.map(text) : text(value).split(/[,\s]+/);
  return [...new Set(parts.map((p) => p.split('/').at(-1) ?? '').filter((p) => p.endsWith('.md')))];
}

export function toMessage(record: MessageRecord): Message {
  const fm = record.frontmatter;
  return {
    filename: record.filename,
    time: timeOf(record.filename),
    author: toAuthor(record.filename, fm),
    type: text(fm.type) || 'agent',
    body: record.body.trim(),
    summary: text(fm.summary),
    refs: toRefs(fm.refs),
    broadcast: fm.broadcast === true,
    unauthenticated: fm.auth === 'none',
    channel: text(fm.channel) || null,
    thread: record.thread ?? (text(fm.thread) || null),
  };
}

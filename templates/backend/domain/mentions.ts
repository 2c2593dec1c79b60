/** Who a message reaches: mentions in its prose, then the authors of what it refers to. */
import { isAgentId, isHumanHandle } from '@collab/contract/identity.ts';
import { authorOf } from '@collab/contract/paths.ts';
import type { Json } from '@collab/contract/schemas.ts';

const FENCE = /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\1[`~]*[ \t]*$|(?![\s\S]))/gm;
const INLINE_CODE = /(`+)(?!`)[^\n]*?[^`\n]\1(?!`)/g;
const QUOTE = /^ {0,3}>.*$/gm;
const URL_TEXT = /\b[a-z][a-z0-9+.-]*:\/\/\S+/gi;
const MENTION = /(?<![A-Za-z0-9._%+@/-])@([a-z0-9][a-z0-9._-]{0,120})/g;

/** Markdown without code, quotes and addresses: nobody is called from there. */
export function prose(markdown: string): string {
  return markdown.replace(FENCE, ' ').replace(QUOTE, ' ').replace(INLINE_CODE, ' ').replace(URL_TEXT, ' ');
}

/** Handles mentioned in prose, in order, each once. */
export function mentions(markdown: string): string[] {
  const found = [...prose(markdown).matchAll(MENTION)].map((m) => handleIn(m[1] as string));
  return [...new Set(found.filter((h): h is string => h !== null))];
}

/** `@bob.` is bob at the end of a sentence; `@bob.example.com` and `@bob_smith` are nobody. */
function handleIn(token: string): string | null {
  const handle = token.replace(/[._-]+$/, '');
  return isHumanHandle(handle) || (isAgentId(handle) && handle !== 'human') ? handle : null;
}

/** File names in a `refs` value: a list, or text split at commas and spaces. */
export function refNames(refs: Json | undefined): string[] {
  const parts = Array.isArray(refs) ? refs.map(String) : typeof refs === 'string' ? refs.split(/[,\s]+/) : [];
  return parts.filter((name) => name.endsWith('.md'));
}

/** At most `cap` handles that `exists` knows, without the author: mentions first, then authors of refs. */
export function recipients(
  message: { author: string; body: string; refs: Json | undefined },
  exists: (handle: string) => boolean,
  cap: number,
): string[] {
  const wanted = [...mentions(message.body), ...refNames(message.refs).map(authorOf)];
  const known = wanted.filter((h) => h !== message.author && (isAgentId(h) || isHumanHandle(h)) && exists(h));
  return [...new Set(known)].slice(0, cap);
}

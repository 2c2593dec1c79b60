/** Who a message reaches: mentions in its prose, then the authors of what it refers to. */
import { findMentions, isAgentId, isHumanHandle } from '@collab/contract/identity.ts';
import { authorOf } from '@collab/contract/paths.ts';
import type { Json } from '@collab/contract/schemas.ts';

/**
 * Markdown without code, quotes and addresses: nobody is called from there. One pass over the text: it is hostile,
 * so no pattern here may look back over what another one has seen.
 */
function prose(markdown: string): string {
  const out: string[] = [];
  let fence: { mark: string; length: number } | null = null;
  for (const line of markdown.split('\n')) {
    const bare = line.trimStart();
    const mark = bare.startsWith('```') ? '`' : bare.startsWith('~~~') ? '~' : null;
    if (fence) {
      const closes =
        mark === fence.mark &&
        runLength(bare, mark) >= fence.length &&
        bare.trim().length === runLength(bare, mark);
      if (closes) fence = null;
    } else if (mark) fence = { mark, length: runLength(bare, mark) };
    else if (!bare.startsWith('>')) out.push(withoutAddresses(withoutCode(line)));
  }
  return out.join('\n');
}

function runLength(text: string, mark: string): number {
  let n = 0;
  while (text[n] === mark) n++;
  return n;
}

/** Code spans of one line: a run of backticks up to the next run of the same length. */
function withoutCode(line: string): string {
  const runs = [...line.matchAll(/`+/g)];
  if (runs.length < 2) return line;
  const nextOfLength = new Map<number, number>();
  const closing = new Array<number | undefined>(runs.length);
  for (let i = runs.length - 1; i >= 0; i--) {
    const { length } = (runs[i] as RegExpExecArray)[0];
    closing[i] = nextOfLength.get(length);
    nextOfLength.set(length, i);
  }
  let out = '';
  let from = 0;
  for (let i = 0; i < runs.length; i++) {
    const end = closing[i];
    if (end === undefined) continue;
    out += `${line.slice(from, runs[i]?.index)} `;
    const last = runs[end] as RegExpExecArray;
    from = last.index + last[0].length;
    i = end;
  }
  return out + line.slice(from);
}

/** Words with `://`: what stands before the scheme stays. */
function withoutAddresses(line: string): string {
  if (!line.includes('://')) return line;
  return line
    .split(/\s/)
    .map((word) => {
      let at = word.indexOf('://');
      if (at < 0) return word;
      while (at > 0 && /[A-Za-z0-9+.-]/.test(word[at - 1] as string)) at--;
      return word.slice(0, at);
    })
    .join(' ');
}

/** Handles mentioned in prose, in order, each once. */
export function mentions(markdown: string): string[] {
  return [...new Set(findMentions(prose(markdown)).map(({ handle }) => handle))];
}

/** File names in a `refs` value: a list, or text split at commas and spaces. */
export function refNames(refs: Json | undefined): string[] {
  const parts = Array.isArray(refs) ? refs.map(String) : typeof refs === 'string' ? refs.split(/[,\s]+/) : [];
  return parts.filter((name) => name.endsWith('.md'));
}

/** At most `cap` handles that `exists` knows, without the author: mentions first, then authors of refs. */
export function recipients(
  message: { author: string; mentions: readonly string[]; refs: Json | undefined },
  exists: (handle: string) => boolean,
  cap: number,
): string[] {
  const wanted = [...message.mentions, ...refNames(message.refs).map(authorOf)];
  const known = wanted.filter((h) => h !== message.author && (isAgentId(h) || isHumanHandle(h)) && exists(h));
  return [...new Set(known)].slice(0, cap);
}

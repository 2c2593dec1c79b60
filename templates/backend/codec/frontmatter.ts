/**
 * A record: `---`, YAML, `---`, an empty line, the body, a final newline. The body that is read back is byte-identical
 * to the one that was written.
 */
import { ApiError } from '@collab/contract/errors.ts';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { checkBounds, type Mode, readYaml, YamlProblem } from './yaml-read.ts';
import { writeYaml } from './yaml-write.ts';

export interface Parsed {
  frontmatter: Frontmatter;
  body: string;
}

/** Splits `---\n…\n---\n…`; `null` when the text has no such head. */
function split(text: string): { head: string; rest: string } | null {
  const open = /^---[ \t]*\r?\n/.exec(text);
  if (!open) return null;
  const close = /(?:^|\n)---[ \t]*(?:\r?\n|$)/.exec(text.slice(open[0].length));
  if (!close) return null;
  const start = open[0].length;
  return {
    head: text.slice(start, start + close.index),
    rest: text.slice(start + close.index + close[0].length),
  };
}

/** Takes away what `writeRecord` puts around the body. */
function unwrap(rest: string): string {
  const body = rest.startsWith('\n') ? rest.slice(1) : rest;
  return body.endsWith('\n') ? body.slice(0, -1) : body;
}

function parse(text: string, mode: Mode): Parsed {
  const parts = split(text);
  const head = parts === null ? null : readYaml(parts.head, mode);
  // A text that merely begins with a rule, or whose "head" is prose, is all body.
  if (parts === null || head === null) return { frontmatter: {}, body: unwrap(text) };
  return { frontmatter: head, body: unwrap(parts.rest) };
}

/**
 * A file that an agent hands in, cut as the reference cuts it: nothing need follow the three dashes at either end, and a
 * head that is no mapping is refused. @throws ApiError INVALID_FRONTMATTER
 */
export function parseReference(text: string): Parsed {
  const rest = text.replace(/^---\n*/, '');
  const end = rest.indexOf('\n---');
  if (!text.startsWith('---') || end < 0) return { frontmatter: {}, body: unwrap(text) };
  const frontmatter = refusing(() => readYaml(rest.slice(0, end).replace(/\r$/, ''), 'strict'));
  if (frontmatter === null) throw new ApiError('INVALID_FRONTMATTER', 'frontmatter must be a mapping');
  return { frontmatter, body: unwrap(rest.slice(end + 4).replace(/^\r?\n/, '')) };
}

/** A file that an agent hands in. @throws ApiError INVALID_FRONTMATTER */
export function parseSubmitted(text: string): Parsed {
  return refusing(() => parse(text, 'strict'));
}

/** Head and body that came as JSON: read as the file they would make, so that nothing is written that cannot be read. */
export function takeSubmitted(frontmatter: Frontmatter, body: string): Parsed {
  return refusing(() => {
    checkBounds(frontmatter);
    return parse(writeRecord(frontmatter, body), 'strict');
  });
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    throw new ApiError('INVALID_FRONTMATTER', `could not parse YAML frontmatter: ${error.message}`, {
      hint: 'a file without frontmatter may begin with an empty line',
    });
  }
}

/** A file as it stands in the bucket. Never throws: what does not parse is `malformed`, with the whole text as body. */
export function parseRecord(text: string): Parsed & { malformed: boolean } {
  try {
    return { ...parse(text, 'tolerant'), malformed: false };
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    return { frontmatter: {}, body: text, malformed: true };
  }
}

/** The text of a record. */
export function writeRecord(frontmatter: Frontmatter, body: string): string {
  const head = `---\n${writeYaml(frontmatter)}---\n`;
  return (body === '' ? head : `${head}\n${body}\n`).toWellFormed();
}

/** The client's keys in the client's order; the server's values win in place, its other keys follow. */
export function mergeServer(client: Frontmatter, server: Frontmatter): Frontmatter {
  return { ...client, ...server };
}

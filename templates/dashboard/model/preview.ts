const LIMIT = 520;
/** A first paragraph shorter than this says too little alone. */
const ENOUGH = 300;
const SHORT_LINES = 12;
/** Nothing beyond it is looked at: a preview must not take longer than the text is worth. */
const LOOKED_AT = 8_000;

export interface Preview {
  text: string;
  /** Something was left out: offer "See more". */
  cut: boolean;
}

/**
 * What a list shows of a body: the author's own summary, else a short body whole, else its first paragraphs that are no
 * headings while they are short, up to 520 characters, never cut inside a code fence.
 */
export function previewOf(body: string, summary = ''): Preview {
  if (!summary && isShort(body)) return { text: body, cut: false };
  if (summary) return { text: summary.slice(0, LIMIT), cut: body.length > 0 && summary !== body };
  const blocks = body.slice(0, LOOKED_AT).split(/\n{2,}/);
  const at = blocks.findIndex((b) => b.trim() !== '' && !/^#{1,6}\s/.test(b.trim()));
  const block = (blocks[at] ?? body).trim();
  const open = (block.match(/^\s*(```|~~~)/gm) ?? []).length % 2 === 1;
  if (open || /^\s*(```|~~~)/.test(block)) return previewOfCode(body);
  if (block.length <= LIMIT) {
    const text = [block, ...following(blocks.slice(at + 1), ENOUGH - block.length)].join('\n\n');
    return { text, cut: text.length < body.length };
  }
  return { text: `${cutAtWord(block, LIMIT)} …`, cut: true };
}

/** Paragraphs that fit into `room` characters, up to the first that is something else or does not fit. */
function following(blocks: readonly string[], room: number): string[] {
  const [next = '', ...rest] = blocks;
  const plain = next !== '' && !/^\s*(?:#{1,6}\s|```|~~~|\||[-*>]|\d+\.)/.test(next);
  if (!plain || next.length > room) return [];
  return [next, ...following(rest, room - next.length)];
}

const isShort = (body: string): boolean => body.length <= LIMIT && body.split('\n').length <= SHORT_LINES;

const previewOfCode = (body: string): Preview =>
  body.length <= LIMIT
    ? { text: body, cut: false }
    : {
        text: `\`\`\`\n${body
          .slice(0, LOOKED_AT)
          .replace(/^\s*(```|~~~).*$/gm, '')
          .trim()
          .slice(0, 240)}\n\`\`\``,
        cut: true,
      };

function cutAtWord(s: string, limit: number): string {
  const head = Array.from(s.slice(0, limit + 1))
    .slice(0, limit)
    .join('');
  const space = head.lastIndexOf(' ');
  return space > limit * 0.6 ? head.slice(0, space) : head;
}

/** One line of plain words for a quote: markup characters dropped, at most `limit` characters. */
export function quoteOf(body: string, limit = 160): string {
  const plain = body
    .slice(0, limit * 20)
    .replace(/```[\s\S]*?(```|$)/g, ' [code] ')
    .replace(/!?\[([^\]]{0,200})\]\([^)]{0,200}\)/g, '$1')
    .replace(/[#>*_`~|]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length <= limit ? plain : `${cutAtWord(plain, limit)} …`;
}

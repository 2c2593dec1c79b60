import { findMentions, isHumanHandle } from '@collab/contract/identity.ts';
import { tex } from '@mdit/plugin-tex';
import type { Token } from 'markdown-it';
import MarkdownIt from 'markdown-it';
import { href } from '../model/route.ts';

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string);

/** `@handle` in running text becomes a link to that participant; code, links and addresses are left alone. */
function mentions(md: MarkdownIt): void {
  md.core.ruler.push('mentions', (state) => {
    for (const block of state.tokens)
      if (block.children) block.children = splitMentions(block.children, state);
  });
}

function splitMentions(
  tokens: Token[],
  state: { Token: new (t: string, tag: string, n: 0 | 1 | -1) => Token },
) {
  let inLink = 0;
  return tokens.flatMap((token) => {
    if (token.type === 'link_open') inLink++;
    if (token.type === 'link_close') inLink--;
    if (token.type !== 'text' || inLink > 0 || !token.content.includes('@')) return [token];
    const out: Token[] = [];
    const push = (type: string, content: string) => {
      const t = new state.Token(type, '', 0);
      t.content = content;
      if (content) out.push(t);
    };
    let from = 0;
    for (const { at, handle } of findMentions(token.content)) {
      push('text', token.content.slice(from, at));
      push('mention', handle);
      from = at + 1 + handle.length;
    }
    push('text', token.content.slice(from));
    return out;
  });
}

/** `- [ ]` and `- [x]` at the start of a list item become boxes. */
function tasks(md: MarkdownIt): void {
  md.core.ruler.push('tasks', ({ tokens }) => {
    tokens.forEach((token, i) => {
      const first = token.children?.[0];
      if (tokens[i - 2]?.type !== 'list_item_open' || first?.type !== 'text') return;
      first.content = first.content.replace(/^\[( |x|X)\](?=\s)/, (_, c) => (c === ' ' ? '☐' : '☑'));
    });
  });
}

/** GitHub-flavoured Markdown without raw HTML, images as links (no third-party request), math left as text. */
function createParser({ rich }: { rich: boolean }): MarkdownIt {
  const md = new MarkdownIt({ html: false, linkify: rich, breaks: true, typographer: false });
  if (rich)
    md.use(tex, {
      delimiters: 'all',
      render: (content: string, display: boolean) =>
        `<span class="math${display ? ' math-block" tabindex="0' : ''}">${escape(content)}</span>`,
    });
  md.use(mentions);
  md.use(tasks);
  md.renderer.rules.mention = (tokens, i) => {
    const handle = tokens[i]?.content ?? '';
    return `<a class="mention${isHumanHandle(handle) ? ' human' : ''}" href="${href('agents', handle)}">@${escape(handle)}</a>`;
  };
  md.renderer.rules.image = (tokens, i) => {
    const src = tokens[i]?.attrGet('src') ?? '';
    return `<a href="${escape(src)}">▣ ${escape(tokens[i]?.content || 'image')}</a>`;
  };
  const { fence, code_block: indented } = md.renderer.rules;
  const reachable = (html: string) => html.replace('<pre', '<pre tabindex="0"');
  if (fence) md.renderer.rules.fence = (...a) => reachable(fence(...a));
  if (indented) md.renderer.rules.code_block = (...a) => reachable(indented(...a));
  md.renderer.rules.table_open = () => '<div class="table-scroll" tabindex="0"><table>';
  md.renderer.rules.table_close = () => '</table></div>';
  return md;
}

/** Finding bare addresses and formulas takes time with the square of a paragraph's length. */
const RICH_PARAGRAPH = 4_000;

const rich = createParser({ rich: true });
const plain = createParser({ rich: false });

/** HTML of one part of hostile Markdown (`toParts`). It is text until `sanitize` has seen it. */
export function toHtml(part: string): string {
  const short = part.split(/\n[ \t]*\n/).every((paragraph) => paragraph.length <= RICH_PARAGRAPH);
  return (short ? rich : plain).render(part);
}

import { toHtml } from './parser.ts';
import { sanitize, sanitizeMath } from './sanitize.ts';

/** Beyond this many characters a body is shown as plain text: nobody reads it as a page. */
const MARKDOWN_LIMIT = 200_000;
const FORMULA_LIMIT = 2_000;
const CODE_LIMIT = 20_000;

/** Safe nodes of a hostile Markdown text. Code and math are plain until {@link enhance} has run. */
export function render(markdown: string): DocumentFragment {
  if (markdown.length <= MARKDOWN_LIMIT) return sanitize(toHtml(markdown));
  const fragment = document.createDocumentFragment();
  const pre = document.createElement('pre');
  pre.textContent = markdown;
  fragment.append(pre);
  return fragment;
}

/** Colours code and sets math in `root`, loading the two libraries only when something needs them. */
export async function enhance(root: ParentNode): Promise<void> {
  const codes = [...root.querySelectorAll<HTMLElement>('pre > code[class^="language-"]')];
  const formulas = [...root.querySelectorAll<HTMLElement>('.math')];
  await Promise.all([
    codes.length > 0 && import('./highlight.ts').then((m) => codes.forEach((c) => colour(c, m.highlight))),
    formulas.length > 0 && import('./math.ts').then((m) => formulas.forEach((f) => typeset(f, m.toMathMl))),
  ]);
}

function colour(code: HTMLElement, highlight: (code: string, language: string) => string | null): void {
  const text = code.textContent ?? '';
  const html = text.length <= CODE_LIMIT ? highlight(text, code.className.slice('language-'.length)) : null;
  if (html !== null) code.replaceChildren(sanitize(html));
}

function typeset(span: HTMLElement, toMathMl: (formula: string, display: boolean) => string): void {
  const formula = span.textContent ?? '';
  if (formula.length > FORMULA_LIMIT) return;
  span.replaceChildren(sanitizeMath(toMathMl(formula, span.classList.contains('math-block'))));
}

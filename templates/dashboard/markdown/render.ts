import { toHtml } from './parser.ts';
import { sanitize, sanitizeMath } from './sanitize.ts';

/** What takes longer than a reader should wait stays as the author wrote it. */
const FORMULA_LIMIT = 1_000;
const FORMULAS = 200;
const BLOCKS = 100;
/** The page answers its reader between slices of this length. */
const SLICE_MS = 12;

/** Safe nodes of one part of a hostile Markdown text. Code and math are plain until {@link enhance} has run. */
export const render = (part: string): DocumentFragment => sanitize(toHtml(part));

/** Colours code and sets math in `root`, loading the two libraries only when something needs them. */
export async function enhance(root: ParentNode): Promise<void> {
  const codes = [...root.querySelectorAll<HTMLElement>('pre > code[class^="language-"]')].slice(0, BLOCKS);
  const formulas = [...root.querySelectorAll<HTMLElement>('.math')].slice(0, FORMULAS);
  if (codes.length > 0) {
    const { highlight } = await import('./highlight.ts');
    await inSlices(codes, (code) => colour(code, highlight));
  }
  if (formulas.length > 0) {
    const { toMathMl } = await import('./math.ts');
    await inSlices(formulas, (formula) => typeset(formula, toMathMl));
  }
}

async function inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let since = performance.now();
  for (const item of items) {
    if (performance.now() - since > SLICE_MS) {
      await new Promise((go) => setTimeout(go));
      since = performance.now();
    }
    work(item);
  }
}

function colour(code: HTMLElement, highlight: (code: string, language: string) => string | null): void {
  const html = highlight(code.textContent ?? '', code.className.slice('language-'.length));
  if (html !== null) code.replaceChildren(sanitize(html));
}

function typeset(span: HTMLElement, toMathMl: (formula: string, display: boolean) => string): void {
  const formula = span.textContent ?? '';
  if (formula.length > FORMULA_LIMIT) return;
  span.replaceChildren(sanitizeMath(toMathMl(formula, span.classList.contains('math-block'))));
}

import katex from 'katex';

/** MathML of a TeX formula; a formula that is wrong comes back as an error in the text. Loaded on first use. */
export const toMathMl = (formula: string, display: boolean): string =>
  katex.renderToString(formula, {
    output: 'mathml',
    displayMode: display,
    throwOnError: false,
    strict: false,
    trust: false,
    maxSize: 20,
    maxExpand: 200,
  });

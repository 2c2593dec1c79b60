/** Handlebars, strict and unescaped, with a fixed list of helpers: each one fits a value into one kind of text. */
import Handlebars from 'handlebars';

const engine = Handlebars.create();

/** JSON of any value; inside YAML a JSON string is a quoted YAML string, so one helper serves both. */
const json = (value: unknown) =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** One line of Markdown that shows the text as it is: nothing in it is mark-up, a link or HTML. */
const md = (value: unknown) =>
  String(value)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*{}[\]<>#|~!&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, (c) => `\\${c}`)
    .replace(/^([-+=])/, '\\$1')
    .replace(/^(\d+)([.)])/, '$1\\$2');

/** Inline code; the fence is longer than any run of backticks inside. */
function code(value: unknown): string {
  const text = String(value).replace(/\s+/g, ' ');
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(text) ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

/** A cell of a Markdown table. */
const cell = (value: unknown) => md(value) || ' ';

export const HELPERS = { json, yaml: json, md, code, cell } as const;
for (const [name, helper] of Object.entries(HELPERS))
  engine.registerHelper(name, (value: unknown) => helper(value));

const OPTIONS: Parameters<typeof engine.compile>[1] = {
  strict: true,
  noEscape: true,
  preventIndent: true,
  knownHelpersOnly: true,
  knownHelpers: Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true])),
};

/** @throws Error naming the template and the missing value. */
export function renderText(source: string, view: object, name: string): string {
  try {
    return engine.compile(source, OPTIONS)(view);
  } catch (cause) {
    throw new Error(`${name}: ${(cause as Error).message}`, { cause });
  }
}

/** The parsed template, for the guard. */
export const parseTemplate = (source: string) => engine.parse(source);

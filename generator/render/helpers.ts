/** What a template may call: each one fits a value into one kind of text. */

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

/** YAML heads as this server writes them: every YAML 1.1 and 1.2 reader gets the same values, one line per key. */
import type { Frontmatter } from '@collab/contract/schemas.ts';
import { type ScalarTag, stringify } from 'yaml';

/** Characters that some reader takes for a line break or refuses raw, and the lone `=` that PyYAML has no type for. */
const RISKY = /[^\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|^=$/u;

const quoted: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => typeof value === 'string' && RISKY.test(value),
  test: /^(?!)/,
  resolve: (text) => text,
  stringify: ({ value }) => escape(value as string),
};

/** PyYAML wants a dot and a sign: `1.0e+21`, never `1e21`. */
const exponent: ScalarTag = {
  tag: 'tag:yaml.org,2002:float',
  default: true,
  identify: (value) => typeof value === 'number' && String(value).includes('e'),
  test: /^(?!)/,
  resolve: (text) => text,
  stringify: ({ value }) => String(value).replace(/^(-?\d+)e/, '$1.0e'),
};

const hex4 = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

function escape(text: string): string {
  const json = JSON.stringify(text);
  return json.replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, hex4);
}

/** Block style, keys in order, strings on one line each. Empty: the empty string. */
export function writeYaml(head: Frontmatter): string {
  if (Object.keys(head).length === 0) return '{}\n';
  return stringify(head, {
    compat: 'yaml-1.1',
    customTags: (tags) => [quoted, exponent, ...tags],
    lineWidth: 0,
    singleQuote: true,
    blockQuote: false,
    aliasDuplicateObjects: false,
    indentSeq: false,
  });
}

/** One answer as text (flag, `--set`, prompt) → the value the table expects; what does not fit stays text and is refused there. */
import { parse } from 'yaml';
import { slugify } from './checks.ts';
import type { Field } from './field.ts';

const WORDS: Record<string, boolean> = { true: true, yes: true, y: true, false: false, no: false, n: false };

export function valueOf(field: Pick<Field, 'kind' | 'nullable' | 'path'>, text: string): unknown {
  const word = text.trim();
  if (field.nullable && (word === '' || word === 'null')) return null;
  switch (field.kind) {
    case 'int':
    case 'number':
      return word !== '' && !Number.isNaN(Number(word)) ? Number(word) : text;
    case 'bool':
      return WORDS[word.toLowerCase()] ?? text;
    case 'lines':
      return /^[[-]/.test(word) ? yamlOf(word) : commaList(word);
    case 'objects':
      return field.path === 'challenge.lanes' && !/^[[{-]/.test(word) ? lanes(word) : yamlOf(word);
    default:
      return text;
  }
}

/** A YAML value; broken YAML stays text. */
export function yamlOf(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 50 });
  } catch {
    return text;
  }
}

const commaList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** Titles may hold commas: one `;` makes it the separator. */
function lanes(text: string) {
  const titles = text.includes(';')
    ? text
        .split(';')
        .map((part) => part.trim())
        .filter(Boolean)
    : commaList(text);
  return titles.map((title, i) => ({ id: slugify(title) || `lane-${i + 1}`, title }));
}

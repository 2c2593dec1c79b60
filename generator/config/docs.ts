/** The table as documentation: one row per setting, in the order of the questions. */
import { fallbackOf, fields } from './schema.ts';

/** `[setting, flag, default, meaning]`; a default that follows from other answers is `derived`. */
export function fieldRows(): string[][] {
  return fields.map((field) => {
    const flag = field.kind === 'bool' ? `--[no-]${field.flag}` : `--${field.flag}`;
    return [`\`${field.path}\``, `\`${flag}\``, defaultText(field), field.doc];
  });
}

function defaultText(field: (typeof fields)[number]): string {
  if (typeof field.fallback === 'function') return 'derived';
  const value = fallbackOf(field, () => undefined);
  if (value === undefined) return 'required';
  return typeof value === 'object' && value !== null && JSON.stringify(value).length > 40
    ? 'a list'
    : `\`${JSON.stringify(value)}\``;
}

import { RULES, type Rule } from './redact-rules.ts';

/**
 * Takes credentials out of a log before it leaves the machine. Works on raw text, so also on JSON inside JSON lines:
 * a quote may come with any number of backslashes. Replacements hold no quote and no backslash: JSON stays JSON.
 *
 * @param known exact values to remove wherever they stand: the caller's own token and agent key
 * @param rules kinds of credentials
 * @returns the text without them, and how many were taken out
 */
export function redact(
  text: string,
  known: readonly string[] = [],
  rules: readonly Rule[] = RULES,
): { text: string; count: number } {
  let count = 0;
  const mark = (kind: string) => {
    count += 1;
    return `<REDACTED:${kind}>`;
  };
  let out = text;
  for (const value of known.filter((v) => v.length >= 8))
    out = out.replaceAll(value, () => mark('own-credential'));
  for (const { kind, pattern } of rules) {
    out = out.replace(pattern, (...args) => {
      const groups = args.at(-1) as Record<string, string | undefined> | string;
      const named = typeof groups === 'object' ? groups : {};
      return `${named.keep ?? ''}${mark(kind)}${named.after ?? ''}`;
    });
  }
  return { text: out, count };
}

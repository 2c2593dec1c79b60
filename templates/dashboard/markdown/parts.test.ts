import { describe, expect, it } from 'vitest';
import { PART, toParts } from './parts.ts';

const sizes = (text: string) => toParts(text).map((part) => part.length);

describe('a long text in parts', () => {
  it.each([
    ['short', '# a\n\nb', ['# a\n\nb']],
    ['empty', '', []],
  ])('%s', (_name, text, parts) => {
    expect(toParts(text)).toEqual(parts);
  });

  it.each([
    ['one word', 'x'.repeat(1_000_000)],
    ['words', 'word '.repeat(50_000)],
    ['lines', '> a\n'.repeat(40_000)],
    ['paragraphs', `${'a'.repeat(700)}\n\n`.repeat(100)],
    ['characters outside the first plane', '👩'.repeat(20_000)],
  ])('%s: nothing is lost, no part is long, no character is cut', (_name, text) => {
    expect(toParts(text).join('')).toBe(text);
    expect(Math.max(...sizes(text))).toBeLessThanOrEqual(PART);
    expect(toParts(text).filter((part) => !part.isWellFormed())).toEqual([]);
  });

  it('is cut between paragraphs', () => {
    const [first, second] = toParts(`${'a'.repeat(5_000)}\n\n${'b'.repeat(5_000)}`);
    expect([first, second]).toEqual([`${'a'.repeat(5_000)}\n\n`, 'b'.repeat(5_000)]);
  });

  it('code goes on as code of its language', () => {
    const parts = toParts(`~~~~python\n${'x = 1\n'.repeat(3_000)}~~~~\nafter`);
    expect(parts.length).toBe(3);
    for (const part of parts) expect(part.startsWith('~~~~python\n')).toBe(true);
    for (const part of parts.slice(0, -1)) expect(part.endsWith('\n~~~~')).toBe(true);
    expect(parts.at(-1)).toMatch(/x = 1\n~~~~\nafter$/);
  });

  it('code that has ended does not go on', () => {
    const [, second] = toParts(`\`\`\`\nx\n\`\`\`\n\n${'word '.repeat(2_000)}`);
    expect(second).toMatch(/^word /);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treePage } from './tree-page.ts';

const all = (paths: string[], prefix: string, recursive: boolean, limit: number) => {
  const names: string[] = [];
  for (let after: string | null = null; ; ) {
    const { entries, more } = treePage(paths, { prefix, after, limit, recursive });
    for (const { name, from, to } of entries) {
      names.push(name);
      expect(paths.slice(from, to).every((path) => path.startsWith(name))).toBe(true);
    }
    if (!more) return names;
    expect(entries).toHaveLength(limit);
    after = names.at(-1) as string;
  }
};

describe('treePage', () => {
  it.each([
    ['', true, ['a', 'a-b', 'a/b', 'a/c/d', 'sub/x', 'submarine']],
    ['', false, ['a', 'a-b', 'a/', 'sub/', 'submarine']],
    ['a', false, ['a', 'a-b', 'a/b', 'a/c/']],
    ['a/', false, ['a/b', 'a/c/']],
    ['sub', false, ['sub/x', 'submarine']],
    ['none', false, []],
  ])('of %j, recursive %s', (prefix, recursive, names) => {
    const paths = ['submarine', 'sub/x', 'a/c/d', 'a/b', 'a-b', 'a'].sort();
    for (const limit of [1, 2, 9]) expect(all(paths, prefix, recursive, limit)).toEqual(names);
  });

  it('gives in pages what it gives at once, every file once', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'a.', 'a-', 'ü', '😀'), { minLength: 1, maxLength: 4 });
    const paths = fc.uniqueArray(path.map((parts) => parts.join('/')));
    fc.assert(
      fc.property(
        paths,
        fc.constantFrom('', 'a', 'a/', 'a/b'),
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        (names, prefix, recursive, limit) => {
          const sorted = names.sort();
          const whole = all(sorted, prefix, recursive, 100);
          expect(all(sorted, prefix, recursive, limit)).toEqual(whole);
          expect(new Set(whole).size).toBe(whole.length);
          if (recursive) expect(whole).toEqual(sorted.filter((name) => name.startsWith(prefix)));
        },
      ),
    );
  });
});

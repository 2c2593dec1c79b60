import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/helpers/cpu.ts';
import { mentions, recipients, refNames } from './mentions.ts';

describe('mentions', () => {
  it.each<[string, string[]]>([
    ['hi @agent-2, @human-user-1 and @nobody', ['agent-2', 'human-user-1', 'nobody']],
    ['@bob.', ['bob']],
    ['(@bob) "@eve"', ['bob', 'eve']],
    ['@bob @bob', ['bob']],
    ['**@bob**: yes', ['bob']],
    ['C16: @bob_smith and @bob.example.com', []],
    ['C16: mail bob@example.com and x@bob', []],
    ['C16: `@bob` and ``a @bob``', []],
    ['C16:\n```\n@bob\n```\nthen @eve', ['eve']],
    ['C16:\n~~~py\n@decorator\n~~~\n', []],
    ['C16:\n> @bob said\n\n@eve', ['eve']],
    ['C16: https://x.org/@bob/1 and git+ssh://@bob', []],
    ['C16: [@bob](https://x.org) yes', ['bob']],
    ['C16: unclosed\n```\n@bob', []],
    ['C17: @human-john_doe and @human-test.user.', ['human-john_doe', 'human-test.user']],
    ['@human- @human @Bob', []],
    ['@a-', ['a']],
    ['@bobBig @bob-xY', []],
    ['mail a@b.example and https://x.example/@y', []],
    ['thanks @bob. And @human-john_doe!', ['bob', 'human-john_doe']],
  ])('%j', (text, expected) => expect(mentions(text)).toEqual(expected));

  it('takes time in proportion to the text', async () => {
    for (const unit of [
      '`',
      '```\n',
      '> ',
      '@a',
      '~~~',
      '@human-',
      'a://',
      '``@b`',
      'a.',
      '`a``b```',
      '\n',
      ' ',
    ]) {
      const text = unit.repeat(200_000 / unit.length);
      expect(await cpuMs(() => expect(mentions(text).length).toBeLessThan(10)), unit).toBeLessThan(1_000);
    }
  });

  it('never names what is not a handle', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('@', 'a', 'B', '`', '\n', '> ', ' ', '~~~', '://', '_', 'é', '-')),
        (parts) => {
          const bad = mentions(parts.join('')).filter((handle) => !/^[a-z0-9][a-z0-9._-]*$/.test(handle));
          expect(bad).toEqual([]);
        },
      ),
    );
  });
});

describe('recipients', () => {
  const known = (handle: string) => ['a', 'b', 'c', 'human-x'].includes(handle);
  it('are mentions, then authors of refs, known, without the author, capped', () => {
    const refs = '20260601-100000-000_c.md, 20260601-100000-000_human-x.md notes.txt';
    expect(recipients({ author: 'a', mentions: ['b', 'a', 'zz'], refs }, known, 10)).toEqual([
      'b',
      'c',
      'human-x',
    ]);
    expect(recipients({ author: 'a', mentions: ['b', 'a', 'zz'], refs }, known, 2)).toEqual(['b', 'c']);
  });
  it('C16: no inbox is made for somebody who does not exist', () => {
    expect(
      recipients({ author: 'a', mentions: ['human-anything', 'human-x'], refs: null }, known, 10),
    ).toEqual(['human-x']);
  });
  it.each([
    ['a.md b.md', ['a.md', 'b.md']],
    [['a.md', 3, 'x'], ['a.md']],
    [7, []],
    [undefined, []],
  ])('reads refs %j', (refs, expected) => expect(refNames(refs as never)).toEqual(expected));
});

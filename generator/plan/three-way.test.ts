import { describe, expect, it } from 'vitest';
import { diffLines, threeWay, type Versions } from './three-way.ts';

describe('threeWay', () => {
  const table: [Versions, state: string][] = [
    [{ live: null, mine: 'a' }, 'create'],
    [{ live: 'a', mine: 'a' }, 'unchanged'],
    [{ live: 'b', mine: 'a' }, 'conflict'],
    [{ base: 'a', live: 'a', mine: 'a' }, 'unchanged'],
    [{ base: 'a', live: 'a', mine: 'b' }, 'update'],
    [{ base: 'a', live: 'b', mine: 'a' }, 'unchanged'],
    [{ base: 'a', live: 'b', mine: 'b' }, 'unchanged'],
    [{ base: 'a', live: 'b', mine: 'c' }, 'conflict'],
    [{ base: 'a', live: null, mine: 'a' }, 'unchanged'],
    [{ base: 'a', live: null, mine: 'b' }, 'conflict'],
    [{ base: 'a', live: 'a', mine: null }, 'delete'],
    [{ base: 'a', live: 'b', mine: null }, 'unchanged'],
    [{ base: 'a', live: null, mine: null }, 'unchanged'],
    // Cut off before, or after, the write took effect.
    [{ meant: 'a', live: null, mine: 'a' }, 'create'],
    [{ meant: 'a', live: 'a', mine: 'b' }, 'update'],
    [{ base: 'a', meant: 'b', live: 'a', mine: 'b' }, 'update'],
    [{ base: 'a', meant: 'b', live: 'b', mine: 'c' }, 'update'],
    [{ base: 'a', meant: 'b', live: 'x', mine: 'c' }, 'conflict'],
    [{ base: 'a', meant: 'b', live: null, mine: 'b' }, 'conflict'],
  ];
  it.each(table)('%o: %s', (versions, state) => {
    expect(threeWay(versions).state).toBe(state);
  });
});

describe('diffLines', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  it('shows what is in the bucket with -, what is here with +', () => {
    expect(diffLines('a.md', bytes('one\ntwo\nthree'), bytes('one\n2\nthree'))).toEqual([
      '  one',
      '- two',
      '+ 2',
      '  three',
    ]);
  });
  it('does not print what is no text', () => {
    expect(diffLines('a.bin', bytes('abc'), bytes('de'))).toEqual(['3 bytes in the bucket, 2 here']);
  });
  it('is bounded', () => {
    const long = Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n');
    const lines = diffLines('a.txt', bytes('x'), bytes(long));
    expect([lines.length, lines.at(-1)]).toEqual([81, '… 421 more lines']);
  });
});

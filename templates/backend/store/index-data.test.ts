import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bare } from './entry.ts';
import { IndexData } from './index-data.ts';
import type { Entry } from './types.ts';

const step = fc.record({
  name: fc.integer({ min: 0, max: 12 }),
  type: fc.constantFrom('a', 'b', undefined),
  what: fc.constantFrom('put', 'put', 'drop', 'ask'),
});

it('a facet answers the same whenever it is first asked for', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const index = new IndexData();
      const model = new Map<string, Entry>();
      const expected = (type: string) =>
        [...model.values()]
          .filter((entry) => entry.frontmatter.type === type)
          .map((entry) => entry.path)
          .toSorted();
      const shown = (type: string) =>
        index
          .folder('message_board')
          .where('type', type)
          .map((entry) => entry.path);
      for (const { name, type, what } of steps) {
        const path = `message_board/20260601-1200${String(name).padStart(2, '0')}-000_bob.md`;
        if (what === 'ask') expect(shown('a')).toEqual(expected('a'));
        else if (what === 'drop') {
          index.drop(path);
          model.delete(path);
        } else {
          const entry: Entry = { ...bare(path, { size: 1 }), frontmatter: { type: type ?? null } };
          index.put(entry);
          model.set(path, entry);
        }
      }
      for (const type of ['a', 'b']) expect(shown(type)).toEqual(expected(type));
    }),
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bare } from '../store/entry.ts';
import { IndexData } from '../store/index-data.ts';
import { unionView } from '../store/union-view.ts';
import { type ListQuery, listPage } from './list.ts';

const nameOf = (n: number, agent: string) => `20260601-${String(n).padStart(6, '0')}-000_${agent}.md`;
const record = fc.tuple(
  fc.integer({ min: 0, max: 59 }),
  fc.constantFrom('a', 'b', 'c'),
  fc.constantFrom('x', 'y'),
);
const options = { defaultLimit: 10, maxExpanded: 200 };

function indexOf(records: [number, string, string][], folder = 'message_board') {
  const index = new IndexData();
  for (const [n, agent, type] of records)
    index.put({ ...bare(`${folder}/${nameOf(n, agent)}`, { size: 1 }), frontmatter: { type } });
  return index;
}

/** The grammar as the reference states it, in the slowest way. */
function naive(records: [number, string, string][], query: ListQuery & { type?: string }) {
  const all = [...new Map(records.map((r) => [nameOf(r[0], r[1]), r])).entries()].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const kept = all.filter(([name, [, agent, type]]) => {
    const stamp = name.slice(0, 19);
    if (query.since && stamp < query.since) return false;
    if (query.until && stamp > query.until) return false;
    return (!query.agent || agent === query.agent) && (!query.type || type === query.type);
  });
  const cut = kept
    .map(([name]) => name)
    .filter((n) => (!query.after || n > query.after) && (!query.before || n < query.before));
  if ((query.order ?? (query.after ? 'asc' : 'desc')) === 'desc') cut.reverse();
  const items = cut.slice(0, query.limit ?? 10);
  return {
    count: all.length,
    matched: kept.length,
    items,
    next: items.length < cut.length ? (items.at(-1) ?? null) : null,
  };
}

const stamp = fc.integer({ min: 0, max: 59 }).map((n) => nameOf(n, 'a').slice(0, 19));
const cursor = fc
  .tuple(fc.integer({ min: 0, max: 59 }), fc.constantFrom('a', 'b', 'c'))
  .map(([n, a]) => nameOf(n, a));
const query = fc.record(
  {
    since: stamp,
    until: stamp,
    agent: fc.constantFrom('a', 'b'),
    type: fc.constantFrom('x', 'y'),
    after: cursor,
    before: cursor,
    order: fc.constantFrom('asc' as const, 'desc' as const),
    limit: fc.integer({ min: 1, max: 12 }),
  },
  { requiredKeys: [] },
);

describe('list grammar', () => {
  it('C11: agrees with the plain reading of the grammar', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 60 }), query, (records, q) => {
        const { type, ...rest } = q;
        const view = indexOf(records).folder('message_board');
        const page = listPage(view, rest, { ...options, where: { type } });
        expect({ ...page, items: page.items.map((e) => e.name), cursor: undefined }).toEqual({
          ...naive(records, q),
          cursor: undefined,
        });
      }),
      { numRuns: 2000 },
    );
  });

  it('C2: following next shows everything once, in both directions', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 60 }),
        fc.constantFrom('asc' as const, 'desc' as const),
        fc.integer({ min: 1, max: 7 }),
        (records, order, limit) => {
          const view = indexOf(records).folder('message_board');
          const seen: string[] = [];
          let at: string | undefined;
          do {
            const page = listPage(
              view,
              { order, limit, [order === 'asc' ? 'after' : 'before']: at },
              options,
            );
            seen.push(...page.items.map((e) => e.name));
            at = page.next ?? undefined;
          } while (at);
          const all = view.entries().map((e) => e.name);
          expect(seen).toEqual(order === 'asc' ? all : all.toReversed());
        },
      ),
    );
  });

  it('an inbox is the union of copies and broadcasts, each name once', () => {
    fc.assert(
      fc.property(fc.array(record), fc.array(record), (own, all) => {
        const view = unionView(
          indexOf(own, 'inbox/a').folder('inbox/a'),
          indexOf(all, 'broadcasts').folder('broadcasts'),
        );
        const names = [...new Set([...own, ...all].map(([n, a]) => nameOf(n, a)))].sort();
        expect(view.entries().map((e) => e.name)).toEqual(names);
        expect(view.count).toBe(names.length);
      }),
    );
  });

  it('the index keeps its order and postings through changes and removals', () => {
    const change = fc.tuple(record, fc.boolean());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 80 }), (changes) => {
        const index = new IndexData();
        const model = new Map<string, [number, string, string]>();
        for (const [r, keep] of changes) {
          const path = `message_board/${nameOf(r[0], r[1])}`;
          if (keep) {
            index.put({ ...bare(path, { size: 1 }), frontmatter: { type: r[2] } });
            model.set(path, r);
          } else {
            index.drop(path);
            model.delete(path);
          }
        }
        const paths = [...model.keys()].sort();
        expect(
          index
            .folder('message_board')
            .entries()
            .map((e) => e.path),
        ).toEqual(paths);
        expect(index.below('message_board/').map((e) => e.path)).toEqual(paths);
        for (const type of ['x', 'y'])
          expect(
            index
              .folder('message_board')
              .where('type', type)
              .map((e) => e.path),
          ).toEqual(paths.filter((p) => model.get(p)?.[2] === type));
      }),
    );
  });
});

describe('an expanded page', () => {
  const MIB = 1024 * 1024;
  const index = new IndexData();
  const sizes = [MIB, 3 * MIB, 3 * MIB, MIB, 9 * MIB, MIB];
  for (const [n, size] of sizes.entries()) index.put(bare(`message_board/${nameOf(n, 'a')}`, { size }));
  const page = (query: ListQuery) => listPage(index.folder('message_board'), query, options);

  it.each(['asc', 'desc'] as const)('holds four megabytes or one record, and the way on: %s', (order) => {
    const sums: number[] = [];
    const seen: string[] = [];
    for (let at: string | null | undefined; at !== null; ) {
      const bound = at === undefined ? {} : order === 'asc' ? { after: at } : { before: at };
      const { items, next } = page({ expand: true, order, limit: 200, ...bound });
      sums.push(items.reduce((sum, { size }) => sum + size, 0) / MIB);
      seen.push(...items.map(({ name }) => name));
      at = next;
    }
    expect(sums).toEqual(order === 'asc' ? [4, 4, 9, 1] : [1, 9, 4, 4]);
    expect(order === 'asc' ? seen : seen.toReversed()).toEqual(sizes.map((_, n) => nameOf(n, 'a')));
  });

  it('polling after its cursor misses nothing; names alone are not cut', () => {
    const { cursor, items } = page({ expand: true, order: 'asc', after: nameOf(0, 'a') });
    expect([cursor, items.length]).toEqual([nameOf(1, 'a'), 1]);
    expect(page({ limit: 200 }).items).toHaveLength(sizes.length);
  });
});

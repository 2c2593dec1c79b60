import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etaSeconds, orderQueue, type QueueContext, type Waiting } from './order.ts';

const CONTEXT: QueueContext = {
  order: 'desc',
  ranked: [{ score: 100 }, { score: 90 }, { score: 80 }],
  topK: 3,
  recentRuns: new Map(),
};
function waiting(at: number, user: string, claim: number, over: Partial<Waiting> = {}): Waiting {
  const stamp = `20260601-10${String(at).padStart(4, '0')}-000`;
  return {
    filename: `${stamp}_${user}.md`,
    stamp,
    agent: user,
    user,
    claimed: { score: claim },
    overclaimed: false,
    attempts: 0,
    ...over,
  };
}
const order = (list: Waiting[], context = CONTEXT) =>
  orderQueue(list, context).map((item) => `${item.user}${item.claimed.score}`);

describe('orderQueue', () => {
  it('V1, V5: champion claims, top-k claims, then the oldest; nobody is left out', () => {
    const queue = orderQueue(
      [waiting(1, 'a', 10), waiting(2, 'b', 85), waiting(3, 'c', 101), waiting(4, 'd', 5)],
      CONTEXT,
    );
    expect(queue.map((item) => [item.position, item.user, item.reason])).toEqual([
      [1, 'c', 'champion claim'],
      [2, 'b', 'top 3 claim'],
      [3, 'a', 'oldest first'],
      [4, 'd', 'oldest first'],
    ]);
  });
  it('S5: users take turns, a flood of champion claims waits behind one of somebody else', () => {
    const flood = [1, 2, 3].map((at) => waiting(at, 'a', 200 + at));
    expect(order([...flood, waiting(9, 'b', 150)])).toEqual(['a201', 'b150', 'a202', 'a203']);
    const context = { ...CONTEXT, recentRuns: new Map([['a', 5]]) };
    expect(order([...flood, waiting(9, 'b', 150)], context)[0]).toBe('b150');
  });
  it('an overclaim puts an agent last', () => {
    expect(order([waiting(1, 'a', 500, { overclaimed: true }), waiting(2, 'b', 1)])).toEqual(['b1', 'a500']);
  });
  it('fresh runs come last: nobody waits longer for a first verdict because of them', () => {
    const list = [
      ...[1, 2].map((at) => waiting(at, 'a', 500 + at, { fresh: true })),
      waiting(8, 'b', 500, { overclaimed: true }),
      waiting(9, 'c', 1),
    ];
    expect(orderQueue(list, CONTEXT).map(({ user, reason }) => [user, reason])).toEqual([
      ['c', 'oldest first'],
      ['b', 'after an overclaim'],
      ['a', 'valid; a fresh run for its rank'],
      ['a', 'valid; a fresh run for its rank'],
    ]);
  });
  it('while fewer rows than k stand, every claim is one for the top', () => {
    expect(orderQueue([waiting(1, 'a', 1)], { ...CONTEXT, ranked: [] })[0]?.reason).toBe('champion claim');
    expect(orderQueue([waiting(1, 'a', 1)], { ...CONTEXT, topK: 5 })[0]?.reason).toBe('top 5 claim');
  });
  it('invariant: a permutation, the same whatever the order it is given in', () => {
    const item = fc.tuple(fc.nat(999), fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 200 }));
    fc.assert(
      fc.property(fc.uniqueArray(item, { selector: ([at]) => at, maxLength: 20 }), (items) => {
        const list = items.map(([at, user, claim]) => waiting(at, user, claim));
        expect(order(list.toReversed())).toEqual(order(list));
        expect(orderQueue(list, CONTEXT).map((each) => each.position)).toEqual(list.map((_, at) => at + 1));
      }),
    );
  });
});

describe('etaSeconds', () => {
  const table: [number, number, number, number][] = [
    [1, 0, 1, 0],
    [1, 1, 1, 60],
    [3, 1, 1, 180],
    [1, 1, 2, 0],
    [4, 2, 2, 120],
  ];
  it.each(table)('position %i with %i running on %i slots', (position, running, slots, seconds) => {
    expect(etaSeconds(position, running, slots, 60)).toBe(seconds);
  });
});

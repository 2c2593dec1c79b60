import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type JobLimits, jobUsd, recentRuns } from './admit.ts';
import {
  amend,
  DAY_MS,
  EMPTY,
  type Ledger,
  LedgerUnreadable,
  prune,
  type Reservation,
  readLedger,
  settle,
  spentUsd,
  writeLedger,
} from './ledger.ts';

const NOW = Date.UTC(2026, 5, 2, 12);
const LIMITS: JobLimits = { perAgentPerDay: 2, perUserPerDay: 3, totalUsd: 0, kindUsd: 0 };

function entry(id: string, hoursAgo: number, over: Partial<Reservation> = {}): Reservation {
  const ts = new Date(NOW - hoursAgo * 3_600_000).toISOString();
  return {
    ts,
    agent_id: 'a',
    hf_user: 'u',
    id,
    kind: 'benchmark',
    state: 'settled',
    usd: 1,
    target: {},
    ...over,
  };
}
const ledger = (...entries: Reservation[]): Ledger => ({ ...EMPTY, entries });
const request = { kind: 'benchmark', agent: 'a', user: 'u', usd: 1 } as const;

describe('admit', () => {
  const table: [string, Ledger, Partial<JobLimits>, object][] = [
    ['the first', EMPTY, {}, { ok: true, remaining: { agent_remaining: 1, user_remaining: 2 } }],
    [
      'the agent is at its limit',
      ledger(entry('1', 5), entry('2', 23)),
      {},
      { ok: false, scope: 'agent', retryAfterS: 3601 },
    ],
    [
      'the user is',
      ledger(...['b', 'c', 'd'].map((agent_id) => entry(agent_id, 12, { agent_id }))),
      {},
      { ok: false, scope: 'user', retryAfterS: 12 * 3600 + 1 },
    ],
    [
      'a day later',
      ledger(entry('1', 24), entry('2', 24)),
      {},
      { ok: true, remaining: { agent_remaining: 1, user_remaining: 2 } },
    ],
    [
      'released runs count for nothing',
      ledger(entry('1', 1, { state: 'released' }), entry('2', 1)),
      {},
      { ok: true, remaining: { agent_remaining: 0, user_remaining: 1 } },
    ],
    [
      'other kinds have their own count',
      ledger(entry('1', 1, { kind: 'verification' }), entry('2', 1)),
      {},
      { ok: true, remaining: { agent_remaining: 0, user_remaining: 1 } },
    ],
    [
      'the budget is used up',
      ledger(entry('1', 30, { usd: 9.5 })),
      { totalUsd: 10 },
      { ok: false, scope: 'budget' },
    ],
    [
      'it fits exactly',
      ledger(entry('1', 30, { usd: 9 })),
      { totalUsd: 10 },
      { ok: true, remaining: { agent_remaining: 1, user_remaining: 2 } },
    ],
    [
      'its own share is used up',
      ledger(entry('1', 30, { usd: 2 })),
      { totalUsd: 10, kindUsd: 2 },
      { ok: false, scope: 'budget' },
    ],
  ];
  it.each(table)('%s', (_name, before, over, expected) => {
    expect(admit(before, request, { ...LIMITS, ...over }, NOW)).toEqual(expected);
  });
});

describe('ledger', () => {
  it('round-trips', () => {
    const full = {
      carriedUsd: { benchmark: 1, verification: 2 },
      entries: [entry('1', 1, { target: { result: 'x' } })],
    };
    expect(readLedger(writeLedger(full))).toEqual(full);
    expect(readLedger(null)).toEqual(EMPTY);
  });
  it("counts the reference's lines", () => {
    const line = JSON.stringify({ ts: entry('1', 1).ts, agent_id: 'a', hf_user: 'u' });
    expect(admit(readLedger(`${line}\n${line}\n`), request, LIMITS, NOW)).toMatchObject({
      ok: false,
      scope: 'agent',
    });
  });
  it.each([['nope'], ['[]'], ['{"ts":1}'], ['{"id":"x"}']])(
    'V2: %s makes it unreadable, not empty',
    (line) => {
      expect(() => readLedger(`${line}\n`)).toThrow(LedgerUnreadable);
    },
  );
  it('pruning forgets old runs, never dollars nor an open reservation', () => {
    const old = ledger(
      entry('1', 25, { usd: 3 }),
      entry('2', 25, { state: 'launched' }),
      entry('3', 25, { state: 'released' }),
      entry('4', 1),
    );
    const pruned = prune(old, NOW);
    expect(pruned.entries.map((each) => each.id)).toEqual(['2', '4']);
    expect(spentUsd(pruned)).toBe(spentUsd(old));
    expect(spentUsd(amend(old, '1', { usd: 1 }))).toBe(spentUsd(old) - 2);
  });
  it('property: no interleaving of reservations, ends and time admits more than the limits', () => {
    const step = fc.record({
      minutes: fc.integer({ min: 0, max: 600 }),
      agent: fc.constantFrom('a', 'b', 'c'),
      end: fc.option(fc.nat(30), { nil: undefined }),
      restart: fc.boolean(),
    });
    const limits = { perAgentPerDay: 2, perUserPerDay: 3, totalUsd: 7, kindUsd: 0 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let book: Ledger = EMPTY;
        let now = NOW;
        const started: { at: number; agent: string }[] = [];
        steps.forEach(({ minutes, agent, end, restart }, at) => {
          now += minutes * 60_000;
          if (end !== undefined) book = amend(book, String(end), { state: 'settled', usd: 0.5 });
          if (restart) book = readLedger(writeLedger(prune(book, now)));
          if (!admit(book, { kind: 'benchmark', agent, user: 'u', usd: 1 }, limits, now).ok) return;
          const ts = new Date(now).toISOString();
          book = {
            ...book,
            entries: [...book.entries, entry(String(at), 0, { ts, agent_id: agent, state: 'launched' })],
          };
          started.push({ at: now, agent });
        });
        for (const { at } of started) {
          const window = started.filter((other) => other.at > at - DAY_MS && other.at <= at);
          expect(window.length).toBeLessThanOrEqual(3);
          expect(window.filter((other) => other.agent === 'a').length).toBeLessThanOrEqual(2);
        }
        expect(spentUsd(book)).toBeLessThanOrEqual(7 + 1e-9);
      }),
    );
  });
  it('at most two refunds in any 24 hours for a user with however many agents; dollars always count', () => {
    const users = ['u', 'u', 'U', 'u', 'v'];
    const runs = users.map((hf_user, at) =>
      entry(String(at), at === 3 ? 25 : 1, { hf_user, agent_id: `a${at}`, state: 'launched', usd: 2 }),
    );
    const ended = runs.reduce((book, { id }) => settle(book, id, 0.5, true, NOW), ledger(...runs));
    // The fourth was reserved over a day ago and ends today: today's refunds are used up.
    expect(ended.entries.map((each) => each.refunded ?? false)).toEqual([true, true, false, false, true]);
    expect(spentUsd(ended)).toBe(2.5);
    expect(recentRuns(ended, 'benchmark', NOW).map(({ id }) => id)).toEqual(['2']);
    const yesterday = ledger(
      ...[25, 26].map((ago) => entry(`y${ago}`, ago, { refunded: true })),
      runs[0] as Reservation,
    );
    expect(settle(yesterday, '0', 0.5, true, NOW).entries.at(-1)?.refunded).toBe(true);
    expect(settle(ledger(...runs), '0', 9, false, NOW).entries[0]).toMatchObject({
      usd: 2,
      state: 'settled',
    });
  });
  it('what the server runs for its own sake is nobody’s run of the day, and is paid', () => {
    const own = ['fresh', 'control'].map((why) =>
      entry(why, 1, { kind: 'verification', target: { [why]: 'true' } }),
    );
    const book = ledger(
      ...own,
      entry('1', 1, { kind: 'verification' }),
      entry('2', 1, { kind: 'verification' }),
    );
    const wish = { ...request, kind: 'verification' } as const;
    expect(admit(book, wish, LIMITS, NOW)).toMatchObject({ ok: false, scope: 'agent' });
    expect(admit(book, { ...wish, own: true }, LIMITS, NOW).ok).toBe(true);
    expect(admit(book, { ...wish, own: true }, { ...LIMITS, kindUsd: 4 }, NOW)).toEqual({
      ok: false,
      scope: 'budget',
    });
    const first = ledger(...own, entry('1', 1, { kind: 'verification' }));
    expect(admit(first, wish, LIMITS, NOW)).toMatchObject({ ok: true, remaining: { agent_remaining: 0 } });
  });
  it('a job is billed by the started minute', () => {
    expect(jobUsd(1.05, 61)).toBeCloseTo((1.05 * 2) / 60, 12);
    expect(jobUsd(1.05, 0)).toBe(0);
  });
});

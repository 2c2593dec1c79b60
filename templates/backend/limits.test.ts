import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLimits, networkOf, slidingWindows } from './limits.ts';
import type { Settings } from './settings.ts';

it.each([
  ['10.0.0.1', '10.0.0.1'],
  [undefined, ''],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:1:2::1', '2001:db8:1:2::/64'],
  ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8::', '2001:db8:0:0::/64'],
])('one network is one address: %s', (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

describe('limits', () => {
  it('a clock that is put back a day makes nobody wait a day', () => {
    let now = 86_400_000;
    const take = slidingWindows([{ count: 1, spanMs: 60_000 }], () => now);
    expect([take('a'), take('a')]).toEqual([null, 60]);
    now = 0;
    expect([take('a'), take('a')]).toEqual([null, 60]);
  });

  it('C12: 30 an hour is 30 in any hour', () => {
    let now = 0;
    const take = slidingWindows(
      [
        { count: 5, spanMs: 60_000 },
        { count: 30, spanMs: 3_600_000 },
      ],
      () => now,
    );
    const taken: number[] = [];
    for (; now < 3 * 3_600_000; now += 1_000) if (take('a') === null) taken.push(now);
    for (const from of taken) {
      expect(taken.filter((t) => t >= from && t < from + 3_600_000).length).toBeLessThanOrEqual(30);
      expect(taken.filter((t) => t >= from && t < from + 60_000).length).toBeLessThanOrEqual(5);
    }
    expect(taken).toHaveLength(90);
  });

  it('Retry-After is when it works again', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 6, maxLength: 60 }), (steps) => {
        let now = 0;
        const take = slidingWindows(
          [
            { count: 3, spanMs: 10_000 },
            { count: 5, spanMs: 60_000 },
          ],
          () => now,
        );
        for (const step of steps) {
          now += step;
          const wait = take('a');
          if (wait === null) continue;
          expect(wait).toBeGreaterThan(0);
          now += wait * 1000;
          expect(take('a')).toBeNull();
        }
      }),
    );
  });

  describe('one user with many agents', () => {
    const settings = {
      BUCKET_WRITE_BURST: 20,
      BUCKET_WRITE_PER_MINUTE: 60,
      RAW_MESSAGE_PER_MINUTE: 5,
      RAW_MESSAGE_PER_HOUR: 30,
      REGISTRATION_PER_MINUTE: 3,
    };
    const posted = (writeAuth: string) => {
      const limits = createLimits({ ...settings, WRITE_AUTH: writeAuth } as unknown as Settings, () => 0);
      const writers = Array.from({ length: 200 }, (_, n) => ({ agent: `a${n % 50}`, hfUser: 'One' }));
      return writers.filter((writer) => {
        try {
          limits.inline(writer);
          return true;
        } catch {
          return false;
        }
      }).length;
    };

    it('has three times what one agent has', () => expect(posted('required')).toBe(15));
    it('is counted by agent alone in the compat profile', () => expect(posted('open')).toBe(200));
  });

  it('S25: callers do not share a limit, and keys do not pile up', () => {
    let now = 0;
    const take = slidingWindows([{ count: 1, spanMs: 60_000 }], () => now);
    expect([take('a'), take('b'), take('a')]).toEqual([null, null, 60]);
    now = 60_000;
    expect([take('a'), take('b'), take('a')]).toEqual([null, null, 60]);
    for (let i = 0; i < 9_999; i++) take(`k${i}`);
    expect([take('b'), take('a')]).toEqual([60, null]);
  });
});

import { describe, expect, it } from 'vitest';
import { isCurrent, weakTag } from './conditional.ts';

describe('conditional reads', () => {
  it('P4: a later answer that says the same has the same tag', () => {
    const at = (t: string) => JSON.stringify({ rows: [1], meta: { generated_at: t } });
    expect(weakTag(at('2026-01-01'))).toBe(weakTag(at('2026-01-02')));
    expect(weakTag('{"rows":[1]}')).not.toBe(weakTag('{"rows":[2]}'));
  });
  it('a text that imitates the clock is still a change', () => {
    const body = (t: string) => JSON.stringify({ body: `"generated_at":"${t}"` });
    expect(weakTag(body('a'))).not.toBe(weakTag(body('b')));
  });
  it.each([
    [undefined, false],
    ['W/"a"', true],
    ['"a"', true],
    ['"b", W/"a"', true],
    ['*', true],
    ['"b"', false],
  ])('%s', (header, wanted) => {
    expect(isCurrent(header, 'W/"a"')).toBe(wanted);
  });
});

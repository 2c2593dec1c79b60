import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, unchanging } from './json-text.ts';

const values = fc.jsonValue();

describe('answers as JSON', () => {
  it('are what JSON.stringify makes of them, with records made before or not', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), values),
        fc.array(fc.dictionary(fc.string(), values)),
        (rest, records) => {
          const items = records.map((record) => unchanging({ ...record }));
          const body = { ...rest, absent: undefined, items, last: null };
          expect(jsonText(body).text).toBe(JSON.stringify(body));
          expect(jsonText(body)).toEqual(jsonText({ ...rest, items, last: null }));
        },
      ),
      { numRuns: 30 },
    );
    for (const body of [null, [1], 'x', {}, { x: undefined }])
      expect(jsonText(body).text).toBe(JSON.stringify(body));
  });

  it('have a tag of their own whenever a record differs, and the same one at another time', () => {
    const [a, b] = [unchanging({ body: 'a' }), unchanging({ body: 'b' })];
    const at = (time: string, ...items: object[]) => jsonText({ items, generated_at: time }).tag;
    const tags = [at('1'), at('1', a), at('1', b), at('1', a, b), at('1', b, a), at('1', { body: 'a' }, b)];
    expect(new Set(tags).size).toBe(tags.length);
    expect(at('2', a, b)).toBe(at('1', a, b));
  });

  it('come out right after what is remembered was forgotten', () => {
    const large = Array.from({ length: 9 }, (_, i) => unchanging({ i, body: 'x'.repeat(1_000_000) }));
    for (let round = 0; round < 2; round++)
      for (const each of large) expect(jsonText({ items: [each] }).text.length).toBe(each.body.length + 29);
    expect(jsonText({ items: [large[0]] }).text).toBe(JSON.stringify({ items: [large[0]] }));
  });
});

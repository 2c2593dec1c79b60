import fc from 'fast-check';
import lz4 from 'lz4js';
import { describe, expect, it } from 'vitest';
import { decodeLz4Frame } from './lz4.ts';

const text = fc.array(fc.constantFrom('the ', 'gate ', 'a', '\n', '0123456789'), { maxLength: 3000 });
const content = fc.oneof(
  fc.uint8Array({ maxLength: 5000 }),
  text.map((words) => new TextEncoder().encode(words.join(''))),
  fc.tuple(fc.nat(255), fc.nat(100_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
);

describe('decodeLz4Frame', () => {
  it('decodes what another encoder wrote', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        const frame = Uint8Array.from(lz4.compress(bytes));
        expect(Buffer.from(decodeLz4Frame(frame, bytes.length)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('never reads or writes outside, whatever the input', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(content, damage, fc.nat(200_000), (bytes, changes, size) => {
        const frame = Uint8Array.from(lz4.compress(bytes));
        for (const [at, value] of changes) frame[at % frame.length] = value;
        try {
          expect(decodeLz4Frame(frame, size).length).toBe(size);
        } catch (error) {
          expect((error as Error).message).toBe('damaged LZ4 data');
        }
      }),
      { numRuns: 500 },
    );
  });
});

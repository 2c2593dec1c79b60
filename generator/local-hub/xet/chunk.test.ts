import lz4 from 'lz4js';
import { describe, expect, it } from 'vitest';
import { decodeChunkHeader, encodeChunkHeader, unpackChunk } from './chunk.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const packed = (text: string) => Uint8Array.from(lz4.compress(bytes(text)));

describe('a chunk', () => {
  it.each([
    ['as it is', 0, bytes('abcdefghij')],
    ['LZ4', 1, packed('abcdefghij')],
    ['LZ4 over four byte planes', 2, packed('aeibfjcgdh')],
  ])('%s is unpacked', (_name, scheme, data) => {
    const header = { compressed: data.length, scheme, unpacked: 10 };
    expect(decodeChunkHeader(encodeChunkHeader(header))).toEqual(header);
    expect(Buffer.from(unpackChunk(header, data)).toString()).toBe('abcdefghij');
  });

  it('that does not hold what its header says is refused', () => {
    expect(() => unpackChunk({ compressed: 3, scheme: 0, unpacked: 4 }, bytes('abc'))).toThrow();
  });

  const sound = [0, 3, 0, 0, 0, 3, 0, 0];
  it.each([
    ['another version', 0, 1],
    ['an unknown scheme', 4, 3],
    ['nothing inside', 5, 0],
    ['more than 128 KiB inside', 7, 3],
    ['more than 256 KiB packed', 3, 5],
  ])('with %s is refused', (_name, at, value) => {
    expect(decodeChunkHeader(Uint8Array.from(sound)).unpacked).toBe(3);
    expect(() => decodeChunkHeader(Uint8Array.from(sound).fill(value, at, at + 1))).toThrow(
      'bad chunk header',
    );
  });
});

import { Hasher } from '@huggingface/blake3-jit';
import { decodeLz4Frame } from './lz4.ts';

/** Largest chunk the chunking rule can make; there is no enforced minimum, because clients differ there. */
const MAX_CHUNK_BYTES = 128 * 1024;
export const CHUNK_HEADER_BYTES = 8;

const DATA_KEY = new Uint8Array([
  102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28, 157, 228, 33, 16, 155, 235, 43,
  88, 180, 208, 176, 75, 147, 173, 242, 41,
]);
const hasher = Hasher.newKeyed(DATA_KEY);

export interface ChunkHeader {
  compressed: number;
  scheme: number;
  unpacked: number;
}

/** Header of a chunk inside a xorb: version, u24 packed length, scheme, u24 unpacked length (little-endian). */
export function decodeChunkHeader(b: Uint8Array): ChunkHeader {
  const u24 = (at: number) =>
    (b[at] as number) | ((b[at + 1] as number) << 8) | ((b[at + 2] as number) << 16);
  const header = { compressed: u24(1), scheme: b[4] as number, unpacked: u24(5) };
  const valid = b[0] === 0 && header.scheme <= 2 && header.unpacked > 0 && header.unpacked <= MAX_CHUNK_BYTES;
  if (!valid || header.compressed > 2 * MAX_CHUNK_BYTES) throw new Error('bad chunk header');
  return header;
}

export function encodeChunkHeader({ compressed, scheme, unpacked }: ChunkHeader): Uint8Array {
  const u24 = (n: number) => [n & 255, (n >> 8) & 255, (n >> 16) & 255];
  return Uint8Array.from([0, ...u24(compressed), scheme, ...u24(unpacked)]);
}

/** Content of a chunk: stored as it is (0), LZ4 (1), or LZ4 over four byte planes (2). */
export function unpackChunk(header: ChunkHeader, data: Uint8Array): Uint8Array {
  if (header.scheme === 0) {
    if (data.length !== header.unpacked) throw new Error('bad chunk length');
    return data;
  }
  const plain = decodeLz4Frame(data, header.unpacked);
  return header.scheme === 1 ? plain : joinPlanes(plain);
}

/** BLAKE3 keyed with the Xet data key. */
export function chunkHash(content: Uint8Array): Uint8Array {
  return hasher.reset().update(content).finalize(32);
}

function joinPlanes(planes: Uint8Array): Uint8Array {
  const out = new Uint8Array(planes.length);
  let at = 0;
  for (let plane = 0; plane < 4; plane++)
    for (let i = plane; i < out.length; i += 4) out[i] = planes[at++] as number;
  return out;
}

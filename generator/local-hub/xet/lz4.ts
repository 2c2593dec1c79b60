const MAGIC = 0x184d2204;
const END_MARK = 0;
const UNCOMPRESSED = 0x80000000;

class Damaged extends Error {
  constructor() {
    super('damaged LZ4 data');
  }
}

/**
 * Decodes one LZ4 frame of a known size. Checksums are skipped: the caller checks a hash of the result.
 * Format: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. Every read and write is bounds-checked,
 * because the input comes from strangers.
 * @throws Error when the data is not a frame of exactly `size` bytes
 */
export function decodeLz4Frame(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 7 || view.getUint32(0, true) !== MAGIC) throw new Damaged();
  const flags = frame[4] as number;
  if (flags >> 6 !== 1) throw new Damaged();
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  const out = new Uint8Array(size);
  let written = 0;
  for (;;) {
    if (at + 4 > frame.length) throw new Damaged();
    const word = view.getUint32(at, true);
    at += 4;
    if (word === END_MARK) break;
    const end = at + (word & ~UNCOMPRESSED);
    if (end > frame.length) throw new Damaged();
    const block = frame.subarray(at, end);
    written = (word & UNCOMPRESSED) !== 0 ? copyBlock(block, out, written) : decodeBlock(block, out, written);
    at = end + blockChecksum;
  }
  if (written !== size) throw new Damaged();
  return out;
}

function copyBlock(block: Uint8Array, out: Uint8Array, at: number): number {
  if (at + block.length > out.length) throw new Damaged();
  out.set(block, at);
  return at + block.length;
}

/** One block: literals and back references (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md). */
function decodeBlock(src: Uint8Array, out: Uint8Array, start: number): number {
  let s = 0;
  let d = start;
  while (s < src.length) {
    const token = src[s++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (s >= src.length) throw new Damaged();
        more = src[s++] as number;
        literals += more;
      }
    }
    if (s + literals > src.length || d + literals > out.length) throw new Damaged();
    out.set(src.subarray(s, s + literals), d);
    s += literals;
    d += literals;
    if (s >= src.length) return d;
    if (s + 2 > src.length) throw new Damaged();
    const offset = (src[s] as number) | ((src[s + 1] as number) << 8);
    s += 2;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      while (more === 255) {
        if (s >= src.length) throw new Damaged();
        more = src[s++] as number;
        length += more;
      }
    }
    length += 4;
    if (offset === 0 || offset > d || d + length > out.length) throw new Damaged();
    if (offset >= length) out.copyWithin(d, d - offset, d - offset + length);
    else for (let i = 0; i < length; i++) out[d + i] = out[d + i - offset] as number;
    d += length;
  }
  return d;
}

/**
 * Xorb and shard of a few small files, as docs/xet/{xorb,shard}.md of the Hub's documentation describe them. Chunking
 * and hashes are the client library's own; its uploader, made for large transfers, sets 640 MB of buffers aside for
 * every call, which a server that commits many small records a second cannot afford.
 */
import {
  type Chunk,
  fileHash,
  getChunks,
  hashToHex,
  verificationHash,
  xorbHash,
} from '@huggingface/xetchunk-wasm';

/** Everything that the store has to be sent for one group of files. */
export interface Encoded {
  xorb: Uint8Array;
  xorbHash: string;
  shard: Uint8Array;
  /** Path → hash. */
  hashes: Map<string, string>;
}

interface Placed {
  hash: Uint8Array;
  chunks: Chunk[];
  /** Index of the first chunk in the xorb. */
  first: number;
}

const CHUNK_HEADER = 8;
const ROW = 48;
const WITH_VERIFICATION = 0x80000000;
const SHARD_VERSION = 2n;
const TAG = new Uint8Array([
  ...new TextEncoder().encode('HFRepoMetaData\0'),
  ...[85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169],
]);

/** Files must not be empty; all together at most 64 MiB. The same content is stored once. */
export function encodeFiles(files: { path: string; bytes: Uint8Array }[]): Encoded {
  const placed = new Map<string, Placed>();
  const hashes = new Map<string, string>();
  const contents: { chunk: Chunk; data: Uint8Array }[] = [];
  for (const { path, bytes } of files) {
    const chunks = getChunks(bytes);
    const hash = fileHash(chunks);
    const hex = hashToHex(hash);
    hashes.set(path, hex);
    if (placed.has(hex)) continue;
    placed.set(hex, { hash, chunks, first: contents.length });
    let at = 0;
    for (const chunk of chunks) {
      contents.push({ chunk, data: bytes.subarray(at, at + chunk.length) });
      at += chunk.length;
    }
  }
  const all = contents.map(({ chunk }) => chunk);
  const hash = xorbHash(all);
  const xorb = encodeXorb(contents.map(({ data }) => data));
  const shard = encodeShard([...placed.values()], hash, all, xorb.byteLength);
  return { xorb, xorbHash: hashToHex(hash), shard, hashes };
}

/** Chunks one after the other, each behind a header: version 0, stored length, scheme 0 (as it is), length. */
function encodeXorb(chunks: Uint8Array[]): Uint8Array {
  const size = chunks.reduce((sum, data) => sum + CHUNK_HEADER + data.byteLength, 0);
  const out = Buffer.alloc(size);
  let at = 0;
  for (const data of chunks) {
    out.writeUIntLE(data.byteLength, at + 1, 3);
    out.writeUIntLE(data.byteLength, at + 5, 3);
    out.set(data, at + CHUNK_HEADER);
    at += CHUNK_HEADER + data.byteLength;
  }
  return out;
}

function encodeShard(files: Placed[], xorb: Uint8Array, chunks: Chunk[], xorbBytes: number): Uint8Array {
  const header = new Uint8Array(ROW);
  header.set(TAG);
  new DataView(header.buffer).setBigUint64(32, SHARD_VERSION, true);
  return Buffer.concat([
    header,
    ...files.flatMap((file) => fileRows(file, xorb)),
    bookend(),
    ...xorbRows(xorb, chunks, xorbBytes),
    bookend(),
  ]);
}

/** Head, the one run of chunks that makes the file, and the proof that the sender had those chunks. */
function fileRows({ hash, chunks, first }: Placed, xorb: Uint8Array): Uint8Array[] {
  const proof = verificationHash(chunks.map((chunk) => chunk.hash));
  return [
    row(hash, [WITH_VERIFICATION, 1]),
    row(xorb, [0, lengthOf(chunks), first, first + chunks.length]),
    row(proof, []),
  ];
}

function xorbRows(xorb: Uint8Array, chunks: Chunk[], xorbBytes: number): Uint8Array[] {
  let start = 0;
  return [
    row(xorb, [0, chunks.length, lengthOf(chunks), xorbBytes]),
    ...chunks.map((chunk) => {
      const at = start;
      start += chunk.length;
      return row(chunk.hash, [at, chunk.length]);
    }),
  ];
}

const lengthOf = (chunks: Chunk[]): number => chunks.reduce((sum, chunk) => sum + chunk.length, 0);

/** A 32-byte hash and up to four little-endian u32. */
function row(hash: Uint8Array, numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(ROW);
  bytes.set(hash);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of numbers.entries()) view.setUint32(32 + index * 4, value, true);
  return bytes;
}

function bookend(): Uint8Array {
  const bytes = new Uint8Array(ROW);
  bytes.fill(0xff, 0, 32);
  return bytes;
}

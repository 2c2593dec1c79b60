import { type FileHandle, open } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Chunk, hashToHex, xorbHash } from '@huggingface/xetchunk-wasm';
import { ByteReader } from './byte-reader.ts';
import { CHUNK_HEADER_BYTES, chunkHash, decodeChunkHeader, unpackChunk } from './chunk.ts';

export const MAX_XORB_BYTES = 64 * 1024 * 1024;
const MAX_STORED_BYTES = MAX_XORB_BYTES + 1024 * 1024;
const MAX_CHUNKS = 8192;
const ROW_BYTES = 44;
const TRAILER_BYTES = 16;
const TRAILER_MAGIC = 0x32524f58;
const READ_AHEAD = 1024 * 1024;
const WRITE_AT_ONCE = 1024 * 1024;

/** Where each chunk of a stored xorb lies: `starts[i]`..`starts[i+1]` bytes, header included. */
export interface XorbTable {
  starts: number[];
  lengths: number[];
  hashes: Uint8Array[];
  /** crc32 of the stored bytes, to notice a damaged disk. */
  sums: number[];
}

/** Appends chunks to a file, about a megabyte at once, and writes the chunk table behind them. */
export class XorbWriter {
  private readonly file: FileHandle;
  private waiting: Uint8Array[] = [];
  private written = 0;
  readonly table: XorbTable = { starts: [0], lengths: [], hashes: [], sums: [] };
  constructor(file: FileHandle) {
    this.file = file;
  }

  get bytes(): number {
    return this.table.starts.at(-1) as number;
  }

  get full(): boolean {
    return this.table.lengths.length >= MAX_CHUNKS;
  }

  async add(header: Uint8Array, data: Uint8Array, hash: Uint8Array, length: number): Promise<void> {
    this.waiting.push(header, data);
    this.table.starts.push(this.bytes + header.length + data.length);
    this.table.lengths.push(length);
    this.table.hashes.push(hash);
    this.table.sums.push(crc32(data, crc32(header)));
    if (this.bytes - this.written >= WRITE_AT_ONCE) await this.flush();
  }

  /** Writes the table. @returns the xorb's hash */
  async finish(): Promise<string> {
    const { starts, lengths, hashes, sums } = this.table;
    const rows = Buffer.alloc(lengths.length * ROW_BYTES + TRAILER_BYTES);
    lengths.forEach((length, i) => {
      rows.set(hashes[i] as Uint8Array, i * ROW_BYTES);
      rows.writeUInt32LE(starts[i + 1] as number, i * ROW_BYTES + 32);
      rows.writeUInt32LE(length, i * ROW_BYTES + 36);
      rows.writeUInt32LE(sums[i] as number, i * ROW_BYTES + 40);
    });
    const at = rows.length - TRAILER_BYTES;
    rows.writeUInt32LE(lengths.length, at);
    rows.writeUInt32LE(this.bytes, at + 4);
    rows.writeUInt32LE(crc32(rows.subarray(0, at)), at + 8);
    rows.writeUInt32LE(TRAILER_MAGIC, at + 12);
    this.waiting.push(rows);
    await this.flush();
    return hashToHex(xorbHash(chunksOf(this.table)));
  }

  /** `writeFile` goes on at the current position, and on until everything is written. */
  private async flush(): Promise<void> {
    const bytes = Buffer.concat(this.waiting);
    this.waiting = [];
    this.written = this.bytes;
    await this.file.writeFile(bytes);
  }
}

/** Reads a serialized xorb, checks every chunk and hands it on. @throws Error when it is not a xorb */
export async function receiveXorb(body: AsyncIterable<Uint8Array>, writer: XorbWriter): Promise<string> {
  const reader = new ByteReader(body);
  for (;;) {
    const head = await reader.take(CHUNK_HEADER_BYTES);
    if (head.length === 0 || Buffer.from(head).toString('latin1').startsWith('XETBLOB')) break;
    if (head.length < CHUNK_HEADER_BYTES || writer.full) throw new Error('bad xorb length');
    const header = decodeChunkHeader(head);
    const data = await reader.take(header.compressed);
    if (data.length < header.compressed) throw new Error('the xorb ends inside a chunk');
    if (writer.bytes + data.length > MAX_STORED_BYTES) throw new Error('the xorb is larger than 64 MiB');
    const content = unpackChunk(header, data);
    await writer.add(head, data, chunkHash(content), content.length);
  }
  if (writer.table.lengths.length === 0) throw new Error('the xorb is empty');
  return writer.finish();
}

/** Reads the chunk table of a stored xorb. @throws Error when the file is damaged */
export async function readXorbTable(path: string): Promise<XorbTable> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const trailer = await readAt(file, Math.max(0, size - TRAILER_BYTES), Math.min(size, TRAILER_BYTES));
    const count = trailer.readUInt32LE(0);
    const bytes = trailer.readUInt32LE(4);
    const whole = bytes + count * ROW_BYTES + TRAILER_BYTES === size;
    if (!whole || trailer.readUInt32LE(12) !== TRAILER_MAGIC) throw new Error(`${path} is damaged`);
    const rows = await readAt(file, bytes, count * ROW_BYTES);
    if (crc32(rows) !== trailer.readUInt32LE(8)) throw new Error(`${path} is damaged`);
    return decodeRows(rows, count);
  } finally {
    await file.close();
  }
}

interface Stretch {
  bytes: Buffer;
  /** Chunks `[from, to)` of the xorb. */
  from: number;
  to: number;
}

/** Stored chunks `[first, last)` in stretches of about a megabyte, each chunk checked against its sum. */
async function* readStretches(
  path: string,
  { starts, sums }: XorbTable,
  first: number,
  last: number,
): AsyncGenerator<Stretch> {
  const file = await open(path, 'r');
  try {
    for (let from = first; from < last; ) {
      const start = starts[from] as number;
      let to = from + 1;
      while (to < last && (starts[to + 1] as number) - start <= READ_AHEAD) to++;
      const bytes = await readAt(file, start, (starts[to] as number) - start);
      for (let i = from; i < to; i++)
        if (
          crc32(bytes.subarray((starts[i] as number) - start, (starts[i + 1] as number) - start)) !== sums[i]
        )
          throw new Error(`chunk ${i} of ${path} is damaged`);
      yield { bytes, from, to };
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** Stored chunks `[first, last)`, header included. @throws Error when the file is damaged */
export async function* readChunks(
  path: string,
  table: XorbTable,
  first: number,
  last: number,
): AsyncGenerator<Buffer> {
  for await (const { bytes, from, to } of readStretches(path, table, first, last)) {
    const start = table.starts[from] as number;
    for (let i = from; i < to; i++)
      yield bytes.subarray((table.starts[i] as number) - start, (table.starts[i + 1] as number) - start);
  }
}

/** Stored bytes `[start, end)`; every chunk they touch is checked. @throws Error when the file is damaged */
export async function* readStored(
  path: string,
  table: XorbTable,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  const first = table.starts.findLastIndex((at) => at <= start);
  const last = table.starts.findIndex((at) => at >= end);
  for await (const { bytes, from } of readStretches(path, table, first, last)) {
    const at = table.starts[from] as number;
    yield bytes.subarray(Math.max(0, start - at), Math.min(bytes.length, end - at));
  }
}

/** Chunks as the hash functions want them. */
export function chunksOf(table: XorbTable, start = 0, end = table.lengths.length): Chunk[] {
  return table.lengths
    .slice(start, end)
    .map((length, i) => ({ length, hash: table.hashes[start + i] as Uint8Array }));
}

export async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('the stored file is shorter than it should be');
    done += bytesRead;
  }
  return buffer;
}

function decodeRows(rows: Buffer, count: number): XorbTable {
  const table: XorbTable = { starts: [0], lengths: [], hashes: [], sums: [] };
  for (let i = 0; i < count; i++) {
    const at = i * ROW_BYTES;
    table.hashes.push(new Uint8Array(rows.subarray(at, at + 32)));
    table.starts.push(rows.readUInt32LE(at + 32));
    table.lengths.push(rows.readUInt32LE(at + 36));
    table.sums.push(rows.readUInt32LE(at + 40));
  }
  return table;
}

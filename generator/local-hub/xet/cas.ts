import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileHash, hashToHex, verificationHash } from '@huggingface/xetchunk-wasm';
import { createDurably } from '../../whole-file.ts';
import { type Database, put } from '../store/database.ts';
import type { ReconstructionRow } from '../store/tables.ts';
import { CHUNK_HEADER_BYTES, decodeChunkHeader, unpackChunk } from './chunk.ts';
import { parseShard, type ShardFile } from './shard.ts';
import { chunksOf, readChunks, readXorbTable, receiveXorb, type XorbTable, XorbWriter } from './xorb.ts';

/** Hash of the empty file. */
export const EMPTY_HASH = '0'.repeat(64);
const CACHED_CHUNKS = 500_000;
/** Of one file, about 16 GiB, and of one shard: terms may repeat, so a small shard could name any number of chunks. */
const MAX_FILE_CHUNKS = 2 ** 18;
const MAX_SHARD_CHUNKS = 2 ** 21;

/** What a client sent is not what the protocol says: answered with 400. */
export class CasFault extends Error {}

/** Content-addressed store of the Xet protocol: xorbs on disk, reconstructions of files in the database. */
export class Cas {
  private readonly db: Database;
  private readonly dir: string;
  private readonly tables = new Map<string, XorbTable>();
  private cachedChunks = 0;

  constructor(db: Database, dir: string) {
    this.db = db;
    this.dir = dir;
  }

  has(xorb: string): boolean {
    return existsSync(this.xorbPath(xorb));
  }

  /** Stores a serialized xorb after checking each chunk and its hash. @returns whether it was new */
  async putXorb(hash: string, body: AsyncIterable<Uint8Array>): Promise<boolean> {
    if (this.has(hash)) return false;
    await createDurably(this.xorbPath(hash), async (file) => {
      const actual = await receiveXorb(body, new XorbWriter(file)).catch((error) => {
        if (error.code) throw error;
        throw new CasFault(error.message);
      });
      if (actual !== hash) throw new CasFault(`the xorb's hash is ${actual}`);
    });
    return true;
  }

  /** Takes over the files of a shard after checking them against the stored xorbs. @returns whether any was new */
  async putShard(bytes: Buffer): Promise<boolean> {
    const files = parse(bytes).filter((file) => file.terms.length > 0);
    const fresh = files.filter((file) => !this.file(file.hash));
    checkExtent(fresh);
    const rows: ReconstructionRow[] = [];
    for (const file of fresh) rows.push(await this.checkFile(file));
    await this.db.write(
      ...fresh.map((file, i) => put('reconstructions', file.hash, rows[i] as ReconstructionRow)),
    );
    return fresh.length > 0;
  }

  /** `undefined`: no such file. */
  file(hash: string): ReconstructionRow | undefined {
    if (hash === EMPTY_HASH) return { size: 0, terms: [] };
    return this.db.get('reconstructions', hash);
  }

  async table(xorb: string): Promise<XorbTable> {
    const known = this.tables.get(xorb);
    if (known) return known;
    const table = await readXorbTable(this.xorbPath(xorb));
    this.remember(xorb, table);
    return table;
  }

  /** Records how a file is put together out of stored chunks. */
  async putFile(hash: string, row: ReconstructionRow): Promise<void> {
    if (!this.file(hash)) await this.db.write(put('reconstructions', hash, row));
  }

  /** Content of bytes `[start, end)` of a file, every stored chunk checked. */
  async *read(file: ReconstructionRow, start = 0, end = file.size): AsyncGenerator<Uint8Array> {
    let at = 0;
    for (const term of file.terms) {
      if (at < end && at + term.length > start)
        for await (const piece of this.readTerm(term.xorb, term.start, term.end)) {
          if (at + piece.length > start && at < end)
            yield piece.subarray(Math.max(0, start - at), Math.min(piece.length, end - at));
          at += piece.length;
          if (at >= end) return;
        }
      else at += term.length;
    }
  }

  async readAll(file: ReconstructionRow): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.read(file)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  xorbPath(hash: string): string {
    return join(this.dir, hash.slice(0, 2), hash);
  }

  private async *readTerm(xorb: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    const table = await this.table(xorb);
    for await (const packed of readChunks(this.xorbPath(xorb), table, start, end))
      yield unpackChunk(decodeChunkHeader(packed), packed.subarray(CHUNK_HEADER_BYTES));
  }

  private async checkFile(file: ShardFile): Promise<ReconstructionRow> {
    const all = [];
    let size = 0;
    for (const term of file.terms) {
      if (!this.has(term.xorb)) throw new CasFault(`unknown xorb ${term.xorb}`);
      const table = await this.table(term.xorb);
      if (term.start >= term.end || term.end > table.lengths.length)
        throw new CasFault(`xorb ${term.xorb} has no chunks ${term.start}..${term.end}`);
      const chunks = chunksOf(table, term.start, term.end);
      const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (length !== term.length) throw new CasFault(`a term of ${file.hash} has a wrong length`);
      checkVerification(term.verification, chunks, file.hash);
      for (const chunk of chunks) all.push(chunk);
      size += length;
    }
    const actual = hashToHex(fileHash(all));
    if (actual !== file.hash) throw new CasFault(`the file's hash is ${actual}, not ${file.hash}`);
    const terms = file.terms.map(({ xorb, start, end, length }) => ({ xorb, start, end, length }));
    return { size, terms };
  }

  private remember(xorb: string, table: XorbTable): void {
    this.tables.set(xorb, table);
    this.cachedChunks += table.lengths.length;
    for (const [oldest, old] of this.tables) {
      if (this.cachedChunks <= CACHED_CHUNKS) return;
      this.tables.delete(oldest);
      this.cachedChunks -= old.lengths.length;
    }
  }
}

function parse(bytes: Buffer): ShardFile[] {
  try {
    return parseShard(bytes);
  } catch (error) {
    throw new CasFault((error as Error).message);
  }
}

/** @throws CasFault before anything is read */
function checkExtent(files: ShardFile[]): void {
  const counts = files.map(({ terms }) =>
    terms.reduce((n, { start, end }) => n + Math.max(0, end - start), 0),
  );
  if (counts.some((count) => count > MAX_FILE_CHUNKS))
    throw new CasFault(`a file of more than ${MAX_FILE_CHUNKS} chunks is too large for this hub`);
  if (counts.reduce((sum, count) => sum + count, 0) > MAX_SHARD_CHUNKS)
    throw new CasFault(`the shard names more than ${MAX_SHARD_CHUNKS} chunks`);
}

function checkVerification(
  expected: Uint8Array | undefined,
  chunks: { hash: Uint8Array }[],
  file: string,
): void {
  if (!expected) return;
  const actual = verificationHash(chunks.map((chunk) => chunk.hash));
  if (!Buffer.from(actual).equals(expected)) throw new CasFault(`a term of ${file} fails verification`);
}

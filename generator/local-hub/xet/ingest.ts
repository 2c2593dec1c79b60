import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Chunk,
  createChunker,
  fileHash,
  finalize,
  hashToHex,
  nextBlock,
} from '@huggingface/xetchunk-wasm';
import { createDurably, syncFolder } from '../../whole-file.ts';
import type { ReconstructionRow } from '../store/tables.ts';
import { type Cas, EMPTY_HASH } from './cas.ts';
import { chunkHash, encodeChunkHeader } from './chunk.ts';
import { MAX_XORB_BYTES, readAt, XorbWriter } from './xorb.ts';

const BLOCK = 4 * 1024 * 1024;

/** Stores a local file as a client's upload would. @returns its hash and size, durable */
export async function ingestFile(cas: Cas, path: string): Promise<{ hash: string; size: number }> {
  const file = await open(path, 'r');
  try {
    const chunks = await chunkFile(file);
    if (chunks.length === 0) return { hash: EMPTY_HASH, size: 0 };
    const hash = hashToHex(fileHash(chunks));
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (!cas.file(hash)) await cas.putFile(hash, { size, terms: await storeChunks(cas, file, chunks) });
    return { hash, size };
  } finally {
    await file.close();
  }
}

async function chunkFile(file: FileHandle): Promise<Chunk[]> {
  const chunker = createChunker();
  const chunks: Chunk[] = [];
  const buffer = Buffer.alloc(BLOCK);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, BLOCK, at);
    if (bytesRead === 0) break;
    chunks.push(...nextBlock(chunker, buffer.subarray(0, bytesRead)));
    at += bytesRead;
  }
  const last = finalize(chunker);
  return last ? [...chunks, last] : chunks;
}

async function storeChunks(cas: Cas, file: FileHandle, chunks: Chunk[]): Promise<ReconstructionRow['terms']> {
  const terms: ReconstructionRow['terms'] = [];
  let position = 0;
  for (const group of xorbGroups(chunks)) {
    const xorb = await storeXorb(cas, file, group, position);
    const length = group.reduce((sum, chunk) => sum + chunk.length, 0);
    terms.push({ xorb, start: 0, end: group.length, length });
    position += length;
  }
  return terms;
}

function xorbGroups(chunks: Chunk[]): Chunk[][] {
  const groups: Chunk[][] = [];
  let room = 0;
  for (const chunk of chunks) {
    if (room < chunk.length || (groups.at(-1)?.length ?? 0) >= 8192) {
      groups.push([]);
      room = MAX_XORB_BYTES;
    }
    groups.at(-1)?.push(chunk);
    room -= chunk.length + 8;
  }
  return groups;
}

async function storeXorb(cas: Cas, source: FileHandle, chunks: Chunk[], position: number): Promise<string> {
  const temporary = cas.xorbPath(`00.ingest.${randomBytes(6).toString('hex')}.tmp`);
  const hash = await createDurably(temporary, async (file) => {
    const writer = new XorbWriter(file);
    let at = position;
    for (const { length, hash } of chunks) {
      const data = await readAt(source, at, length);
      if (!Buffer.from(chunkHash(data)).equals(hash)) throw new Error('the file changed while it was read');
      await writer.add(
        encodeChunkHeader({ compressed: length, scheme: 0, unpacked: length }),
        data,
        hash,
        length,
      );
      at += length;
    }
    return writer.finish();
  });
  const path = cas.xorbPath(hash);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rename(temporary, path);
  await syncFolder(dirname(path));
  return hash;
}

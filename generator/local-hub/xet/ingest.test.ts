import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToHex, xorbHash } from '@huggingface/xetchunk-wasm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Database } from '../store/database.ts';
import { removeUnfinished } from '../store/unfinished.ts';
import { Cas, EMPTY_HASH } from './cas.ts';
import { chunkHash, encodeChunkHeader } from './chunk.ts';
import { ingestFile } from './ingest.ts';
import { planRead } from './plan.ts';
import { SHARD_TAG } from './shard.ts';

let dir: string;
let db: Database;
let cas: Cas;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'collab-cas-'));
  db = await Database.open(join(dir, 'journal.ndjson'));
  cas = new Cas(db, join(dir, 'xorbs'));
});
afterEach(async () => {
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

async function store(content: Uint8Array) {
  const path = join(dir, 'file');
  await writeFile(path, content);
  return ingestFile(cas, path);
}

async function read(hash: string, start?: number, end?: number) {
  const file = cas.file(hash);
  if (!file) throw new Error('not stored');
  const pieces: Uint8Array[] = [];
  for await (const piece of cas.read(file, start, end)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('the content store', () => {
  it.each([0, 1, 8127, 8192, 65_536, 131_073, 1_000_003])(
    'gives %i bytes back, whole and in parts',
    async (size) => {
      const content = randomBytes(size);
      const { hash, size: stored } = await store(content);
      expect(stored).toBe(size);
      expect(hash === EMPTY_HASH).toBe(size === 0);
      expect((await read(hash)).equals(content)).toBe(true);
      for (const [start, end] of [
        [0, 1],
        [size >> 1, size],
        [size >> 2, (size >> 2) + 10],
      ] as const)
        expect(
          (await read(hash, start, Math.min(end, size))).equals(content.subarray(start, Math.min(end, size))),
        ).toBe(true);
    },
  );

  it('what a write that ended halfway left is removed at the next start', async () => {
    const place = cas.xorbPath.bind(cas);
    vi.spyOn(cas, 'xorbPath').mockImplementation((hash) => {
      if (hash.length === 64) throw new Error('ended here');
      return place(hash);
    });
    await expect(store(randomBytes(10_000))).rejects.toThrow('ended here');
    const left = () => readdir(join(dir, 'xorbs/00'));
    expect((await left()).length).toBe(1);
    await removeUnfinished(join(dir, 'xorbs'));
    expect(await left()).toEqual([]);
  });

  it('plans the reading of a range: whole chunks, the offset into the first, the stored bytes', async () => {
    const content = randomBytes(500_000);
    const { hash } = await store(content);
    const file = cas.file(hash);
    if (!file) throw new Error('not stored');
    const [start, end] = [200_000, 260_000];
    const plan = await planRead(cas, file, start, end);
    expect(plan.terms).toHaveLength(1);
    const term = plan.terms[0] as (typeof plan.terms)[number];
    const { lengths, starts } = await cas.table(term.hash);
    const before = lengths.slice(0, term.range.start).reduce((sum, n) => sum + n, 0);
    expect(before + plan.offset).toBe(start);
    expect(plan.offset).toBeLessThan(lengths[term.range.start] as number);
    const kept = lengths.slice(term.range.start, term.range.end).reduce((sum, n) => sum + n, 0);
    expect(term.unpacked_length).toBe(kept);
    expect(before + kept).toBeGreaterThanOrEqual(end);
    expect(before + kept - (lengths[term.range.end - 1] as number)).toBeLessThan(end);
    expect(plan.fetch.get(term.hash)?.bytes).toEqual({
      start: starts[term.range.start],
      end: (starts[term.range.end] as number) - 1,
    });
  });
});

describe('a small shard that names the same chunks again and again', () => {
  const CHUNKS = 1024;
  const byte = Uint8Array.of(7);
  const packed = Buffer.concat([encodeChunkHeader({ compressed: 1, scheme: 0, unpacked: 1 }), byte]);
  const hash = xorbHash(Array.from({ length: CHUNKS }, () => ({ length: 1, hash: chunkHash(byte) })));

  function shard(terms: number): Buffer {
    const entries = Array.from({ length: terms + 3 }, () => Buffer.alloc(48));
    const [head, file, ...rest] = entries as [Buffer, Buffer, ...Buffer[]];
    head.set(SHARD_TAG);
    head.writeBigUInt64LE(2n, 32);
    file.fill(1, 0, 32);
    file.writeUInt32LE(terms, 36);
    rest.pop()?.fill(0xff);
    for (const term of rest) {
      term.set(hash);
      term.writeUInt32LE(CHUNKS, 36);
      term.writeUInt32LE(CHUNKS, 44);
    }
    return Buffer.concat(entries);
  }

  it('is refused by what it says, before anything is put together', async () => {
    const xorb = async function* () {
      for (let i = 0; i < CHUNKS; i++) yield packed;
    };
    expect(await cas.putXorb(hashToHex(hash), xorb())).toBe(true);
    await expect(cas.putShard(shard(1))).rejects.toThrow("file's hash is");
    await expect(cas.putShard(shard(257))).rejects.toThrow('too large for this hub');
    await expect(cas.putShard(shard(100_000))).rejects.toThrow('too large for this hub');
  });
});

import { hashToHex } from '@huggingface/xetchunk-wasm';

export const SHARD_TAG = Buffer.from([
  ...Buffer.from('HFRepoMetaData\0'),
  85,
  105,
  103,
  69,
  106,
  123,
  129,
  87,
  131,
  165,
  189,
  217,
  92,
  205,
  209,
  74,
  169,
]);
const ENTRY = 48;
const WITH_VERIFICATION = 0x80000000;
const WITH_METADATA = 0x40000000;

export interface ShardTerm {
  xorb: string;
  /** Bytes when unpacked. */
  length: number;
  /** Chunk indexes, end exclusive. */
  start: number;
  end: number;
  verification?: Uint8Array;
}

export interface ShardFile {
  hash: string;
  terms: ShardTerm[];
}

/**
 * The files a shard describes (hub-docs, xet/shard.md). The xorb section that follows is not read: what a xorb
 * holds is known from the xorb itself.
 * @throws Error when it is not a shard
 */
export function parseShard(bytes: Buffer): ShardFile[] {
  if (!bytes.subarray(0, SHARD_TAG.length).equals(SHARD_TAG) || bytes.readBigUInt64LE(32) !== 2n)
    throw new Error('not a version 2 shard');
  const files: ShardFile[] = [];
  let at = ENTRY;
  for (;;) {
    const head = entry(bytes, at);
    if (head.subarray(0, 32).every((b) => b === 0xff)) return files;
    const file = parseFile(bytes, at, head);
    files.push(file.file);
    at = file.next;
  }
}

function parseFile(bytes: Buffer, at: number, head: Buffer): { file: ShardFile; next: number } {
  const flags = head.readUInt32LE(32);
  const count = head.readUInt32LE(36);
  let next = at + ENTRY;
  if (next + count * ENTRY > bytes.length) throw new Error('the shard is cut off');
  const terms = Array.from({ length: count }, (_, i) => parseTerm(entry(bytes, next + i * ENTRY)));
  next += count * ENTRY;
  if ((flags & WITH_VERIFICATION) !== 0) {
    terms.forEach((term, i) => {
      term.verification = new Uint8Array(entry(bytes, next + i * ENTRY).subarray(0, 32));
    });
    next += count * ENTRY;
  }
  if ((flags & WITH_METADATA) !== 0) next += ENTRY;
  return { file: { hash: hashToHex(new Uint8Array(head.subarray(0, 32))), terms }, next };
}

function parseTerm(e: Buffer): ShardTerm {
  return {
    xorb: hashToHex(new Uint8Array(e.subarray(0, 32))),
    length: e.readUInt32LE(36),
    start: e.readUInt32LE(40),
    end: e.readUInt32LE(44),
  };
}

function entry(bytes: Buffer, at: number): Buffer {
  if (at + ENTRY > bytes.length) throw new Error('the shard is cut off');
  return bytes.subarray(at, at + ENTRY);
}

import { crc32 } from 'node:zlib';
import { CollabError } from '../../errors.ts';

/** One change of one row; `drop` empties a whole table. */
export type Op = { t: string; k: string; v?: unknown } | { t: string; drop: true };

/** One journal line: crc32 of the JSON, a space, the JSON. */
export function encodeRecord(ops: readonly Op[]): string {
  const json = JSON.stringify(ops);
  return `${checksum(json)} ${json}\n`;
}

/**
 * Reads a journal. A last record that was cut off by a crash was never acknowledged and is left out; a bad record
 * with good ones behind it is damage.
 * @returns the records and the number of bytes that hold them
 * @throws CollabError STORE_CORRUPT
 */
export function decodeRecords(bytes: Buffer, where: string): { records: Op[][]; goodBytes: number } {
  const records: Op[][] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(10, at);
    const ops = end < 0 ? null : decodeRecord(bytes.toString('utf8', at, end));
    if (ops === null) {
      if (hasRecord(bytes, end)) throw corrupt(where, at);
      break;
    }
    records.push(ops);
    at = end + 1;
  }
  return { records, goodBytes: at };
}

function decodeRecord(line: string): Op[] | null {
  const json = line.slice(9);
  if (line[8] !== ' ' || checksum(json) !== line.slice(0, 8)) return null;
  return JSON.parse(json) as Op[];
}

function hasRecord(bytes: Buffer, from: number): boolean {
  if (from < 0) return false;
  const lines = bytes.toString('utf8', from + 1).split('\n');
  return lines.slice(0, -1).some((line) => decodeRecord(line) !== null);
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

function corrupt(where: string, at: number): CollabError {
  return new CollabError('STORE_CORRUPT', `${where} is damaged at byte ${at}.`, {
    next: [
      { command: `restore ${where} from a backup, or move its folder away`, why: 'a new store is made then' },
    ],
  });
}

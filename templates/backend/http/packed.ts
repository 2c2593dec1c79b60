/** Files of the page as they are sent: each compressed once, when it is first asked for. */
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, gzip, constants as zlib } from 'node:zlib';
import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { contentTag } from './conditional.ts';

export type Coding = 'br' | 'gzip' | 'identity';

export interface PackedFile {
  tag: string;
  /** Bytes, as it is. */
  size: number;
  as(coding: Coding): Promise<Uint8Array>;
}

/** Below it a compressed file saves no packet. */
const MIN_BYTES = 1024;
/** 11 saves a few percent more and would hold up the first visitor for half a second. */
const QUALITY = 9;
const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/** Reads a file again when it was changed on disk. `null`: there is no such file. */
export function packedFiles(): (path: string) => Promise<PackedFile | null> {
  const kept = new Map<string, { stamp: string; file: PackedFile }>();
  return async (path) => {
    const info = await stat(path).catch(() => null);
    if (!info?.isFile()) return null;
    const stamp = `${info.mtimeMs} ${info.size}`;
    const known = kept.get(path);
    if (known?.stamp === stamp) return known.file;
    const bytes = await readFile(path).catch(() => null);
    if (bytes === null) return null;
    const file = packed(bytes);
    kept.set(path, { stamp, file });
    return file;
  };
}

function packed(bytes: Uint8Array): PackedFile {
  const made = new Map<Coding, Promise<Uint8Array>>([['identity', Promise.resolve(bytes)]]);
  const make = (coding: Coding) =>
    coding === 'br'
      ? brotli(bytes, {
          params: {
            [zlib.BROTLI_PARAM_QUALITY]: QUALITY,
            [zlib.BROTLI_PARAM_MODE]: zlib.BROTLI_MODE_TEXT,
            [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength,
          },
        })
      : zip(bytes, { level: 9 });
  return {
    tag: contentTag(bytes),
    size: bytes.byteLength,
    as(coding) {
      const known = made.get(coding) ?? make(coding);
      made.set(coding, known);
      return known;
    },
  };
}

/** The smallest coding the caller takes (RFC 9110 §12.5.3); what is small or compressed by nature goes as it is. */
export function codingFor(
  c: Context,
  size: number,
  type: string,
  supports: Coding[] = ['br', 'gzip'],
): Coding {
  if (size < MIN_BYTES || !/^(?:text|application)\/|\+xml/.test(type)) return 'identity';
  return accepts(c, {
    header: 'Accept-Encoding',
    supports,
    default: 'identity',
    match: (taken, { supports }) => supports.find((coding) => weight(taken, coding) > 0) ?? 'identity',
  }) as Coding;
}

function weight(taken: { type: string; q: number }[], coding: string): number {
  return (taken.find(({ type }) => type === coding) ?? taken.find(({ type }) => type === '*'))?.q ?? 0;
}

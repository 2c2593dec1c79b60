import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Line = { [key: string]: Json };

/** Objects of a JSON-lines file, one at a time; lines that do not parse are left out. */
export async function* jsonLines(file: string): AsyncGenerator<Line> {
  const input = createReadStream(file, 'utf8');
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      const value = parse(text);
      if (isObject(value)) yield value;
    }
  } finally {
    input.destroy();
  }
}

export function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const isObject = (value: Json | undefined): value is Line =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path of keys, or undefined. */
export function at(value: Json | undefined, ...keys: string[]): Json | undefined {
  return keys.reduce<Json | undefined>((v, key) => (isObject(v) ? v[key] : undefined), value);
}

export const asText = (value: Json | undefined) =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A count of tokens or the like: a whole number, never negative. */
export const asCount = (value: Json | undefined) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

export const asList = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** Files below a folder whose names fit, newest first; a missing folder holds none. */
export async function filesBelow(folder: string, fits: (name: string) => boolean, recursive = false) {
  const entries = await readdir(folder, { withFileTypes: true, recursive }).catch(() => []);
  const paths = entries.filter((e) => e.isFile() && fits(e.name)).map((e) => join(e.parentPath, e.name));
  const timed = await Promise.all(paths.map(async (file) => ({ file, mtimeMs: (await stat(file)).mtimeMs })));
  return timed.sort((a, b) => b.mtimeMs - a.mtimeMs);
}

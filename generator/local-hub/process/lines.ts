import type { Readable } from 'node:stream';

const MAX_LINE = 16_384;

/** Calls `onLine` for each line of a stream. A line without end is cut, so that output can never fill the memory. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) onLine(part.replace(/\r$/, '').slice(0, MAX_LINE));
    if (rest.length > MAX_LINE) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('close', () => {
    if (rest !== '') onLine(rest);
    rest = '';
  });
  stream.on('error', () => undefined);
}

/** Structured log: one JSON object per line. Tokens and keys never reach it: `scrub` stands in front of every string. */

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Fields = Record<string, unknown>;

export interface Log {
  (level: Level, event: string, fields?: Fields): void;
}

const SECRETS =
  /\b(hf_[A-Za-z0-9_]{8,}|cc[ae]k_[A-Za-z0-9_-]{8,}|(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})/gi;

const scrub = (text: string) => text.replace(SECRETS, '<redacted>');

const clean = (_key: string, value: unknown) =>
  value instanceof Error
    ? { name: value.name, message: scrub(value.message) }
    : typeof value === 'bigint'
      ? String(value)
      : typeof value === 'string'
        ? scrub(value)
        : value;

/** A field as JSON. Most are plain, and there is a line for every request: only what has parts is walked. */
function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return JSON.stringify(scrub(value));
  return typeof value === 'number' ? JSON.stringify(value) : JSON.stringify(value, clean);
}

/** @param write one line, newline included. */
export function createLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, fields = {}) => {
    let line = `{"ts":"${new Date(now()).toISOString()}","level":"${level}","event":${fieldText(event)}`;
    for (const [name, value] of Object.entries(fields)) {
      const text = fieldText(value);
      if (text !== undefined) line += `,${JSON.stringify(name)}:${text}`;
    }
    write(`${line}}\n`);
  };
}

/** Lines of one turn of the event loop leave in one write. What is left goes when the process ends. */
export function perTurn(write: (text: string) => void): (line: string) => void {
  let lines = '';
  const flush = () => {
    const text = lines;
    lines = '';
    if (text !== '') write(text);
  };
  process.on('exit', flush);
  return (line) => {
    if (lines === '') setImmediate(flush);
    lines += line;
  };
}

export const silent: Log = () => {};

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Io } from '../../generator/io.ts';
import { main } from '../../generator/main.ts';

export const repository = fileURLToPath(new URL('../../', import.meta.url));

/** A folder of its own, gone after the test. */
export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'collab-test-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));
  return dir;
}

class Sink extends Writable {
  text = '';
  isTTY = false;
  columns = 100;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.emit('text');
    done();
  }
}

export interface FakeIo extends Io {
  stdin: PassThrough & { isTTY: boolean; setRawMode(on: boolean): unknown };
  stdout: Sink;
  stderr: Sink;
  abort: AbortController;
}

/** The outside world of one command line: nothing of the real one but the disk below `cwd`. */
export function fakeIo(argv: string[], more: Partial<Io> & { tty?: boolean } = {}): FakeIo {
  const abort = new AbortController();
  const stdin = Object.assign(new PassThrough(), { isTTY: more.tty ?? false, setRawMode: () => stdin });
  const stdout = new Sink();
  const stderr = new Sink();
  stdout.isTTY = more.tty ?? false;
  const { tty: _tty, ...given } = more;
  return {
    argv,
    env: {},
    cwd: given.cwd ?? tempDir(),
    fetch: () => Promise.reject(new Error('no network in tests')),
    now: () => Date.UTC(2026, 5, 1, 12),
    sleep: async () => {},
    signal: abort.signal,
    packageRoot: repository,
    ...given,
    stdin,
    stdout,
    stderr,
    abort,
  };
}

export interface Ran {
  code: number;
  out: string;
  err: string;
  io: FakeIo;
  /** The object on stdout of a run with `--json`. */
  json(): Record<string, any>;
}

/** One command line, in process. */
export async function cli(argv: string[], more: Partial<Io> & { tty?: boolean } = {}): Promise<Ran> {
  const io = fakeIo(argv, more);
  const code = await main(io, '0.0.0-test');
  const ran = { code, io, out: io.stdout.text, err: io.stderr.text };
  return { ...ran, json: () => JSON.parse(ran.out) };
}

const ANSI = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g;
export const plain = (text: string) => text.replace(ANSI, '');

export const KEY = {
  enter: '\r',
  down: '\u001b[B',
  up: '\u001b[A',
  ctrlC: '\u0003',
  ctrlD: '\u0004',
  escape: '\u001b',
};

/** What to press when a question shows up; a function sees how often it was asked. Default: Enter. */
export type Keys = Record<string, string | string[] | ((time: number) => string | string[])>;

/** Answers prompts by their text, in process: each newly drawn question gets its keys once. */
export async function terminal(
  argv: string[],
  keys: Keys,
  more: Partial<Io> = {},
): Promise<Ran & { asked: string[] }> {
  const io = fakeIo(argv, { ...more, tty: true });
  const asked: string[] = [];
  let seen = 0;
  io.stdout.on('text', () => {
    const fresh = plain(io.stdout.text.slice(seen));
    const question = [...fresh.matchAll(/◆\s+(.+)/g)].at(-1)?.[1]?.trim();
    if (question === undefined || !/[└]/.test(fresh)) return;
    seen = io.stdout.text.length;
    const found = Object.keys(keys).find((part) => question.includes(part));
    const times = asked.filter((one) => one.includes(found ?? question)).length;
    asked.push(question);
    const entry = found === undefined ? KEY.enter : keys[found];
    const pressed = typeof entry === 'function' ? entry(times) : entry;
    press(io, typeof pressed === 'string' ? [pressed] : (pressed ?? []));
  });
  const code = await main(io, '0.0.0-test');
  return {
    code,
    io,
    out: io.stdout.text,
    err: io.stderr.text,
    asked,
    json: () => JSON.parse(io.stdout.text),
  };
}

function press(io: FakeIo, keys: string[]): void {
  let chain = new Promise<void>((done) => setImmediate(done));
  for (const key of keys)
    chain = chain.then(() => {
      io.stdin.write(key);
      return new Promise((done) => setImmediate(done));
    });
}

import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { CommandContext } from '../../generator/command.ts';
import type { Io } from '../../generator/io.ts';
import { packageRoot } from './emitted.ts';

/** The real machine, with streams that keep what was written. */
export function machine(cwd: string, signal: AbortSignal = new AbortController().signal): Io {
  return {
    argv: [],
    env: process.env,
    cwd,
    stdin: new PassThrough() as Readable,
    stdout: new PassThrough() as Writable,
    stderr: new PassThrough() as Writable,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    signal,
    packageRoot,
  };
}

/** A command line as main.ts hands it to a verb. */
export function contextOf(
  io: Io,
  positionals: string[],
  options: CommandContext['options'] = {},
): CommandContext & { events: string[] } {
  const events: string[] = [];
  const progress: CommandContext['progress'] = (event) => events.push(`${event.state} ${event.text}`);
  return { io, options, positionals, json: false, verbose: false, progress, events };
}

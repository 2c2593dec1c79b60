import * as clack from '@clack/prompts';
import { Cancelled } from '../errors.ts';
import type { Io } from '../io.ts';

/** One terminal: streams and Ctrl-C are parameters of every question. */
export interface Terminal {
  io: Io;
  common: { input: Io['stdin']; output: Io['stdout']; signal: AbortSignal };
}

export function terminalOf(io: Io): Terminal {
  const signal = AbortSignal.any([io.signal, endOfInput(io)]);
  return { io, common: { input: io.stdin, output: io.stdout, signal } };
}

/** Ctrl-D, or a terminal that went away: readline closes then, and a question would wait for ever. */
function endOfInput({ stdin }: Io): AbortSignal {
  const ended = new AbortController();
  stdin.once('end', () => ended.abort());
  stdin.on('keypress', (_text: string, key?: { ctrl?: boolean; name?: string }) => {
    if (key?.ctrl && key.name === 'd') ended.abort();
  });
  return ended.signal;
}

/** @throws Cancelled at Ctrl-C or Escape; nothing has been written then. */
export async function answered<T>(prompt: Promise<T>): Promise<Exclude<T, symbol>> {
  const value = await prompt;
  if (clack.isCancel(value)) throw new Cancelled();
  return value as Exclude<T, symbol>;
}

/** Lines broken between words, so that they and clack's bar before them fit. */
export function wrapped(terminal: Terminal, lines: string[]): string {
  const width = Math.min(terminal.io.stdout.columns ?? 80, 110) - 4;
  const pattern = new RegExp(`(.{1,${width}})(?:\\s+|$)`, 'g');
  return lines.map((line) => line.replace(pattern, '$1\n').trimEnd()).join('\n');
}

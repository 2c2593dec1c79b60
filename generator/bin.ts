#!/usr/bin/env node
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pkg from '../package.json' with { type: 'json' };
import type { Io } from './io.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`create-collab needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  process.exitCode = await run();
}

async function run(): Promise<number> {
  const abort = new AbortController();
  // A reader that went away (`… | head`) is no fault of ours.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => abort.abort());
  const io: Io = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      await delay(ms, undefined, signal ? { signal } : undefined);
    },
    signal: abort.signal,
    packageRoot: resolve(dirname(fileURLToPath(import.meta.url)), '..'),
  };
  const { main } = await import('./main.ts');
  return main(io, pkg.version);
}

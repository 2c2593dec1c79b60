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

/** A reader that went away (`… | head`) is no fault of ours. */
function patient(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (stream.listeners('error').includes(forgive)) return stream;
  return stream.on('error', forgive);
}

function forgive(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

async function run(): Promise<number> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => abort.abort());
  const io: Io = {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    get stdin() {
      return process.stdin;
    },
    // Made when asked for: Node takes milliseconds for each of them.
    get stdout() {
      return patient(process.stdout);
    },
    get stderr() {
      return patient(process.stderr);
    },
    get fetch() {
      return globalThis.fetch;
    },
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

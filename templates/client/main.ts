#!/usr/bin/env node
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { runClient } from './cli.ts';
import { useProxyFromEnv } from './proxy.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 18)) {
  process.stderr.write(`collab.mjs needs Node 20.18 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort());
  await useProxyFromEnv(process.env);
  process.exitCode = await runClient({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    fetch: globalThis.fetch,
    now: () => Date.now(),
    sleep: async (ms) => {
      await delay(ms, undefined, { signal: abort.signal }).catch(() => {});
    },
    signal: abort.signal,
  });
}

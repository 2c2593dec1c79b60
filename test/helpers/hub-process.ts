import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { SEED } from './hub.ts';

const ENTRY = `
import { parseArgs } from 'node:util';
import { command } from './generator/commands/hub.ts';
const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => abort.abort());
const io = { ...process, argv: process.argv, cwd: process.cwd(), env: process.env, stdin: process.stdin,
  stdout: process.stdout, stderr: process.stderr, signal: abort.signal, now: Date.now };
const { values } = parseArgs({ args: process.argv.slice(2), options: command.options });
command.run({ io, options: values, positionals: [], json: false, verbose: false, progress() {} }).catch((error) => {
  process.stderr.write(error.code + ': ' + error.message);
  process.exitCode = 1;
});
`;

let bundle: Promise<string> | undefined;

/** The hub verb as a program of its own, so that it can be killed. */
function hubProgram(): Promise<string> {
  bundle ??= (async () => {
    const outfile = join(await mkdtemp(join(tmpdir(), 'collab-hub-program-')), 'hub.mjs');
    const resolveDir = fileURLToPath(new URL('../..', import.meta.url));
    const banner =
      "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);";
    await build({
      stdin: { contents: ENTRY, resolveDir },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      banner: { js: banner },
      logLevel: 'error',
    });
    return outfile;
  })();
  return bundle;
}

export interface HubProcess {
  child: ChildProcess;
  /** Set when it listens; `null` when it ended before. */
  url: string | null;
  stderr: () => string;
  exited: Promise<number | null>;
}

export async function spawnHub(dir: string, more: string[] = []): Promise<HubProcess> {
  const seed = `${dir}.seed.yaml`;
  await writeFile(seed, JSON.stringify(SEED));
  const args = [await hubProgram(), '--dir', dir, '--port', '0', '--seed', seed, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = await new Promise<string | null>((resolve) => {
    child.stdout.on('data', (text) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(JSON.parse(stdout).url);
    });
    void exited.then(() => resolve(null));
  });
  return { child, url, stderr: () => stderr, exited };
}

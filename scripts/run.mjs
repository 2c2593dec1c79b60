// Bundles one TypeScript program of this repository and runs it: node scripts/run.mjs test/bench/growth.ts
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [entry, ...args] = process.argv.slice(2);
if (!entry) {
  process.stderr.write('usage: node scripts/run.mjs <file.ts> [arguments]\n');
  process.exit(2);
}
// Two folders deep, as a test is: what it finds by import.meta.url is where it expects it.
const dir = mkdtempSync(join(fileURLToPath(new URL('..', import.meta.url)), 'node_modules/.run-'));
const outfile = join(dir, 'program.mjs');
const banner = "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);";
await build({
  entryPoints: [entry],
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile,
  banner: { js: banner },
});
const { status } = spawnSync(process.execPath, ['--expose-gc', outfile, ...args], { stdio: 'inherit' });
rmSync(dir, { recursive: true, force: true });
process.exit(status ?? 1);

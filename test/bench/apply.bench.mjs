// node test/bench/apply.bench.mjs: time and calls of `apply` against the embedded hub. Needs `npm run build` before.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
mkdirSync(join(root, '.cache'), { recursive: true });
const out = mkdtempSync(join(root, '.cache/bench-'));
await build({
  entryPoints: [join(root, 'test/bench/apply.bench.ts')],
  outfile: join(out, 'apply.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'error',
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
});
const { status } = spawnSync(process.execPath, [join(out, 'apply.mjs'), root], { stdio: 'inherit' });
rmSync(out, { recursive: true });
process.exitCode = status ?? 1;

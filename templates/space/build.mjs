// Builds server.mjs, public/ and client/collab.mjs from src/ and records in build.json what they were built from.
// Run `npm install` in this folder first.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { build as page } from 'vite';
import { nodeBundle } from './node-bundle.mjs';
import { sourceHash } from './source-hash.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

const node = (entry, outfile) =>
  bundle({
    entryPoints: [join(here, entry)],
    outfile: join(here, outfile),
    absWorkingDir: here,
    ...nodeBundle,
  });

await node('src/backend/main.ts', 'server.mjs');
await node('src/client/main.ts', 'client/collab.mjs');
await page({
  root: join(here, 'src/dashboard'),
  logLevel: 'warn',
  build: { outDir: join(here, 'public'), emptyOutDir: true },
});
writeFileSync(
  join(here, 'build.json'),
  `${JSON.stringify({ source: sourceHash(join(here, 'src')) }, null, 2)}\n`,
);

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceHash } from '../../templates/space/source-hash.mjs';
import { repository, tempDir } from './fake-io.ts';

/** The package as installed, with a tiny build of the Space: for what does not run the server. */
export function packageRoot(): string {
  const root = tempDir();
  for (const folder of ['templates', 'challenges']) symlinkSync(join(repository, folder), join(root, folder));
  const space = join(root, 'dist/space');
  for (const folder of ['public', 'client']) mkdirSync(join(space, folder), { recursive: true });
  writeFileSync(join(space, 'server.mjs'), "console.log('server');\n");
  writeFileSync(join(space, 'public/index.html'), '<!doctype html>\n');
  writeFileSync(join(space, 'client/collab.mjs'), '#!/usr/bin/env node\n');
  writeFileSync(join(space, 'build.json'), JSON.stringify({ source: sourceHash(join(root, 'templates')) }));
  return root;
}

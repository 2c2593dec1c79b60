import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEFT_OUT, PACKAGES, sourceHash } from '../../templates/space/source-hash.mjs';
import { repository } from './fake-io.ts';

let made: string | undefined;

/** The package as installed, with a tiny build of the Space: for what does not run the server. One per test file. */
export function packageRoot(): string {
  if (made) return made;
  const root = mkdtempSync(join(tmpdir(), 'collab-package-'));
  process.on('exit', () => rmSync(root, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));
  for (const folder of ['templates', 'challenges']) symlinkSync(join(repository, folder), join(root, folder));
  const space = join(root, 'dist/space');
  for (const folder of ['public', 'client']) mkdirSync(join(space, folder), { recursive: true });
  for (const name of PACKAGES)
    cpSync(join(repository, 'templates', name), join(space, 'src', name), {
      recursive: true,
      filter: (path) => !LEFT_OUT.test(path.slice(repository.length)) && !path.endsWith('node_modules'),
    });
  writeFileSync(join(space, 'server.mjs'), "console.log('server');\n");
  writeFileSync(join(space, 'public/index.html'), '<!doctype html>\n');
  writeFileSync(join(space, 'client/collab.mjs'), '#!/usr/bin/env node\n');
  writeFileSync(join(space, 'build.json'), JSON.stringify({ source: sourceHash(join(space, 'src')) }));
  made = root;
  return root;
}

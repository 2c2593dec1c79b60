import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PACKAGES } from '../../templates/space/source-hash.mjs';
import { cli, repository, tempDir } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/** What `npm install` in space/ makes, without a network: the tools of this repository, the packages of `src/`. */
function installed(space: string): void {
  const modules = join(space, 'node_modules');
  mkdirSync(join(modules, '@collab'), { recursive: true });
  for (const name of readdirSync(join(repository, 'node_modules')))
    if (name !== '@collab' && !name.startsWith('.'))
      symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  for (const name of PACKAGES) symlinkSync(join(space, 'src', name), join(modules, '@collab', name));
}

it('a fork changes the source, is told to build, builds, and goes on', async () => {
  const cwd = tempDir();
  await cli(['new', 'fork', '--yes'], { packageRoot: packageRoot(), cwd });
  const space = join(cwd, 'fork/space');
  appendFileSync(join(space, 'src/contract/settings.ts'), "\nexport const FORK = 'mine';\n");
  const before = await cli(['check', 'fork'], { cwd });
  expect(before.err).toMatch(/built from another source.*npm run build:space/s);

  installed(space);
  await promisify(execFile)(process.execPath, ['build.mjs'], { cwd: space, maxBuffer: 1e8 });
  expect(readFileSync(join(space, 'server.mjs'), 'utf8').length).toBeGreaterThan(100_000);
  expect(readFileSync(join(space, 'public/index.html'), 'utf8')).toContain('<script');
  expect(readdirSync(join(space, 'client'))).toEqual(['collab.mjs']);
  expect((await cli(['check', 'fork'], { cwd })).err).toBe('');
});

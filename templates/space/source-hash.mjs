// Identity of the sources that server.mjs, public/ and client/ are built from; build.json keeps it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PACKAGES = ['contract', 'hub', 'backend', 'client', 'dashboard'];

// Tests, caches and editors' leftovers do not end up in a build, so they do not make it stale either.
export const LEFT_OUT =
  /(?:^|\/)(?:node_modules|__pycache__|fixtures|\.svelte-kit)\/|\.test\.ts$|\.pyc$|\.orig$|\.map$|(?:^|\/)\.DS_Store$/;

/** sha256 hex over `path NUL sha256(content) LF` of every file of the packages below `root`, sorted by path. */
export function sourceHash(root) {
  const total = createHash('sha256');
  for (const path of PACKAGES.flatMap((name) => filesBelow(root, `${name}/`)).sort())
    total.update(
      `${path}\0${createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')}\n`,
    );
  return total.digest('hex');
}

function filesBelow(root, prefix) {
  return readdirSync(join(root, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = prefix + entry.name;
    if (entry.isDirectory()) return LEFT_OUT.test(`${path}/`) ? [] : filesBelow(root, `${path}/`);
    return entry.isFile() && !LEFT_OUT.test(path) ? [path] : [];
  });
}

/** Reads what the installed package can emit into memory: one pass, in parallel. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import { mounts, type PackageFiles } from '../plan/files.ts';

/** Names of the templates: folders of `challenges/` with a challenge.yaml. */
export async function templateNames(packageRoot: string): Promise<string[]> {
  const entries = await readdir(join(packageRoot, 'challenges'), { withFileTypes: true }).catch((cause) => {
    throw incomplete('challenges/', cause);
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Every file below the folders that the template mounts. @throws CollabError PACKAGE_INCOMPLETE. */
export async function readPackage(packageRoot: string, template: string): Promise<PackageFiles> {
  const files = new Map<string, Uint8Array>();
  await Promise.all(
    mounts(template).map(async ([prefix]) => {
      for (const [path, content] of await readBelow(packageRoot, prefix)) files.set(path, content);
    }),
  );
  for (const needed of [
    'dist/space/server.mjs',
    'dist/space/public/index.html',
    'dist/space/client/collab.mjs',
  ])
    if (!files.has(needed)) throw incomplete(needed);
  return files;
}

async function readBelow(root: string, prefix: string): Promise<[string, Uint8Array][]> {
  const entries = await readdir(join(root, prefix), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const parts = await Promise.all(
    entries.map(async (entry): Promise<[string, Uint8Array][]> => {
      if (entry.isDirectory())
        return entry.name === 'node_modules' ? [] : readBelow(root, `${prefix}${entry.name}/`);
      return entry.isFile() ? [[prefix + entry.name, await readFile(join(root, prefix, entry.name))]] : [];
    }),
  );
  return parts.flat();
}

function incomplete(what: string, cause?: unknown): CollabError {
  return new CollabError('PACKAGE_INCOMPLETE', `create-collab is not complete: ${what} is missing.`, {
    next: [{ command: 'npm run build', why: 'in a checkout of create-collab; otherwise install it again' }],
    cause,
  });
}

/** Reads what the installed package can emit into memory. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { didYouMean } from './config/schema.ts';
import { CollabError } from './errors.ts';
import { BUCKET_README, EVALUATOR_MOUNTS, mounts, type PackageFiles } from './plan/files.ts';

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

/** @throws CollabError UNKNOWN_TEMPLATE with the nearest name. */
export function requireTemplate(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new CollabError('UNKNOWN_TEMPLATE', `There is no template "${name}"${didYouMean(name, known)}`, {
    next: known.map((template) => ({
      command: `create-collab new --template ${template}`,
      why: `uses ${template}`,
    })),
  });
}

/** Every file below the folders that the template mounts. @throws CollabError PACKAGE_INCOMPLETE. */
export function readPackage(packageRoot: string, template: string): PackageFiles {
  const files = new Map<string, Uint8Array>();
  for (const [prefix] of mounts(template)) readBelow(packageRoot, prefix, files);
  for (const needed of NEEDED) if (!files.has(needed)) throw incomplete(needed);
  return files;
}

/** What the evaluator's Space is made of. */
export function readEvaluator(packageRoot: string): PackageFiles {
  const files = new Map<string, Uint8Array>();
  for (const [prefix] of EVALUATOR_MOUNTS) readBelow(packageRoot, prefix, files);
  if (files.size === 0) throw incomplete('templates/eval-space/');
  return files;
}

/** Template of the bucket's README. @throws CollabError PACKAGE_INCOMPLETE. */
export function readBucketTemplate(packageRoot: string): Promise<string> {
  return readFile(join(packageRoot, BUCKET_README), 'utf8').catch((cause) => {
    throw incomplete(BUCKET_README, cause);
  });
}

const NEEDED = ['server.mjs', 'public/index.html', 'client/collab.mjs', 'build.json'].map(
  (name) => `dist/space/${name}`,
);

/** Synchronous: hundreds of small files are read several times faster so. */
function readBelow(root: string, prefix: string, files: Map<string, Uint8Array>): void {
  const folder = join(root, prefix);
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = prefix + entry.name;
    if (entry.isDirectory() && entry.name !== 'node_modules') readBelow(root, `${path}/`, files);
    if (entry.isFile()) files.set(path, readFileSync(join(root, path)));
  }
}

function incomplete(what: string, cause?: unknown): CollabError {
  return new CollabError('PACKAGE_INCOMPLETE', `create-collab is not complete: ${what} is missing.`, {
    next: [{ command: 'npm run build', why: 'in a checkout of create-collab; otherwise install it again' }],
    cause,
  });
}

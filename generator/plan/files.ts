/** Which files an emitted repository is made of, and where each one comes from. Pure: works on an index already read. */

import { LEFT_OUT } from '../../templates/space/source-hash.mjs';
import { didYouMean } from '../config/schema.ts';
import { CollabError } from '../errors.ts';

/** Everything of the installed package that can be emitted: path in the package → bytes. */
export type PackageFiles = ReadonlyMap<string, Uint8Array>;

/** One file to be: `hbs` is rendered, everything else is copied byte for byte. */
export interface TreeEntry {
  path: string;
  /** Path in the package. */
  from: string;
  content: Uint8Array;
  how: 'copy' | 'render';
}

/** `from` (in the package) → `to` (in the repository). Later rows win where two give the same path. */
export const mounts = (template: string): readonly [from: string, to: string][] => [
  ['templates/repository/', ''],
  ['templates/bucket/', 'bucket/'],
  ['templates/space/', 'space/'],
  ['dist/space/', 'space/'],
  ['templates/harness/collab_harness/', 'harness/collab_harness/'],
  [`challenges/${template}/`, ''],
];

/** Of a challenge: read by the generator, written by it in another form. */
const CHALLENGE_OWN = /^(?:challenge\.yaml$|profiles\/)/;

/** The files of the tree, sorted by path. */
export function layout(files: PackageFiles, template: string): TreeEntry[] {
  const tree = new Map<string, TreeEntry>();
  // Sorted, so that `gates.json.hbs` comes after `gates.json` and stands in its place.
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [prefix, to] of mounts(template)) {
    for (const [from, content] of sorted) {
      if (!from.startsWith(prefix) || LEFT_OUT.test(from) || from.endsWith('.d.mts')) continue;
      const rest = from.slice(prefix.length);
      if (prefix.startsWith('challenges/') && CHALLENGE_OWN.test(rest)) continue;
      const how = from.endsWith('.hbs') ? 'render' : 'copy';
      const path = to + emittedName(rest);
      tree.set(path, { path, from, content, how });
    }
  }
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** npm packs no `.gitignore` and no `.npmrc`, so they are kept as `_gitignore`; `.hbs` goes when rendered. */
export function emittedName(path: string): string {
  return path.replace(/(^|\/)_(gitignore|dockerignore|npmrc)(?=$|\.)/, '$1.$2').replace(/\.hbs$/, '');
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

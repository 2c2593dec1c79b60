/** Which files an emitted repository is made of, and where each one comes from. Pure: works on an index already read. */

import { LEFT_OUT } from '../../templates/space/source-hash.mjs';

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

type Mount = readonly [from: string, to: string];

/** Template of what every participant reads. */
export const BUCKET_README = 'templates/bucket/README.md.hbs';
export const EVALUATOR_MOUNTS: readonly Mount[] = [['templates/eval-space/', 'eval-space/']];
/** Of the evaluator: its own tests stay here. */
const NOT_EMITTED = /^templates\/eval-space\/tests\/|\/__pycache__\//;

/** `from` (in the package) → `to` (in the repository). Later rows win where two give the same path. */
export const mounts = (template: string, withEvaluator = true): readonly Mount[] => [
  ...(withEvaluator ? EVALUATOR_MOUNTS : []),
  ['templates/repository/', ''],
  ['templates/bucket/', 'bucket/'],
  ['templates/space/', 'space/'],
  ['dist/space/', 'space/'],
  ['templates/harness/collab_harness/', 'harness/collab_harness/'],
  [`challenges/${template}/`, ''] as const,
];

/** Of a challenge: read by the generator, written by it in another form. */
const CHALLENGE_OWN = /^(?:challenge\.yaml$|profiles\/)/;

/** The files of the tree, sorted by path. The evaluator is there only where one is planned. */
export function layout(files: PackageFiles, template: string, withEvaluator = false): TreeEntry[] {
  return mounted(files, mounts(template, withEvaluator));
}

/** The files that these mounts make, sorted by path. */
export function mounted(files: PackageFiles, from: readonly Mount[]): TreeEntry[] {
  const tree = new Map<string, TreeEntry>();
  // Sorted, so that `gates.json.hbs` comes after `gates.json` and stands in its place.
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [prefix, to] of from) {
    for (const [source, content] of sorted) {
      if (!source.startsWith(prefix) || isLeftOut(source)) continue;
      const rest = source.slice(prefix.length);
      if (prefix.startsWith('challenges/') && CHALLENGE_OWN.test(rest)) continue;
      const how = source.endsWith('.hbs') ? 'render' : 'copy';
      const path = to + emittedName(rest);
      tree.set(path, { path, from: source, content, how });
    }
  }
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

const isLeftOut = (path: string): boolean =>
  LEFT_OUT.test(path) || NOT_EMITTED.test(path) || path.endsWith('.d.mts');

/** npm packs no `.gitignore` and no `.npmrc`, so they are kept as `_gitignore`; `.hbs` goes when rendered. */
export function emittedName(path: string): string {
  return path.replace(/(^|\/)_(gitignore|dockerignore|npmrc)(?=$|\.)/, '$1.$2').replace(/\.hbs$/, '');
}

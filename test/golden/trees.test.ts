import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChallenge } from '../../generator/config/yaml.ts';
import { readPackage } from '../../generator/package-files.ts';
import { layout } from '../../generator/plan/files.ts';
import type { PlannedFile } from '../../generator/plan/types.ts';
import { emit } from '../../generator/render/emit.ts';
import { repository } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/**
 * One folder per template: `manifest.txt` (path, mode and sha256 of every file) and the rendered files in full.
 * Copied folders are one line: the next test compares their files with their source byte for byte.
 * `UPDATE_GOLDEN=1 npx vitest run test/golden` writes them anew; review the difference like code.
 */
const GOLDEN = join(repository, 'test/golden');
const COPIED = /^(?:space\/src\/[^/]+|space\/(?:public|client)|harness|submissions)\//;
const update = process.env.UPDATE_GOLDEN === '1';
const templates = readdirSync(join(repository, 'challenges'));

const configOf = (template: string) =>
  parseChallenge(readFileSync(join(repository, 'challenges', template, 'challenge.yaml'), 'utf8'));

function manifest(tree: PlannedFile[]): string {
  const lines = tree.map(({ path, content, how, mode }) => {
    const folder = COPIED.exec(path)?.[0];
    if (folder) return `${folder} (copied)`;
    if (how === 'copy' && !path.startsWith('bucket/')) return `${path} ${mode?.toString(8)} (copied)`;
    return `${path} ${mode?.toString(8)} ${createHash('sha256').update(content).digest('hex')}`;
  });
  return `${[...new Set(lines)].join('\n')}\n`;
}

/** The API table follows the routes, the packages follow the imports: both have their own tests. */
const steady = (path: string) => path !== 'bucket/API.md' && path !== 'space/package.json';

describe.each(templates)('%s', (template) => {
  const expected = join(GOLDEN, template);
  it('emits this tree', async () => {
    const files = readPackage(packageRoot(), template);
    const tree = (await emit(configOf(template), files)).filter(({ path }) => steady(path));
    const rendered = tree.filter(({ how }) => how === 'render');
    if (update) rewrite(expected, rendered, manifest(tree));
    expect(manifest(tree)).toBe(readFileSync(join(expected, 'manifest.txt'), 'utf8'));
    for (const { path, content } of rendered)
      expect(Buffer.from(content).toString('utf8'), path).toBe(
        readFileSync(join(expected, 'rendered', path), 'utf8'),
      );
  });

  it('copies byte for byte', async () => {
    const root = packageRoot();
    const files = readPackage(root, template);
    const tree = new Map((await emit(configOf(template), files)).map((file) => [file.path, file.content]));
    const copies = layout(files, template).filter(({ how }) => how === 'copy');
    expect(copies.length).toBeGreaterThan(50);
    for (const { path, from } of copies)
      expect(
        Buffer.compare(Buffer.from(tree.get(path) as Uint8Array), readFileSync(join(root, from))),
        path,
      ).toBe(0);
  });
});

function rewrite(folder: string, rendered: PlannedFile[], text: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const { path, content } of rendered) {
    const file = join(folder, 'rendered', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  writeFileSync(join(folder, 'manifest.txt'), text);
}

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseChallenge, writeChallenge } from '../../generator/config/yaml.ts';
import type { Challenge } from '../../generator/eval/harness.ts';
import { layout, type PackageFiles } from '../../generator/plan/files.ts';
import { renderTree } from '../../generator/render/tree.ts';
import { viewOf } from '../../generator/render/view.ts';

export const packageRoot = fileURLToPath(new URL('../../', import.meta.url));

/** The parts of an emitted repository that `eval` works on, in a temporary folder. Ended with `remove`. */
export async function emitted(
  template: string,
  root: string = packageRoot,
): Promise<Challenge & { remove(): Promise<void> }> {
  const config = parseChallenge(await readFile(join(root, 'challenges', template, 'challenge.yaml'), 'utf8'));
  const files = await packageFiles(root, ['templates/harness/', `challenges/${template}/`]);
  const entries = layout(files, template);
  const tree = await renderTree(
    entries,
    viewOf(config, { version: '0.0.0', api: [], buildDependencies: [] }),
  );
  const dir = await mkdtemp(join(tmpdir(), 'collab-eval-'));
  for (const file of tree) await put(join(dir, file.path), file.content);
  await put(join(dir, 'challenge.yaml'), Buffer.from(writeChallenge(config)));
  return {
    dir,
    config,
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }),
  };
}

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function packageFiles(root: string, folders: string[]): Promise<PackageFiles> {
  const files = new Map<string, Uint8Array>();
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true });
    for (const entry of entries) {
      if (!entry.isFile() || /__pycache__|\.pyc$/.test(join(entry.parentPath, entry.name))) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(root, path), new Uint8Array(await readFile(path)));
    }
  }
  return files;
}

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readChallenge } from '../../generator/config/yaml.ts';
import { readPackage } from '../../generator/package-files.ts';
import { emit } from '../../generator/render/emit.ts';
import { repository, tempDir } from '../helpers/fake-io.ts';

const run = promisify(execFile);
const npm = (args: string[], cwd: string) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, maxBuffer: 1e8 });

interface Packed {
  filename: string;
  size: number;
  files: { path: string; size: number }[];
}
async function pack(to: string): Promise<Packed> {
  const { stdout } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', to], repository);
  return JSON.parse(stdout)[0] as Packed;
}

/** Files of a challenge that the sources, where templates are compiled at the spot, would have written otherwise. */
async function otherThanEmitted(dir: string, installed: string): Promise<string[]> {
  const tree = await emit(await readChallenge(dir), readPackage(installed, 'gemma'));
  return tree
    .filter(({ path, content }) => Buffer.compare(readFileSync(join(dir, path)), content) !== 0)
    .map(({ path }) => path);
}

describe('the published package', () => {
  it('B11: holds what it needs and nothing else, installs without a network, and makes a challenge', async () => {
    const cwd = tempDir();
    const packed = await pack(cwd);
    const paths = packed.files.map(({ path }) => path);
    expect(packed.size).toBeLessThan(3_000_000);
    for (const needed of [
      'dist/cli.mjs',
      'dist/space/server.mjs',
      'dist/space/client/collab.mjs',
      'dist/space/build.json',
      'templates/repository/_gitignore',
      'templates/repository/.env.example',
      'templates/space/_dockerignore',
      'challenges/gemma/challenge.yaml',
      'challenges/blank/challenge.yaml',
      'LICENSE',
      'package.json',
    ])
      expect(paths, needed).toContain(needed);
    expect(
      paths.filter((path) =>
        /node_modules|\.test\.ts$|\.pyc$|\.orig$|^(?:generator|test|scripts)\/|\.map$/.test(path),
      ),
    ).toEqual([]);

    writeFileSync(join(cwd, 'package.json'), '{"private":true}');
    await npm(['install', '--offline', packed.filename], cwd);
    expect(readdirSync(join(cwd, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'create-collab',
    ]);

    const bin = join(cwd, 'node_modules/.bin/create-collab');
    const argv = ['new', 'mine', '--template', 'gemma', '--yes', '--json'];
    // A failed command says why on stdout: show that, not the bare exit code.
    const { stdout } = await run(bin, argv, { cwd }).catch((failed) => failed);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'ok', slug: 'gemma' });
    expect(existsSync(join(cwd, 'mine/.gitignore'))).toBe(true);
    expect(readFileSync(join(cwd, 'mine/package.json'), 'utf8')).toContain('"create-collab": "0.1.0"');
    expect(await otherThanEmitted(join(cwd, 'mine'), join(cwd, 'node_modules/create-collab'))).toEqual([]);
    const checked = await npm(['run', '--silent', 'check'], join(cwd, 'mine'));
    expect(checked.stdout).toContain('ok: The Gemma challenge (gemma)');
  });
});

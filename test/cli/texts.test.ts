import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { staleTexts } from '../../generator/apply/stale-texts.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { cli, tempDir } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/** README.md, SETUP.md and the bucket's README follow challenge.yaml for as long as nobody edits them; then it is said what they lack. */

let dir: string;
const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(join(dir, path), change(read(path)));
const read = (path: string) => readFileSync(join(dir, path), 'utf8');
const check = () => cli(['check', dir, '--json'], { packageRoot: packageRoot() });
const stale = async () => staleTexts(dir, await readChallenge(dir), packageRoot());
beforeEach(async () => {
  dir = join(tempDir(), 'c');
  const ran = await cli(['new', dir, '--template', 'gemma', '--yes'], { packageRoot: packageRoot() });
  expect(ran.err).toBe('');
});

describe('texts of the organizer', () => {
  it('of the same settings are let be, also when they were rewritten', async () => {
    expect(await stale()).toEqual([]);
    edit('README.md', () => '# My own words\n');
    expect(await stale()).toEqual([]);
  });

  it('of other settings are written anew by check, where nobody edited them', async () => {
    edit('challenge.yaml', (yaml) =>
      yaml.replaceAll('gemma-collab', 'acme').replace(/^ {2}baseline: .*/m, '  baseline: 0.91'),
    );
    expect((await stale()).map(({ file }) => file)).toEqual(['README.md']);
    const files = ['README.md', 'SETUP.md', 'bucket/README.md'];
    const checked = (await check()).json();
    expect([checked.warnings, checked.texts_renewed]).toEqual([[], ['README.md', 'bucket/README.md']]);
    const renewed = new Map(files.map((file) => [file, read(file)]));
    expect(renewed.get('README.md')).toContain('Baseline: 0.91 ');
    expect((await check()).json().texts_renewed).toEqual([]);
    edit('challenge.yaml', (yaml) => yaml.replaceAll('acme', 'other').replace(/title: .*/, 'title: Another'));
    expect((await check()).json().texts_renewed).toEqual(files);
    expect(files.filter((file) => !read(file).includes('Another'))).toEqual([]);
  });

  it('that were edited keep every edit: check shows the lines, and fills the sections of the bucket alone', async () => {
    edit('README.md', (text) => `${text}\nMine.\n`);
    edit('bucket/README.md', (text) => `${text}\nMine.\n`);
    edit('task/task.md', () => 'Words of my own.\n');
    edit('challenge.yaml', (yaml) => yaml.replaceAll('gemma-collab', 'acme'));
    const before = read('README.md');
    const { warnings, texts_renewed } = (await check()).json();
    expect([read('README.md'), texts_renewed]).toEqual([before, ['bucket/README.md']]);
    expect(warnings).toMatchObject([{ at: 'README.md' }]);
    expect(warnings[0].problem).toContain('\n      + | organization of the participants | `acme` |');
    expect(read('bucket/README.md')).toMatch(/Words of my own\.[^]*hf buckets list acme\/[^]*\nMine\.\n$/);
    edit('README.md', (text) => text + warnings[0].problem.replaceAll(/^ +\+ /gm, ''));
    expect(await stale()).toEqual([]);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { staleTexts } from '../../generator/apply/stale-texts.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { cli, tempDir } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/** README.md and SETUP.md are the organizer's from the day they are written: what they lag behind is said. */

let dir: string;
const edit = (path: string, change: (text: string) => string) =>
  writeFileSync(join(dir, path), change(readFileSync(join(dir, path), 'utf8')));
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

  it('of other settings: check says what they do not say, and the named command writes them beside', async () => {
    edit('challenge.yaml', (yaml) => yaml.replaceAll('gemma-collab', 'acme'));
    const [readme, ...others] = await stale();
    expect([readme?.file, others]).toEqual(['README.md', []]);
    expect(readme?.lines).toContain('| organization of the participants | `acme` |');
    const before = readFileSync(join(dir, 'README.md'), 'utf8');
    const checked = await cli(['check', dir, '--json'], { packageRoot: packageRoot() });
    const warning = checked.json().warnings.find(({ at }: { at: string }) => at === 'README.md');
    expect(warning.problem).toContain('written for other settings');
    const command = warning.hint.split(': ')[0].replace('create-collab ', '').split(' ');
    expect((await cli(command, { packageRoot: packageRoot(), cwd: dir })).code).toBe(0);
    expect(readFileSync(join(dir, 'README.md'), 'utf8')).toBe(before);
    const renewed = readFileSync(join(dir, '../renewed/README.md'), 'utf8');
    edit('README.md', () => renewed);
    expect(await stale()).toEqual([]);
  });
});

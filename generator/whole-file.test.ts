import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDurably, DRAFT, draftOf, sweepDrafts, writeWhole } from './whole-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'whole-'));
});
afterEach(() => rm(dir, { recursive: true }));

it('takes the place of what was there, with the rights that had or those it is given, and leaves nothing else', async () => {
  const path = join(dir, 'deep/a.md');
  const rights = async () => (await stat(path)).mode & 0o777;
  await writeWhole(path, 'old');
  expect(await rights()).toBe(0o666 & ~process.umask());
  await chmod(path, 0o640);
  await writeWhole(path, 'new');
  expect([await readFile(path, 'utf8'), await rights()]).toEqual(['new', 0o640]);
  await writeWhole(path, 'mine', 0o600);
  expect(await rights()).toBe(0o600);
  expect(await readdir(join(dir, 'deep'))).toEqual(['a.md']);
});

it('sweeps what a killed process had begun to write there, and nothing of other files', async () => {
  const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
  const others = [draftOf('a.md'), draftOf('b.md', gone), draftOf('a.md.old', gone)];
  for (const name of [...others, draftOf('a.md', gone)]) await writeFile(join(dir, name), '');
  await writeWhole(join(dir, 'a.md'), 'new');
  expect((await readdir(dir)).sort()).toEqual(['a.md', ...others].sort());
});

it('a write that breaks off leaves the old file, and one that is killed a draft of its process', async () => {
  const path = join(dir, 'a.md');
  await writeFile(path, 'old');
  const during: string[] = [];
  const broken = createDurably(path, async (file) => {
    await file.writeFile('ha');
    for (const name of await readdir(dir)) during.push(DRAFT.exec(name)?.[1] ?? 'no draft');
    throw new Error('disk full');
  });
  await expect(broken).rejects.toThrow('disk full');
  expect(during.sort()).toEqual([String(process.pid), 'no draft'].sort());
  expect([await readdir(dir), await readFile(path, 'utf8')]).toEqual([['a.md'], 'old']);
});

it('drafts of a process that is gone are swept, those of others and other files are not', async () => {
  const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
  const kept = [draftOf('state.json'), 'state.json', 'mine.tmp', 'mine.7.tmp'];
  for (const name of [...kept, draftOf('state.json', gone), draftOf('apply.lock', gone)])
    await writeFile(join(dir, name), '');
  await sweepDrafts(dir);
  expect((await readdir(dir)).sort()).toEqual(kept.sort());
});

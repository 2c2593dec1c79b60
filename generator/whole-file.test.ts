import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDurably, UNFINISHED, writeWhole } from './whole-file.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'whole-'));
});
afterEach(() => rm(dir, { recursive: true }));

it('takes the place of what was there, with the rights it is given, and leaves nothing else', async () => {
  const path = join(dir, 'deep/a.md');
  await writeWhole(path, 'old');
  await chmod(path, 0o600);
  await writeWhole(path, 'new');
  expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['new', 0o644]);
  await writeWhole(path, 'mine', 0o600);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(dir, 'deep'))).toEqual(['a.md']);
});

it('a write that breaks off leaves the old file, and one that is killed a name that is known as unfinished', async () => {
  const path = join(dir, 'a.md');
  await writeFile(path, 'old');
  const during: string[] = [];
  const broken = createDurably(path, async (file) => {
    await file.writeFile('ha');
    during.push(...(await readdir(dir)).filter((name) => UNFINISHED.test(name)));
    throw new Error('disk full');
  });
  await expect(broken).rejects.toThrow('disk full');
  expect(during).toHaveLength(1);
  expect([await readdir(dir), await readFile(path, 'utf8')]).toEqual([['a.md'], 'old']);
});

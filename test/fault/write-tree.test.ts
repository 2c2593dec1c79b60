import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Disk, writeTree } from '../../generator/apply/files.ts';
import { Cancelled, type CollabError } from '../../generator/errors.ts';
import type { PlannedFile } from '../../generator/plan/types.ts';
import { tempDir } from '../helpers/fake-io.ts';

const files: PlannedFile[] = Array.from({ length: 150 }, (_, i) => ({
  path: `folder-${i % 7}/file-${i}.txt`,
  content: Buffer.from(`${i}`),
  how: 'copy',
  mode: i === 0 ? 0o755 : 0o644,
}));
const quiet = () => new AbortController().signal;

/** The real disk, until the n-th call of one operation fails. */
function failing(operation: keyof Disk, at: number, code: string): Disk {
  let calls = 0;
  const broken = (...args: unknown[]) => {
    calls += 1;
    if (calls === at) return Promise.reject(Object.assign(new Error(code), { code }));
    return (fs[operation] as (...a: unknown[]) => Promise<unknown>)(...args);
  };
  return { ...fs, [operation]: broken };
}

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => 'written',
    (error) => error,
  );

describe('writeTree', () => {
  it('writes everything with its mode', async () => {
    const dir = join(tempDir(), 'new');
    await writeTree(dir, files, quiet());
    expect(readFileSync(join(dir, 'folder-3/file-3.txt'), 'utf8')).toBe('3');
    expect(statSync(join(dir, 'folder-0/file-0.txt')).mode & 0o777).toBe(0o755);
    expect(readdirSync(dir)).toHaveLength(7);
  });

  const cases: [keyof Disk, number, string, string][] = [
    ['mkdir', 1, 'EACCES', 'NOT_WRITABLE'],
    ['mkdir', 4, 'EROFS', 'NOT_WRITABLE'],
    ['writeFile', 1, 'ENOSPC', 'DISK_FULL'],
    ['writeFile', 149, 'EDQUOT', 'DISK_FULL'],
    ['writeFile', 70, 'EIO', 'WRITE_FAILED'],
    ['rename', 1, 'EACCES', 'NOT_WRITABLE'],
  ];
  it.each(cases)(
    '%s failing at call %i with %s is %s; nothing is left behind',
    async (operation, at, code, wanted) => {
      const parent = tempDir();
      const error = (await caught(
        writeTree(join(parent, 'new'), files, quiet(), failing(operation, at, code)),
      )) as CollabError;
      expect(error.code).toBe(wanted);
      expect(readdirSync(parent)).toEqual([]);
    },
  );

  it.each([1, 3, 7])('an existing folder is empty again when moving part %i in fails', async (at) => {
    const parent = tempDir();
    mkdirSync(join(parent, 'here'));
    const error = (await caught(
      writeTree(join(parent, 'here'), files, quiet(), failing('rename', at, 'ENOSPC')),
    )) as CollabError;
    expect(error.code).toBe('DISK_FULL');
    expect(readdirSync(join(parent, 'here'))).toEqual([]);
  });

  it('Ctrl-C in the middle leaves nothing', async () => {
    const parent = tempDir();
    const abort = new AbortController();
    let written = 0;
    const disk: Disk = {
      ...fs,
      writeFile: ((...args: Parameters<typeof fs.writeFile>) => {
        written += 1;
        if (written === 30) abort.abort();
        return fs.writeFile(...args);
      }) as Disk['writeFile'],
    };
    expect(await caught(writeTree(join(parent, 'new'), files, abort.signal, disk))).toBeInstanceOf(Cancelled);
    expect(readdirSync(parent)).toEqual([]);
  });
});

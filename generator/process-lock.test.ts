import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from './process-lock.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'collab-lock-'));
  path = join(dir, 'some.lock');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const NOBODY = 2_147_483_646;
const ALL_AT_ONCE = 20;

describe('a lock of one process', () => {
  it.each([
    ['nothing there', null],
    ['that of a process that is gone', JSON.stringify({ pid: NOBODY, started: '1' })],
    ['a bare process id', String(NOBODY)],
    ['nothing that says whose it is', ''],
    ['that of an earlier process with the same id', JSON.stringify({ pid: process.pid, started: '1' })],
  ])('%s: of many that ask at once one alone gets it', async (_what, content) => {
    if (content !== null) await writeFile(path, content);
    const asked = await Promise.all(Array.from({ length: ALL_AT_ONCE }, () => takeLock(path)));
    expect(asked.filter((taken) => typeof taken === 'function')).toHaveLength(1);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(await readdir(dir)).toEqual(['some.lock']);
  });

  it('says who has it, and can be had again once given back', async () => {
    const taken = await takeLock(path);
    expect(await takeLock(path)).toBe(process.pid);
    if (typeof taken === 'function') await taken();
    expect(await readdir(dir)).toEqual([]);
    expect(typeof (await takeLock(path))).toBe('function');
  });
});

import { mkdtemp, open, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Database, drop, put, remove } from './database.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'collab-journal-'));
  path = join(dir, 'journal.ndjson');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dir, { recursive: true, force: true });
});

const contents = (db: Database) =>
  Object.fromEntries(
    ['meta', 'files:a'].map((table) => [table, Object.fromEntries(db.table(table as 'meta'))]),
  );

async function failWrites(): Promise<void> {
  const file = await open(path, 'r');
  const prototype = Object.getPrototypeOf(file);
  await file.close();
  vi.spyOn(prototype, 'write').mockImplementation(() =>
    Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })),
  );
}

describe('Database', () => {
  it('is after any crash what was acknowledged, plus at most what was under way', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const operation = fc.oneof(
      fc.tuple(fc.constant('put'), key, fc.string()),
      fc.tuple(fc.constant('remove'), key, fc.constant('')),
      fc.tuple(fc.constant('drop'), fc.constant(''), fc.constant('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), fc.nat(), async (operations, cut) => {
        await rm(path, { force: true });
        const db = await Database.open(path);
        const states = [contents(db)];
        const sizes = [0];
        for (const [kind, k, v] of operations) {
          const op =
            kind === 'put' ? put('meta', k, v) : kind === 'remove' ? remove('meta', k) : drop('meta');
          await db.write(op);
          states.push(contents(db));
          sizes.push((await readFile(path)).length);
        }
        await db.close();
        const length = cut % ((sizes.at(-1) as number) + 1);
        await truncate(path, length);
        const again = await Database.open(path);
        const durable = sizes.filter((size) => size <= length).length - 1;
        expect(contents(again)).toEqual(states[durable]);
        await again.close();
      }),
      { numRuns: 60 },
    );
  });

  it('undoes what could not be written and goes on when there is space again', async () => {
    const db = await Database.open(path);
    await db.write(put('meta', 'a', '1'), put('meta', 'b', '1'));
    await failWrites();
    const failures = [
      db.write(put('meta', 'a', '2')),
      db.write(remove('meta', 'b'), put('meta', 'c', '3')),
      db.write(drop('meta')),
    ].map((work) => work.then(() => 'done').catch((error) => error.code));
    expect(contents(db).meta).toEqual({});
    expect(await Promise.all(failures)).toEqual(['ENOSPC', 'ENOSPC', 'ENOSPC']);
    expect(contents(db).meta).toEqual({ a: '1', b: '1' });
    vi.restoreAllMocks();
    await db.write(put('meta', 'a', '4'));
    await db.close();
    const again = await Database.open(path);
    expect(contents(again).meta).toEqual({ a: '4', b: '1' });
    await again.close();
  });

  it('writes itself anew in less space without losing a row', async () => {
    const db = await Database.open(path);
    for (let i = 0; i < 1200; i++) await db.write(put('meta', `k${i % 7}`, String(i)));
    const before = contents(db);
    await db.close();
    const size = (await readFile(path)).length;
    const again = await Database.open(path);
    expect(contents(again)).toEqual(before);
    expect((await readFile(path)).length).toBeLessThan(size / 50);
    await again.write(put('meta', 'more', 'x'));
    await again.close();
    const third = await Database.open(path);
    expect(contents(third).meta).toEqual({ ...before.meta, more: 'x' });
    await third.close();
  });
});

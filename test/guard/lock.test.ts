import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

interface Locked {
  optionalDependencies?: Record<string, string>;
  resolved?: string;
  link?: boolean;
}

const lock = async (): Promise<Record<string, Locked>> =>
  JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8')).packages;

/** A registry that lacks a platform's package makes `npm install` drop it from the lock, and `npm ci` fail everywhere. */
test('B11: the lock names the optional packages of every platform', async () => {
  const packages = await lock();
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});

test('the lock names no registry', async () => {
  const named = Object.values(await lock()).filter((p) => p.resolved && !p.link);
  expect(named).toEqual([]);
});

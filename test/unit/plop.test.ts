import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import nodePlop from 'node-plop';
import { expect, it } from 'vitest';
import { readChallenge } from '../../generator/config/yaml.ts';
// @ts-expect-error a script without types
import plopfile from '../../scripts/plopfile.mjs';
import { repository, tempDir } from '../helpers/fake-io.ts';

/** A copy of what the generators write into. */
async function generators() {
  const root = tempDir();
  for (const path of [
    'challenges/blank',
    'templates/contract/routes/index.ts',
    'templates/backend/routes/index.ts',
  ]) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    cpSync(join(repository, path), join(root, path), { recursive: true });
  }
  const plop = await nodePlop('', { destBasePath: root, force: false });
  plopfile(plop, root);
  return {
    root,
    run: async (name: string, answers: Record<string, string>) =>
      (await plop.getGenerator(name).runActions(answers)).failures.map(({ error }) => error),
  };
}

it('challenge: a copy of blank that can be read', async () => {
  const { root, run } = await generators();
  expect(await run('challenge', { slug: 'my-thing', title: 'My thing: & more' })).toEqual([]);
  const config = await readChallenge(join(root, 'challenges/my-thing'));
  expect(config).toMatchObject({
    template: 'my-thing',
    challenge: { title: 'My thing: & more', slug: 'my-thing' },
  });
  expect((await run('challenge', { slug: 'my-thing', title: 'x' }))[0]).toContain('is there already');
});

it('cheat: a folder with its paragraph and its verdict', async () => {
  const { root, run } = await generators();
  expect(await run('cheat', { challenge: 'blank', name: 'peeks', caught_by: 'landlock' })).toEqual([]);
  const folder = join(root, 'challenges/blank/submissions/cheats/peeks');
  expect(JSON.parse(readFileSync(join(folder, 'cheat.json'), 'utf8')).caught_by).toEqual(['landlock']);
  expect(existsSync(join(folder, 'manifest.json'))).toBe(true);
});

it('route: declaration, module, and both lists', async () => {
  const { root, run } = await generators();
  expect(await run('route', { noun: 'star-signs', doc: 'Signs of the stars.' })).toEqual([]);
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  expect(read('templates/contract/routes/star-signs.ts')).toContain("path: '/v1/star-signs'");
  expect(read('templates/contract/routes/index.ts')).toMatch(
    /import \{ starSignsRoutes \}.*\.\.\.starSignsRoutes,\n\};/s,
  );
  expect(read('templates/backend/routes/index.ts')).toMatch(/routes as starSigns .*\n {2}starSigns,\n\];/s);
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../helpers/fake-io.ts';

// What maintainers' pages point to is there: a file that was renamed or removed takes its mention along.

const ROOMS = ['.ci', 'challenges', 'docs', 'generator', 'scripts', 'templates', 'test'];
const below = (room: string) => readdirSync(join(repository, room), { recursive: true, encoding: 'utf8' });
const files = ROOMS.flatMap((room) => [`/${room}`, ...below(room).map((path) => `/${room}/${path}`)]).filter(
  (path) => !/node_modules|golden/.test(path),
);

/** Built, and so in no folder of sources. */
const BUILT = ['collab.mjs', 'server.mjs', 'dist/'];
const pages = files.filter((path) => /^\/(?:generator|templates\/backend|test|docs)\/.*\.md$/.test(path));

test.each(['/README.md', '/SETUP.md', '/AGENTS.md', '/CHANGELOG.md', ...pages])('%s', (page) => {
  const text = readFileSync(join(repository, page), 'utf8');
  const named = [...text.matchAll(/`(?:\.\.\/)*([\w./-]+(?:\.(?:ts|mjs|py|svelte)|\/))`/g)].map(
    (found) => found[1] as string,
  );
  // A page inside a room may speak of folders that only exist while something runs.
  const sources = named.filter((name) => !name.endsWith('/') || page === '/AGENTS.md');
  const there = (name: string) => `${files.join('\n')}\n`.includes(`/${name.replace(/\/$/, '')}\n`);
  expect(sources.filter((name) => !BUILT.includes(name.split('/').at(-1) || name) && !there(name))).toEqual(
    [],
  );
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((found) => found[1] as string);
  expect(links.filter((to) => !existsSync(join(repository, dirname(page), to)))).toEqual([]);
});

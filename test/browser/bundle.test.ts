/** What the browser has to fetch before the first view, by the built files alone. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

const PUBLIC = fileURLToPath(new URL('../../dist/space/public', import.meta.url));
const KIB = 1024;
const text = (name: string) => readFileSync(`${PUBLIC}/assets/${name}`, 'utf8');
const IMPORT = /(?:\bfrom|\bimport)\s*["']\.\/([\w.-]+\.js)["']/g;

/** `name` and whatever it imports without being asked. */
function withImports(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, imported = ''] of text(name).matchAll(IMPORT)) withImports(imported, seen);
  return seen;
}

const html = readFileSync(`${PUBLIC}/index.html`, 'utf8');
const entry = /assets\/([\w.-]+\.js)/.exec(html)?.[1] ?? '';
const gzip = (names: Iterable<string>) =>
  [...names].reduce((sum, name) => sum + gzipSync(text(name)).length, 0);
const chunk = (start: string) =>
  readdirSync(`${PUBLIC}/assets`).find((name) => name.startsWith(`${start}-`) && name.endsWith('.js')) ?? '';

it('math, highlighting and plots are fetched when something needs them', () => {
  const first = withImports(entry);
  expect(first.size).toBeGreaterThan(1);
  for (const later of ['math', 'highlight', 'Plot', 'ScoreChart', 'ParetoChart', 'Board', 'Result']) {
    expect(chunk(later), later).not.toBe('');
    expect(first, later).not.toContain(chunk(later));
  }
});

it('no view needs more than 250 KiB of script, compressed', () => {
  const board = gzip(withImports(entry));
  const overview = gzip(withImports(chunk('ScoreChart'), withImports(entry)));
  console.log(
    `scripts as gzip: page ${(board / KIB).toFixed(1)} KiB, with the plot of the overview ${(overview / KIB).toFixed(1)} KiB`,
  );
  expect(overview).toBeLessThan(250 * KIB);
});

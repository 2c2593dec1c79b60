import { readFile, writeFile } from 'node:fs/promises';
import { ERRORS } from '@collab/contract/errors.ts';
import { allRoutes } from '@collab/contract/routes/index.ts';
import { SETTINGS } from '@collab/contract/settings.ts';
import { routeTable } from '@collab/contract/table.ts';
import { describe, expect, test } from 'vitest';
import { fieldRows } from '../../generator/config/docs.ts';
import { HOW, WINS_IF } from '../../generator/eval/samples.ts';
import { VERBS } from '../../generator/verbs.ts';
import { VERBS as CLIENT_VERBS } from '../../templates/client/verbs/index.ts';
import { weaknessTable } from './weaknesses.ts';

/** Tables of the docs that are written from the code. `npm run docs` writes them; this suite finds those that drifted. */

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const meanings = (field: string, known: Record<string, string>) =>
  table(
    [`\`${field}\``, field === 'how' ? 'what stops it' : 'when it has won'],
    Object.entries(known).map(([name, doc]) => [`\`${name}\``, doc]),
  );

const TABLES: { file: string; name: string; text: string }[] = [
  {
    file: 'README.md',
    name: 'verbs',
    text: table(
      ['command', 'does'],
      Object.entries(VERBS).map(([name, v]) => [`\`${`${name} ${v.args}`.trim()}\``, v.summary]),
    ),
  },
  {
    file: 'docs/reference.md',
    name: 'challenge',
    text: table(['setting', 'flag of `new`', 'default', 'meaning'], fieldRows()),
  },
  {
    file: 'docs/reference.md',
    name: 'client',
    text: table(
      ['verb', 'does'],
      Object.entries(CLIENT_VERBS).map(([name, v]) => [`\`${`${name} ${v.args}`.trim()}\``, v.summary]),
    ),
  },
  {
    file: 'docs/reference.md',
    name: 'routes',
    text: routeTable(allRoutes),
  },
  {
    file: 'docs/reference.md',
    name: 'errors',
    text: table(
      ['code', 'status', 'when'],
      Object.entries(ERRORS).map(([code, e]) => [`\`${code}\``, String(e.status), e.doc]),
    ),
  },
  {
    file: 'docs/reference.md',
    name: 'settings',
    text: table(
      ['variable', 'default', 'meaning'],
      SETTINGS.map((s) => [`\`${s.env}\``, 'default' in s ? `\`${s.default || ' '}\`` : 'required', s.doc]),
    ),
  },
  ...['blank', 'gemma'].flatMap((template) => [
    { file: `challenges/${template}/harness/README.md`, name: 'how', text: meanings('how', HOW) },
    { file: `challenges/${template}/harness/README.md`, name: 'wins_if', text: meanings('wins_if', WINS_IF) },
  ]),
  {
    file: 'docs/weaknesses.md',
    name: 'weaknesses',
    text: table(['number', 'what holds', 'tested in'], weaknessTable()),
  },
];

const at = (file: string) => new URL(`../../${file}`, import.meta.url);

describe('generated tables', () => {
  test.each(TABLES)('$file: $name', async ({ file, name, text }) => {
    const page = await readFile(at(file), 'utf8');
    const block = new RegExp(`(<!-- begin ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- end ${name} -->)`);
    expect(page).toMatch(block);
    const fresh = page.replace(block, (_all, begin: string, end: string) => `${begin}${text}\n${end}`);
    if (process.env.UPDATE_DOCS) await writeFile(at(file), fresh);
    else expect(page, 'run `npm run docs`').toBe(fresh);
  });
});

describe('every command named in the docs exists', () => {
  test.each(['README.md', 'SETUP.md', 'AGENTS.md'])('%s', async (file) => {
    const page = await readFile(at(file), 'utf8');
    const { scripts } = JSON.parse(await readFile(at('package.json'), 'utf8'));
    const named = [...page.matchAll(/create-collab ([a-z][a-z-]*)/g)].map((m) => m[1] as string);
    const verbs = named.filter((word) => word !== 'my-challenge');
    expect(verbs.filter((verb) => !Object.hasOwn(VERBS, verb))).toEqual([]);
    const npm = [...page.matchAll(/npm (?:run )?([a-z:]+)/g)].map((m) => m[1] as string);
    const builtIn = ['install', 'ci', 'link', 'start', 'test', 'run'];
    expect(npm.filter((word) => !builtIn.includes(word) && !scripts[word])).toEqual([]);
    const client = [...page.matchAll(/node collab\.mjs ([a-z-]+)/g)].map((m) => m[1] as string);
    expect(client.filter((verb) => !Object.hasOwn(CLIENT_VERBS, verb))).toEqual([]);
  });
});

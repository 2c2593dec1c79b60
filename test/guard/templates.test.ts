import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseChallenge } from '../../generator/config/yaml.ts';
import { parseTemplate } from '../../generator/render/compile.ts';
import { HELPERS } from '../../generator/render/helpers.ts';
import { viewOf } from '../../generator/render/view.ts';
import { repository } from '../helpers/fake-io.ts';

/** A view where every list has an entry, so that what is inside `#each` can be looked up. */
const gemma = parseChallenge(readFileSync(join(repository, 'challenges/gemma/challenge.yaml'), 'utf8'));
const view = viewOf(gemma, {
  version: '0.0.0',
  api: [{ method: 'GET', path: '/v1', doc: 'Doc.' }],
  buildDependencies: [{ name: 'x', version: '1.0.0' }],
});

const templates = ['templates', 'challenges']
  .flatMap((folder) => readdirSync(join(repository, folder), { recursive: true, withFileTypes: true }))
  .filter(
    (entry) => entry.isFile() && entry.name.endsWith('.hbs') && !entry.parentPath.includes('node_modules'),
  )
  .map((entry) => join(entry.parentPath, entry.name));

type Ast = Record<string, any>;
/** Every path a template names that the view does not have. Contexts: the innermost `#each` item first. */
function unknownPaths(node: Ast, contexts: unknown[]): string[] {
  if (node.type === 'Program') return node.body.flatMap((part: Ast) => unknownPaths(part, contexts));
  if (node.type === 'MustacheStatement')
    return [...callOf(node), ...node.params].flatMap((p: Ast) => missing(p, contexts));
  if (node.type === 'BlockStatement') return blockPaths(node, contexts);
  if (node.type === 'ContentStatement' || node.type === 'CommentStatement') return [];
  return [`${node.type} is not used here`];
}
const callOf = (node: Ast) =>
  node.params.length > 0
    ? node.path.original in HELPERS
      ? []
      : [{ ...node.path, helper: true }]
    : [node.path];

function blockPaths(node: Ast, contexts: unknown[]): string[] {
  const name = node.path.original as string;
  if (!['if', 'unless', 'each'].includes(name)) return [`block helper ${name} is not in the list`];
  const found = node.params.flatMap((p: Ast) => missing(p, contexts));
  const item = name === 'each' ? (lookUp(node.params[0], contexts) as unknown[])?.[0] : undefined;
  const inner = name === 'each' ? [item, ...contexts] : contexts;
  const other = node.inverse ? unknownPaths(node.inverse, contexts) : [];
  return [...found, ...unknownPaths(node.program, inner), ...other];
}

function missing(path: Ast, contexts: unknown[]): string[] {
  if (path.helper) return [`helper ${path.original} is not in the list`];
  if (path.type !== 'PathExpression' || path.data) return [];
  return lookUp(path, contexts) === undefined ? [`${path.original} (line ${path.loc.start.line})`] : [];
}

function lookUp(path: Ast, contexts: unknown[]): unknown {
  return path.parts.reduce((value: any, part: string) => value?.[part], contexts[path.depth ?? 0]);
}

describe('templates', () => {
  it('there are some', () => expect(templates.length).toBeGreaterThan(5));
  it.each(templates.map((path) => [path.slice(repository.length), path]))(
    '%s names only what the view has',
    (_name, path) => {
      expect(unknownPaths(parseTemplate(readFileSync(path, 'utf8')) as Ast, [view])).toEqual([]);
    },
  );
  it.each([
    ['{{nope}}', ['nope (line 1)']],
    ['{{#if challenge.nope}}x{{/if}}', ['challenge.nope (line 1)']],
    ['{{#unless nope}}x{{/unless}}', ['nope (line 1)']],
    ['{{#each gates}}{{nope}}{{/each}}', ['nope (line 1)']],
    ['{{#each gates}}{{id}}{{../version}}{{/each}}', []],
    ['{{shout version}}', ['helper shout is not in the list']],
    ['{{> partial}}', ['PartialStatement is not used here']],
    ['{{#with hub}}{{org}}{{/with}}', ['block helper with is not in the list']],
  ])('the guard sees through %s', (source, found) => {
    expect(unknownPaths(parseTemplate(source) as Ast, [view])).toEqual(found);
  });
});

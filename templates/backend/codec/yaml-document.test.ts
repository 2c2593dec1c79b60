import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { boundedDocument, TooDeep } from './yaml-document.ts';

const units = ['[', '{', '- ', '? ', '{a: ', '{? ', '- - ', '[a, ', '[[b], ', '{a: [', '- ? '];

it.each(units)('S18: %j without end is refused before anything recurses', (unit) => {
  expect(() => boundedDocument(unit.repeat(200), {})).toThrow(TooDeep);
  expect(boundedDocument(unit.repeat(3), {})).toBeDefined();
});

it('block indentation counts like brackets', () => {
  const staircase = Array.from({ length: 150 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
  expect(() => boundedDocument(staircase, {})).toThrow(TooDeep);
});

it('brackets inside text are text', () => {
  const document = boundedDocument(`a: "${'['.repeat(5_000)}"\nb: |\n ${'{'.repeat(5_000)}`, {});
  expect(document.errors).toEqual([]);
});

describe('in a process of its own, which a compiled regular expression near the end of the stack would end', () => {
  const program = buildSync({
    stdin: {
      contents: `
        import { parseRecord } from './frontmatter.ts';
        const [unit, depth] = process.argv.slice(2);
        process.exitCode = parseRecord('---\\n' + unit.repeat(Number(depth)) + '\\n---\\nx').malformed ? 0 : 4;`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
  }).outputFiles[0]?.text as string;

  it.each([
    ['[', 850],
    ['[', 1_500],
    ['{', 1_000],
    ['[', 60_000],
  ])('S18: %j %i times', (unit, depth) => {
    const ended = spawnSync(process.execPath, ['-', unit, String(depth)], {
      input: program,
      encoding: 'utf8',
    });
    expect(ended.stderr).toBe('');
    expect(ended).toMatchObject({ status: 0, signal: null });
  });
});

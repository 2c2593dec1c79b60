import { execFileSync } from 'node:child_process';
import type { Frontmatter } from '@collab/contract/schemas.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../test/helpers/cpu.ts';
import { mergeServer, parseRecord, parseSubmitted, writeRecord } from './frontmatter.ts';

const read = (yaml: string) => parseSubmitted(`---\n${yaml}\n---\nbody`).frontmatter;

describe('reading', () => {
  it.each<[string, string, Frontmatter]>([
    ['sexagesimal', 'a: 1:30', { a: 90 }],
    ['underscores', 'a: 1_000', { a: 1000 }],
    ['yes and off', 'a: yes\nb: off', { a: true, b: false }],
    ['octal and hex', 'a: 014\nb: 0x1F', { a: 12, b: 31 }],
    ['an octal that is none is text', 'a: 08\nb: -0_9', { a: '08', b: '-0_9' }],
    ['a date stays its text', 'a: 2026-06-01', { a: '2026-06-01' }],
    ['keys are text (S17)', 'on: 1\n1: x\n~: y', { on: 1, '1': 'x', '~': 'y' }],
    ['JSON', '{"a": [1, 2]}', { a: [1, 2] }],
    ['an empty head', '', {}],
    ['the last of two keys', 'a: 1\na: 2', { a: 2 }],
    [
      'digits a double loses',
      'score: 12345678901234567890123',
      { score: 1.2345678901234568e22, score_exact: '12345678901234567890123' },
    ],
    ['an exact decimal', 'score: 0.1', { score: 0.1 }],
  ])('%s', (_name, yaml, expected) => expect(read(yaml)).toEqual(expected));

  it('S17: integers past the doubles stay finite', () => {
    const head = read(`score: 1${'0'.repeat(400)}`);
    expect(Number.isFinite(head.score)).toBe(true);
    expect(head.score_exact).toBe('0.1e401');
  });

  it.each([
    ['S17: binary', 'a: !!binary /w=='],
    ['S17: infinity', 'score: .inf'],
    ['S17: nan', 'score: .nan'],
    ['S12: tags', 'a: !python/object:os.system x'],
    ['broken', 'a: [1'],
    ['S17: list as key', '? [a]\n: z'],
    ['deep', `a: ${'['.repeat(40)}${']'.repeat(40)}`],
    ['very deep', `a: ${'['.repeat(30_000)}`],
    ['huge', `a: "${'x'.repeat(70_000)}"`],
  ])('%s is refused', (_name, yaml) => {
    expect(() => read(yaml)).toThrow(expect.objectContaining({ code: 'INVALID_FRONTMATTER' }));
  });

  it('S18: an alias bomb is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 8; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)} *a${i - 1}]`);
    expect(() => read(lines.join('\n'))).toThrow(/more than 20 aliases|nested/);
  });

  it('a record in the bucket never throws', () => {
    expect(parseRecord('---\na: [1\n---\nx')).toMatchObject({ malformed: true, body: '---\na: [1\n---\nx' });
    expect(parseRecord('---\nscore: .inf\n---\nx')).toMatchObject({
      malformed: false,
      frontmatter: { score: '.inf' },
    });
  });

  it('__proto__ is a key like any other', () => {
    expect(Object.keys(read('__proto__: {polluted: 1}\nb: 2'))).toEqual(['__proto__', 'b']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('C22: a body that begins with a rule is a body', () => {
    const text = '---\n\nHeading after a rule\n\n---\nmore';
    expect(parseSubmitted(text)).toEqual({ frontmatter: {}, body: text });
    expect(parseSubmitted('---\nno end').body).toBe('---\nno end');
  });
});

describe('hostile text', () => {
  const units = [
    '---\n',
    '- ',
    '[',
    '{',
    '{a: ',
    'a: ',
    '&a ',
    '*a ',
    '? ',
    '"',
    "'",
    '|\n',
    '!x ',
    '# ',
    '\t',
    'a: &a [*a]\n',
    '\\',
    ',',
    ': ',
    '<<: *a\n',
    '1_',
    '- - ',
  ];
  it.each(units)('S18: a head of %j ends soon', async (unit) => {
    const text = `---\n${unit.repeat(60_000 / unit.length)}\n---\nx`;
    expect(await cpuMs(() => expect(parseRecord(text)).toHaveProperty('body'))).toBeLessThan(3_000);
  });
  it.each(['---\n', '---', '--- ', '\n---  ', '\r\n'])('S18: a megabyte of %j ends soon', async (unit) => {
    const text = unit.repeat(1_000_000 / unit.length);
    expect(await cpuMs(() => expect(parseRecord(text)).toHaveProperty('body'))).toBeLessThan(3_000);
  });
});

const values = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
);
const heads = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 20 }).filter((k) => !k.endsWith('_exact') && k !== '__proto__'),
  fc.oneof(values, fc.array(values, { maxLength: 4 })),
  { maxKeys: 6 },
);

const well = (v: unknown): unknown =>
  typeof v === 'string' ? v.toWellFormed() : Object.is(v, -0) ? 0 : Array.isArray(v) ? v.map(well) : v;
const normal = (h: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(h).map(([k, v]) => [k, well(v)]));

describe('writing', () => {
  it('has the shape the reference writes', () => {
    const head = { type: 'agent', agent: 'agent-1', timestamp: '2026-06-01 12:00 UTC', tools: ['bash'] };
    expect(writeRecord(head, 'hi @agent-2')).toBe(
      '---\ntype: agent\nagent: agent-1\ntimestamp: 2026-06-01 12:00 UTC\ntools:\n- bash\n---\n\nhi @agent-2\n',
    );
    expect(writeRecord({ a: 1 }, '')).toBe('---\na: 1\n---\n');
  });

  it('S12: a multi-line value never looks like another key', () => {
    const text = writeRecord({ description: 'd\nscore: 999999\r\nagent: x' }, '');
    expect(text.split('\n').filter((l) => /^\s*(score|agent):/.test(l))).toEqual([]);
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(heads, fc.string({ unit: 'grapheme' }), (head, body) => {
        const back = parseRecord(writeRecord(head as Frontmatter, body));
        expect(back).toEqual({ frontmatter: normal(head), body: body.toWellFormed(), malformed: false });
      }),
      { numRuns: 500 },
    );
  });

  it.each(['hello', '\nhello\n', '\n', 'a\n\n', '---\na: 1\n---\n', '\r\n x \r\n', '  '])(
    'C9: body %j is kept',
    (body) => {
      expect(parseRecord(writeRecord({ a: 1 }, body)).body).toBe(body);
    },
  );

  it('the server wins in place', () => {
    expect(Object.entries(mergeServer({ agent: 'x', a: 1 }, { agent: 'me', via: 'bucket' }))).toEqual([
      ['agent', 'me'],
      ['a', 1],
      ['via', 'bucket'],
    ]);
  });
});

const python = (() => {
  try {
    execFileSync('python3', ['-c', 'import yaml'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.runIf(python)('PyYAML', () => {
  it('gets the same values', () => {
    const samples = fc.sample(heads, { numRuns: 300, seed: 7 }).map(normal);
    samples.push(
      normal({
        a: 'yes',
        b: '1:30',
        c: '=',
        d: '<<',
        e: 1e21,
        f: 1e-7,
        g: 'x\u0085y\u2028z',
        h: '2026-06-01',
        i: '0x1F',
      }),
    );
    const texts = samples.map((h) => writeRecord(h as Frontmatter, '').slice(4, -4));
    const script =
      'import json,sys,yaml\nprint(json.dumps([yaml.safe_load(t) for t in json.load(sys.stdin)]))';
    const back = JSON.parse(
      execFileSync('python3', ['-c', script], { input: JSON.stringify(texts), encoding: 'utf8' }),
    );
    expect(back).toEqual(samples);
  });
});

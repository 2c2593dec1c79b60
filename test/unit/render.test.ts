import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import markdownIt from 'markdown-it';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { answersOf, resolve } from '../../generator/config/schema.ts';
import type { ChallengeConfig } from '../../generator/config/types.ts';
import { parseChallenge } from '../../generator/config/yaml.ts';
import { readPackage } from '../../generator/package-files.ts';
import { emittedName, type PackageFiles } from '../../generator/plan/files.ts';
import { composeBucketReadme, fillSection } from '../../generator/plan/sections.ts';
import { emit } from '../../generator/render/emit.ts';
import { renderText } from '../../generator/render/handlebars.ts';
import { HELPERS } from '../../generator/render/helpers.ts';
import { repository } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

const gemma = parseChallenge(readFileSync(join(repository, 'challenges/gemma/challenge.yaml'), 'utf8'));
const markdown = markdownIt({ html: true, linkify: false });
/** What a reader sees of a line of Markdown. */
const seen = (source: string) =>
  markdown
    .parseInline(source, {})[0]
    ?.children?.map((t) => (t.type === 'text' || t.type === 'code_inline' ? t.content : `<${t.type}>`))
    .join('') ?? '';

const hostile = fc.oneof(
  fc.constantFrom(
    'Tom & Jerry\'s "x"',
    '{{title}} {{{raw}}}',
    '# not a heading',
    '- item',
    '1. one',
    '> quote',
    '| a | b |',
    '---',
    '*a* _b_ `c`',
    '<script>alert(1)</script>',
    '[x](javascript:1)',
    '![i](x)',
    'a: b',
    '!!js/function x',
    '& anchor',
    '*alias',
    '%TAG',
    '@at',
    '`tick',
    'yes',
    'null',
    '1:30',
    '0x1f',
    '~',
    '🚀 émoji ‮rtl',
    'a\nb',
    "it's",
    '\\n',
    '${x}',
    '${{ x }}',
    'end -->',
    '<!-- collab:end task -->',
    '~~a~~',
    'a_b_c',
    '+ plus',
    '= = =',
  ),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);

const withTitle = (title: string): ChallengeConfig | undefined =>
  resolve({ ...answersOf(gemma), 'challenge.title': title, 'challenge.tagline': title }).config;

function renderedFiles(): PackageFiles {
  // Of the package only what is rendered: the rest is copied and does not know the title.
  const all = readPackage(packageRoot(), 'gemma');
  return new Map([...all].filter(([path]) => path.endsWith('.hbs') || path.includes('/task/')));
}

describe('B5: hostile titles', () => {
  it('come out right in YAML, JSON and Markdown', async () => {
    const files = renderedFiles();
    await fc.assert(
      fc.asyncProperty(hostile, async (raw) => {
        const config = withTitle(raw);
        if (!config) return;
        const { title } = config.challenge;
        const tree = new Map(
          (await emit(config, files)).map((f) => [f.path, Buffer.from(f.content).toString('utf8')]),
        );
        const text = (path: string) => tree.get(path) as string;
        expect(parse(text('challenge.yaml')).challenge.title).toBe(title);
        const card = text('space/README.md').split('---\n');
        expect(parse(card[1] as string).title).toBe(title);
        expect([...parse(card[1] as string).short_description].length).toBeLessThanOrEqual(60);
        expect(JSON.parse(text('package.json')).description).toBe(title);
        for (const path of ['README.md', 'bucket/README.md', 'bucket/API.md', 'SETUP.md']) {
          const first = text(path).split('\n')[0] as string;
          expect(seen(first.replace(/^# (?:API of |Runbook: )?/, ''))).toBe(title);
        }
        expect(text('bucket/README.md')).toContain('<!-- collab:begin task -->\n## The task');
      }),
      { numRuns: 40 },
    );
    expect.hasAssertions();
  });
});

describe('helpers', () => {
  it('code shows any line as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (text) => {
        const line = text.replace(/\s+/g, ' ');
        if (line.trim() === '') return;
        expect(seen(HELPERS.code(line))).toBe(line);
      }),
    );
    expect.hasAssertions();
  });
  it('a cell never ends its column', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const html = markdown.render(`| a | b |\n| --- | --- |\n| ${HELPERS.cell(text)} | end |\n`);
        expect(html.match(/<td>/g)).toHaveLength(2);
        expect(html).toContain('<td>end</td>');
      }),
    );
  });
  it('json is JSON and a YAML string at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const written = HELPERS.json(text);
        expect(JSON.parse(written)).toBe(text);
        if (!/[\ud800-\udfff]/.test(text)) expect(parse(`x: ${written}`).x).toBe(text);
      }),
    );
  });
});

it('what a template lacks is an error that names both', async () => {
  await expect(renderText('{{nope}}', {}, 'README.md.hbs')).rejects.toThrow(
    /README\.md\.hbs: "nope" not defined/,
  );
});

it.each([
  ['_gitignore', '.gitignore'],
  ['space/_dockerignore', 'space/.dockerignore'],
  ['a/README.md.hbs', 'a/README.md'],
  ['my_gitignore', 'my_gitignore'],
])('%s is emitted as %s', (path, wanted) => {
  expect(emittedName(path)).toBe(wanted);
});

const REMOTE = {
  endpoint: 'https://huggingface.co',
  org: 'acme',
  private_namespace: 'ada',
  central_bucket: 'acme/my-main-bucket',
  private_bucket: 'ada/my-private',
  eval_space: 'ada/my-evaluator',
  eval_hardware: 'cpu-basic',
  space: 'acme/My_collab',
  private: false,
  invite_url: 'https://huggingface.co/i',
} as const;

describe('managed sections', () => {
  it.each([
    [
      'without a Space',
      { ...REMOTE, space: '', invite_url: '' },
      ['API=…', 'ask the organizer for an invite'],
    ],
    ['on this machine', { ...REMOTE, endpoint: 'local' as const }, ['API=…', 'Never send a token']],
  ])('the address %s', (_name, hub, parts) => {
    const text = composeBucketReadme(readme, new Map(), hub);
    for (const part of parts) expect(text).toContain(part);
    expect(text).not.toContain('hf.space');
  });
  const readme =
    'a\n<!-- collab:begin task -->\nold\n<!-- collab:end task -->\nb\n<!-- collab:begin address -->\n<!-- collab:end address -->\n';
  it('fills task and address, keeps the rest', () => {
    const tasks = new Map([
      ['timeline.md', '## When\n'],
      ['extra.md', '## Extra\n'],
      ['task.md', '## What $& $1\n'],
    ]);
    expect(composeBucketReadme(readme, tasks, REMOTE)).toBe(
      'a\n<!-- collab:begin task -->\n## What $& $1\n\n## When\n\n## Extra\n<!-- collab:end task -->\nb\n' +
        '<!-- collab:begin address -->\n```sh\nAPI=https://acme-my-collab.hf.space\n```\n\n' +
        'You need a Hugging Face account that is a member of `acme` (<https://huggingface.co/i>) and Node 20 or newer.\n' +
        '`HF_TOKEN` or `hf auth login` supplies the token.\n<!-- collab:end address -->\n',
    );
  });
  it('what follows from challenge.yaml is as `new` would write it now; a section that was taken out stays out', () => {
    const section = (name: string, inside: string) =>
      `<!-- collab:begin ${name} -->\n${inside}<!-- collab:end ${name} -->\n`;
    const fresh = `${section('limits', 'no jobs\n')}${section('work', 'new\n')}`;
    expect(composeBucketReadme(`mine\n${section('limits', '10 jobs\n')}`, new Map(), REMOTE, fresh)).toBe(
      `mine\n${section('limits', 'no jobs\n')}`,
    );
  });
  it('is idempotent', () => {
    const once = fillSection(readme, 'task', 'x');
    expect(fillSection(once, 'task', 'x')).toBe(once);
  });
  it('leaves a README without the section alone', () => {
    expect(composeBucketReadme('mine', new Map([['task.md', 'x']]), REMOTE)).toBe('mine');
  });
});

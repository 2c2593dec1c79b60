import { readFileSync } from 'node:fs';
import { SETTINGS } from '@collab/contract/settings.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localOrg, namespace, shortSlug, slugify } from '../../generator/config/checks.ts';
import { spaceVariables } from '../../generator/config/env.ts';
import { answersOf, fields, nearest, resolve } from '../../generator/config/schema.ts';
import type { ChallengeConfig } from '../../generator/config/types.ts';
import { parseChallenge, writeChallenge } from '../../generator/config/yaml.ts';
import { CollabError } from '../../generator/errors.ts';

const root = new URL('../../', import.meta.url);
const gemma = () => parseChallenge(readFileSync(new URL('challenges/gemma/challenge.yaml', root), 'utf8'));
const problemsOf = (text: string) => {
  try {
    parseChallenge(text);
    return [];
  } catch (error) {
    return (error as CollabError).problems.map(({ at, problem }) => `${at} ${problem}`);
  }
};
const minimal = 'challenge:\n  title: T\n  slug: t\n  objective: o\n';

it('a comma in a text without quotes, where it ends the text, is told apart from a wrong key', () => {
  const gate = '{ id: a, field: a, op: ">=", limit: 1, doc: Every city once, within 2 seconds of CPU. }';
  expect(problemsOf(`${minimal}gates:\n  - ${gate}\n`)[0]).toContain(
    'gates[0].within 2 seconds of CPU. is not known; a text with a comma needs quotes: "…"',
  );
  expect(problemsOf('challenge: { title: Primes, fast, slug: primes, objective: o }\n')[0]).toContain(
    '"challenge.fast" is not known; a text with a comma needs quotes: "…"',
  );
  expect(problemsOf('challenge:\n  tagine:\n')[0]).toContain('did you mean "tagline"?');
});

describe('the table', () => {
  it('has one flag per setting and a doc line that is a sentence', () => {
    expect(new Set(fields.map((f) => f.flag)).size).toBe(fields.length);
    for (const f of fields) expect(f.doc).toMatch(/^(?:[A-Z]|local).*[.]$/s);
  });
  it('supplies every Space variable that names a source', () => {
    const variables = spaceVariables(gemma());
    const named = SETTINGS.flatMap((s) => ('from' in s ? [s.env] : []));
    expect(named.filter((name) => !(name in variables))).toEqual(['INVITE_URL']);
    expect(Object.keys(variables).filter((name) => !named.some((one) => one === name))).toEqual([]);
    expect(SETTINGS.find(({ env }) => env === 'INVITE_URL')).toMatchObject({ default: '' });
    expect(variables.VERIFIER_ENABLED).toBe('true');
    expect(JSON.parse(variables.GATES as string)[0].id).toBe('audit_top1');
    expect(variables.REQUIRED_RESULT_FIELDS).toBe('tps,method,status,description');
  });
});

describe('challenge.yaml', () => {
  it.each(['gemma', 'blank'])('%s round-trips: write, read, write gives the same bytes', (name) => {
    const config = parseChallenge(readFileSync(new URL(`challenges/${name}/challenge.yaml`, root), 'utf8'));
    const text = writeChallenge(config);
    expect(parseChallenge(text)).toEqual(config);
    expect(writeChallenge(parseChallenge(text))).toBe(text);
  });
  it('comments every setting', () => {
    const text = writeChallenge(gemma());
    for (const field of fields) expect(text).toContain(`# ${field.doc.split('\n')[0]}`);
  });
  it('round-trips any text', () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (title, objective) => {
        const found = resolve({
          ...answersOf(gemma()),
          'challenge.title': title,
          'challenge.objective': objective,
        });
        if (!found.config) return; // refused: empty, control characters
        taken++;
        expect(parseChallenge(writeChallenge(found.config))).toEqual(found.config);
      }),
      { numRuns: 50 },
    );
    expect(taken).toBeGreaterThan(20);
  });
  it('fills what is not given', () => {
    const config = parseChallenge(minimal);
    expect(config.hub).toMatchObject({
      org: 't-collab',
      central_bucket: 't-collab/t-main-bucket',
      private_bucket: 'organizer/t-private',
      space: 't-collab/t-collab',
    });
    expect(config.divisions).toEqual([{ id: 'main', label: 'Main', gates: [], headline: true }]);
  });
  it('derives a limit from reference and tolerance', () => {
    const text = `${minimal}gates:\n  - { id: ppl, field: ppl, op: '<=', reference: 2.3, tolerance: 0.05 }\n`;
    expect((parseChallenge(text) as ChallengeConfig).gates[0]?.limit).toBe(2.415);
  });
});

describe('B3: a wrong challenge.yaml', () => {
  const cases: [string, string, RegExp][] = [
    ['unknown key', `${minimal}  titel: x\n`, /:5:3 "challenge.titel" is not known; did you mean "title"\?/],
    [
      'unknown section',
      `${minimal}hardwear:\n  flavor: x\n`,
      /:5:1 "hardwear" is not known; did you mean "hardware"\?/,
    ],
    ['wrong type', `${minimal}hub:\n  private: "yes"\n`, /:6:12 hub.private must be true or false, is text/],
    [
      'choice',
      `${minimal}metric:\n  order: dsc\n`,
      /:6:10 .*must be one of desc, asc; did you mean "desc"\?/,
    ],
    ['whole number', `${minimal}metric: { repeats: 1.5 }\n`, /metric.repeats must be a whole number/],
    ['infinite', `${minimal}metric: { baseline: .inf }\n`, /must be a finite number/],
    [
      'slug',
      'challenge:\n  title: T\n  slug: My Slug\n  objective: o\n',
      /:3:9 challenge.slug must be lower case: "my-slug"/,
    ],
    ['reserved slug', 'challenge: { title: T, slug: human, objective: o }', /is reserved/],
    ['required', 'challenge:\n  title: T\n', /challenge.objective is required/],
    ['broken YAML', 'challenge:\n  title: "T\n', /:\d+:\d+ Missing closing "quote/],
    ['duplicate key', `${minimal}  title: x\n`, /unique/],
    ['custom tag', 'challenge: { title: !!js/function x }', /[Uu]nresolved tag/],
    ['not a map', '- a\n', /must be a group of keys/],
    ['schema', 'schema: 2\n', /:1:9 schema must be 1/],
    [
      'gate in a division',
      `${minimal}divisions:\n  - { id: a, label: A, gates: [], headline: true }\n  - { id: b, label: B, gates: [nope] }\n`,
      /:7:5 divisions\[1\] "b" names the gate "nope"/,
    ],
    [
      'unknown gate key',
      `${minimal}gates:\n  - { id: a, field: a, op: '<', limt: 1 }\n`,
      /gates\[0\].limt is not known; did you mean "limit"/,
    ],
    ['no limit', `${minimal}gates:\n  - { id: a, field: a, op: '<' }\n`, /:6:5 gates\[0\] needs "limit", or/],
    [
      'same namespace',
      `${minimal}hub: { org: acme, private_namespace: ACME }\n`,
      /must not be the participants' org/,
    ],
    [
      'bucket elsewhere',
      `${minimal}hub: { central_bucket: other/x }\n`,
      /must be in the namespace of hub.org/,
    ],
    ['control characters', `${minimal}  tagline: "a\\u0007b"\n`, /control characters/],
    [
      'nul in a list',
      `${minimal}hardware: { extra_args: ["a\\0b"] }\n`,
      /hardware.extra_args\[0\] must not hold control/,
    ],
  ];
  it.each(cases)('%s', (_name, text, wanted) => {
    expect(problemsOf(text).join('\n')).toMatch(wanted);
  });
  it('shows the line and a caret below the place', () => {
    expect(problemsOf(`${minimal}metric:\n  order: dsc\n`)[0]).toContain(
      '\n    6 |   order: dsc\n                 ^',
    );
  });
  it('says one thing once: a gate that cannot be read is not missing in a division as well', () => {
    const gate = (limit: string) =>
      problemsOf(
        `${minimal}gates: [{ id: ok, field: ok, op: '>=', limit: ${limit} }]\ndivisions: [{ id: main, label: M, gates: [ok], headline: true }]\n`,
      );
    expect(gate('"98%"').filter((problem) => problem.includes('division'))).toEqual([]);
    expect(
      problemsOf(`${minimal}hardware: { jobs_enabled: sometimes }\nverification: { mode: jobs }\n`),
    ).toHaveLength(1);
  });
  it('shows the first place that is no YAML, in words', () => {
    const tab = minimal.replace('  slug', '\tslug');
    expect(problemsOf(tab)).toEqual([expect.stringMatching(/:3:1 Tabs .*: use spaces/)]);
    const colon = minimal.replace('title: T', 'title: The challenge: latency');
    expect(problemsOf(colon)).toEqual([expect.stringMatching(/:2:10 .*needs quotes/)]);
  });
  it('lists all problems at once', () => {
    expect(problemsOf('metric: { order: up, repeats: -1, baseline: x }\n')).toHaveLength(6);
  });
  it('refuses a secret and never shows it', () => {
    const secret = ['hf', 'abcdefghijklmnopqrstuvwxyz'].join('_');
    const text = problemsOf(`${minimal}  contact: ask ${secret}\n`).join();
    expect(text).toMatch(/looks like a Hugging Face token/);
    expect(text).not.toContain(secret);
  });
});

it.each([
  ['Tom & Jerry’s “x”', 'tom-jerry-s-x'],
  ['Größe', 'gro-e'],
  ['🚀', ''],
  [`${'a'.repeat(39)} b`, 'a'.repeat(39)],
])('slugify %s', (text, slug) => {
  expect(slugify(text)).toBe(slug);
});
it.each([
  ['Smallest sorting network for ten inputs', 'smallest-sorting-network-for'],
  ['Primes, fast', 'primes-fast'],
  ['a'.repeat(50), 'a'.repeat(40)],
])('a short name of %s is whole words', (title, slug) => {
  expect(shortSlug(title)).toBe(slug);
});
it('every title and every short name has an organization on this machine', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){0,19}-?[a-z0-9]{0,20}$/), (text) => {
      const slug = slugify(text);
      expect(namespace(localOrg(slug)) ?? namespace(localOrg(shortSlug(text)))).toBeUndefined();
    }),
  );
  const config = parseChallenge(minimal.replace('slug: t', `slug: ${'ab-'.repeat(13)}z`));
  expect(config.hub?.org).toBe(`${'ab-'.repeat(11)}ab-collab`);
});
it.each([
  ['titel', 'title'],
  ['gema', 'gemma'],
  ['zzz', undefined],
])('nearest %s', (word, name) => {
  expect(nearest(word, ['title', 'gemma', 'blank'])).toBe(name);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allRoutes } from '@collab/contract/routes/index.ts';
import { beforeAll, describe, expect, it } from 'vitest';
import { spaceVariables } from '../../generator/config/env.ts';
import { SECTIONS } from '../../generator/config/field.ts';
import { answersOf, fieldOf, resolve } from '../../generator/config/schema.ts';
import type { ChallengeConfig } from '../../generator/config/types.ts';
import { parseChallenge } from '../../generator/config/yaml.ts';
import { readPackage } from '../../generator/package-files.ts';
import { emit } from '../../generator/render/emit.ts';
import { VERBS } from '../../generator/verbs.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { VERBS as CLIENT_VERBS } from '../../templates/client/verbs/index.ts';
import { repository } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/** What the emitted texts promise must be there: verbs, flags, routes, settings, files. */
const local = parseChallenge(readFileSync(join(repository, 'challenges/gemma/challenge.yaml'), 'utf8'));
const remote = resolve({
  ...answersOf(local),
  'hub.endpoint': 'https://huggingface.co',
  'hub.org': 'acme',
  'hub.private_namespace': 'someone',
  'hub.central_bucket': 'acme/gemma-main-bucket',
  'hub.private_bucket': 'someone/gemma-private',
  'hub.space': 'acme/gemma',
  'hardware.jobs_enabled': false,
  'verification.mode': 'manual',
}).config as ChallengeConfig;

const PAGES = [
  ...['README.md', 'SETUP.md', 'AGENTS.md', 'bucket/README.md', 'bucket/API.md', 'space/README.md'],
  '.env.example',
];

describe.each([
  ['on this machine', local],
  ['on Hugging Face', remote],
])('%s', (_name, config) => {
  let tree: Map<string, string>;
  beforeAll(async () => {
    const files = await emit(config, readPackage(packageRoot(), 'gemma'));
    tree = new Map(files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));
  });
  const each = (pattern: RegExp) =>
    PAGES.flatMap((page) =>
      [...(tree.get(page) as string).matchAll(pattern)].map((found) => found[1] as string),
    );

  it('names commands that exist', () => {
    const verbs = each(/create-collab(?:@[\d.]+)? ([a-z]+)\b/g);
    expect(verbs.length).toBeGreaterThan(10);
    expect(verbs.filter((verb) => !Object.hasOwn(VERBS, verb))).toEqual([]);
  });
  it('names flags that exist', async () => {
    const calls = each(/create-collab(?:@[\d.]+)? ([a-z]+ [^\n`#]*--[^\n`#]*)/g);
    for (const call of calls) {
      const { options } = await VERBS[call.split(' ')[0] as keyof typeof VERBS].load();
      for (const flag of call.matchAll(/--([a-z-]+)/g))
        expect([...Object.keys(options), 'json'], call).toContain(flag[1]);
    }
  });
  it('names verbs and flags of collab.mjs that exist', () => {
    const calls = each(/node collab\.mjs ([a-z-]+[^\n`#]*)/g);
    expect(calls.length).toBeGreaterThan(5);
    for (const call of calls) {
      const verb = CLIENT_VERBS[call.split(' ')[0] as string];
      expect(verb, call).toBeDefined();
      for (const flag of call.matchAll(/--([a-z-]+)/g))
        expect([...Object.keys(verb?.options ?? {}), 'api', 'agent-id', 'json'], call).toContain(flag[1]);
    }
  });
  it('names routes that exist', () => {
    const routes = ['/client/collab.mjs', ...allRoutes.map(({ path }) => path)].map(
      (path) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
    );
    const named = each(/\$API(\/[^\s"'`?]+)/g);
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((path) => !routes.some((route) => route.test(path)))).toEqual([]);
  });
  it('B8: writes out requests that the server takes', () => {
    const pages = ['bucket/README.md', 'bucket/API.md'].map((page) => tree.get(page) as string);
    const lines = pages
      .join('\n')
      .replaceAll(/\\\n\s*/g, ' ')
      .split('\n');
    const calls = lines.filter((line) => /^curl .* -d '/.test(line));
    expect(calls.length).toBeGreaterThan(3);
    for (const call of calls) {
      const [, path, body] = /\$API(\/[^\s"']+).* -d '(\{.*\})'/.exec(call) ?? [];
      const route = allRoutes.find((each) => each.method === 'POST' && each.path === path);
      expect(route?.body?.safeParse(JSON.parse(body as string)).success, call).toBe(true);
      expect(call).toContain("-H 'Content-Type: application/json'");
    }
  });
  it('names settings that exist', () => {
    const named = each(/`(?!challenge\.yaml)([a-z_]+\.[a-z_]+)(?::[^`]*)?`/g).filter(
      (path) => (path.split('.')[0] as string) in SECTIONS,
    );
    expect(named.filter((path) => !fieldOf.has(path))).toEqual([]);
  });
  it('links to files that are there', () => {
    for (const page of PAGES)
      for (const [, target] of (tree.get(page) as string).matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
        const path = join(page, '..', target as string);
        const found = [...tree.keys()].some((one) => one === path || one.startsWith(`${path}/`));
        expect(found, `${page} → ${target}`).toBe(true);
      }
  });
  it('keeps the entry point of participants below 12 KB', () => {
    expect(Buffer.byteLength(tree.get('bucket/README.md') as string)).toBeLessThanOrEqual(12 * 1024);
  });
});

it('B4: what the README demands of a result is what the server demands', async () => {
  const changed = { 'metric.field': 'loss', 'metric.required_fields': ['score', 'method', 'status'] };
  const config = resolve({ ...answersOf(local), ...changed }).config as ChallengeConfig;
  const files = await emit(config, readPackage(packageRoot(), 'gemma'));
  const readme = files.find(({ path }) => path === 'bucket/README.md')?.content ?? '';
  const env = { ...spaceVariables(config), HF_TOKEN: 'hf_x' };
  const demanded = parseSettings(env).REQUIRED_RESULT_FIELDS;
  expect(demanded).toEqual(['loss', 'method', 'status']);
  expect(Buffer.from(readme).toString()).toContain(`Required: \`${demanded.join(', ')}\``);
});

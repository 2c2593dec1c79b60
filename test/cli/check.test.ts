import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { staleGates } from '../../generator/apply/gates.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { cli, tempDir } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

async function challenge(): Promise<string> {
  const cwd = tempDir();
  const ran = await cli(['new', 'c', '--template', 'blank', '--yes'], { packageRoot: packageRoot(), cwd });
  expect(ran.err).toBe('');
  return join(cwd, 'c');
}

describe('check', () => {
  let dir: string;
  const check = (...argv: string[]) => cli(['check', dir, ...argv], { packageRoot: packageRoot() });
  const edit = (path: string, change: (text: string) => string) =>
    writeFileSync(join(dir, path), change(readFileSync(join(dir, path), 'utf8')));
  it.each([['gemma'], ['blank']])('%s as it is written passes without a warning', async (template) => {
    const cwd = tempDir();
    await cli(['new', 'c', '--template', template, '--yes'], { packageRoot: packageRoot(), cwd });
    const ran = await cli(['check', 'c', '--json'], { cwd });
    expect(ran.json()).toMatchObject({
      status: 'ok',
      warnings: [],
      next: [{ command: 'create-collab plan c' }],
    });
    expect(ran.code).toBe(0);
  });

  describe('finds', () => {
    beforeEach(async () => {
      expect.hasAssertions();
      dir = tempDir();
      const ran = await cli(['new', '.', '--template', 'blank', '--yes'], {
        packageRoot: packageRoot(),
        cwd: dir,
      });
      expect(ran.err).toBe('');
    });

    it('a typo in challenge.yaml, with line, column and caret', async () => {
      edit('challenge.yaml', (text) => text.replace('  tagline:', '  tagine:'));
      const ran = await check();
      expect(ran.code).toBe(1);
      expect(ran.err).toMatch(
        /challenge\.yaml:\d+:3: "challenge\.tagine" is not known; did you mean "tagline"\?\n +\d+ \| {3}tagine: .*\n +\^/,
      );
    });
    it('a placeholder in the task', async () => {
      appendFileSync(join(dir, 'task/task.md'), 'TODO: say more\n');
      const ran = await check();
      expect(ran.err).toMatch(/task\/task\.md:\d+:1: placeholder "TODO" is still there/);
      expect(ran.code).toBe(1);
    });
    it('a README over 12 KB', async () => {
      appendFileSync(join(dir, 'task/rules.md'), `${'word '.repeat(2000)}\n`);
      expect((await check()).err).toMatch(
        /bucket\/README\.md: is \d+ bytes with the texts of task\/, over the limit of 12288/,
      );
    });
    it('a missing harness', async () => {
      rmSync(join(dir, 'harness/run.py'));
      expect((await check()).err).toMatch(/harness\/run\.py: is missing/);
    });
    it('a gate that nothing measures', async () => {
      edit('challenge.yaml', (text) => text.replace(/(- id: correct\n +field: )correct/, '$1politeness'));
      const ran = await check('--json');
      expect(ran.json().warnings[0].problem).toContain('nothing in harness/ measures "politeness"');
    });
    it('a gate that was asked for when the challenge was written', async () => {
      const gates = '[{"id":"sorts_all","field":"sorts_all","op":">=","limit":1,"when":"every","doc":"d"}]';
      const argv = ['new', 'c', '--template', 'blank', '--metric-field', 'comparators', '--gates', gates];
      await cli([...argv, '--yes'], { packageRoot: packageRoot(), cwd: dir });
      const ran = await cli(['check', 'c', '--json'], { cwd: dir });
      expect(ran.json().warnings.map((w: { at: string }) => w.at)).toEqual([
        'gates.sorts_all.field',
        'harness/',
        'task/measuring.md',
      ]);
    });
    it('fields of results that stayed behind another metric', async () => {
      edit('challenge.yaml', (text) =>
        text.replace('  field: score', '  field: answer').replace('y_field: correct', 'y_field: politeness'),
      );
      const ran = await check('--json');
      expect(ran.json().warnings).toMatchObject([
        { at: 'metric.secondary_field', problem: expect.stringContaining('measures "politeness"') },
        { at: 'harness/', problem: expect.stringContaining('measures Answers per second') },
        { at: 'task/measuring.md' },
        { at: 'metric.label' },
        { at: 'metric.unit' },
        { at: 'metric.required_fields', problem: 'names "score", and the score is "answer" (metric.field)' },
      ]);
    });
    it('the template’s measurement under the other direction', async () => {
      edit('challenge.yaml', (text) => text.replace('order: desc', 'order: asc'));
      const { warnings } = (await check('--json')).json();
      expect(warnings).toMatchObject([{ at: 'metric.order', problem: expect.stringContaining('higher') }]);
      appendFileSync(join(dir, 'harness/run.py'), '\n# seconds\n');
      expect((await check('--json')).json().warnings).toEqual([]);
    });
    it('jobs that would run another profile, or none', async () => {
      edit('challenge.yaml', (text) => text.replace('extra_args: []', "extra_args: ['--profile', full]"));
      const { warnings } = (await check('--json')).json();
      expect(warnings).toMatchObject([
        { at: 'hardware.extra_args', problem: expect.stringContaining('"full"') },
      ]);
      mkdirSync(join(dir, 'harness/profiles'));
      writeFileSync(join(dir, 'harness/profiles/quick.json'), '{}');
      expect((await check()).err).toMatch(/hardware\.extra_args: .*profiles\/full\.json.*there are quick/s);
    });
    it('and writes the gates of the harness anew, which plan insists on', async () => {
      const limit = () => JSON.parse(readFileSync(join(dir, 'harness/gates.json'), 'utf8')).gates[0].limit;
      edit('challenge.yaml', (text) => text.replace(/limit: 1$/m, 'limit: 0.5'));
      const config = await readChallenge(dir);
      expect(limit()).toBe(1);
      expect(await staleGates(dir, config, packageRoot())).toContain('"limit":0.5');
      expect((await check('--json')).json().gates_renewed).toBe(true);
      expect(limit()).toBe(0.5);
      expect(await staleGates(dir, config, packageRoot())).toBeNull();
      expect((await check('--json')).json().gates_renewed).toBe(false);
    });
    it('the example of the template under another goal', async () => {
      edit('challenge.yaml', (text) => text.replaceAll('This is a working example', 'It is this'));
      const { warnings } = (await check('--json')).json();
      expect(warnings.map((warning: { at: string }) => warning.at).sort()).toEqual([
        'task/measuring.md:5:1',
        'task/task.md:3:1',
      ]);
    });
    it('a gate for the top that no program measures', async () => {
      edit('challenge.yaml', (text) =>
        text.replace(/(- id: correct\n(?: {4}.*\n)*? {4}when: )every/, '$1top-k'),
      );
      const ran = await check();
      expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('harness/downstream.py: is missing')]);
    });
    it('a source that is newer than its build', async () => {
      appendFileSync(join(dir, 'space/src/contract/settings.ts'), '// changed\n');
      expect((await check()).err).toMatch(/space\/: space\/ was built from another source/);
    });
    it('a token in a text, without showing it', async () => {
      const secret = ['hf', 'B'.repeat(34)].join('_');
      appendFileSync(join(dir, 'task/task.md'), `use ${secret}\n`);
      const ran = await check();
      expect(ran.err).toMatch(/task\/task\.md:\d+:1: looks like a Hugging Face token/);
      expect(ran.err).not.toContain(secret);
    });
    it('that there is no challenge here', async () => {
      const ran = await cli(['check', '--json']);
      expect(ran.json()).toMatchObject({ status: 'error', code: 'CHALLENGE_NOT_FOUND' });
    });
  });

  it('asks the Hub about the token at hand', async () => {
    dir = await challenge();
    edit('challenge.yaml', (text) =>
      text
        .replace('endpoint: local', 'endpoint: https://huggingface.co')
        .replace(/org: .*/, 'org: challenge-collab'),
    );
    const answer = { name: 'someone', type: 'user', orgs: [], auth: { accessToken: { role: 'write' } } };
    const fetch = async () =>
      new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } });
    const ran = await cli(['check', dir], {
      env: { HF_TOKEN: 'hf_x' },
      fetch: fetch as typeof globalThis.fetch,
    });
    expect(ran.err).toMatch(/hub\.org: someone is no member of challenge-collab/);
  });
});

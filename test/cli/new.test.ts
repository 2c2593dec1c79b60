import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readChallenge } from '../../generator/config/yaml.ts';
import { cli, KEY, type Keys, plain, tempDir, terminal } from '../helpers/fake-io.ts';
import { packageRoot } from '../helpers/package-root.ts';

/** Every path with mode and content, as one text. */
function treeOf(dir: string): string {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${path.slice(dir.length + 1)} ${(statSync(path).mode & 0o777).toString(8)} ${hash}`;
    })
    .join('\n');
}

/** Splits a POSIX shell line of plain and single-quoted words. */
function words(line: string): string[] {
  const found = line.matchAll(/((?:'[^']*'|\\.|[^\s'\\])+)/g);
  return [...found].map((m) =>
    (m[1] as string).replace(/'([^']*)'|\\(.)/g, (_all, quoted, escaped) => quoted ?? escaped),
  );
}
const replayOf = (text: string) => words(/create-collab (new .*--yes)/s.exec(text)?.[1] ?? '');

describe('new without a terminal', () => {
  it('writes the whole Gemma repository', async () => {
    const ran = await cli(['new', 'gemma-collab', '--template', 'gemma', '--yes', '--json'], {
      packageRoot: packageRoot(),
    });
    expect(ran.code).toBe(0);
    expect(ran.json()).toMatchObject({ status: 'ok', dir: 'gemma-collab', template: 'gemma', slug: 'gemma' });
    const dir = join(ran.io.cwd, 'gemma-collab');
    for (const path of [
      'challenge.yaml',
      'README.md',
      'SETUP.md',
      'AGENTS.md',
      'CLAUDE.md',
      '.gitignore',
      '.env.example',
      'package.json',
      '.collab/template.json',
      'bucket/README.md',
      'bucket/results/README.md',
      'harness/run.py',
      'space/Dockerfile',
      'space/server.mjs',
      'space/public/index.html',
      'space/client/collab.mjs',
      'space/build.json',
      'space/src/contract/settings.ts',
      'task/task.md',
      'submissions/baseline/manifest.json',
    ])
      expect(existsSync(join(dir, path)), path).toBe(true);
    const all = treeOf(dir);
    expect(all).not.toMatch(/\.hbs |\.test\.ts |node_modules|_gitignore|__pycache__/);
    expect(readdirSync(ran.io.cwd)).toEqual(['gemma-collab']);
  });

  it('another metric and other gates take nothing along of the example they replace', async () => {
    const cwd = tempDir();
    writeFileSync(
      join(cwd, 'a.yaml'),
      `template: blank
metric: { field: length, label: Tour length, order: asc }
gates: [{ id: visits, field: visits, op: '>=', limit: 1 }]\n`,
    );
    const ran = await cli(['new', 'c', '--answers', 'a.yaml', '--yes'], { packageRoot: packageRoot(), cwd });
    expect(ran.err).toBe('');
    expect((await readChallenge(join(cwd, 'c'))).metric).toMatchObject({
      field: 'length',
      label: 'Tour length',
      unit: 'points',
      formula: 'As computed by the harness.',
      required_fields: ['length', 'method', 'status', 'description'],
      secondary_field: '',
      secondary_label: '',
    });
  });

  it('names every missing answer with its flag, exits 2, writes nothing', async () => {
    const ran = await cli(['new', 'x', '--json']);
    expect(ran.code).toBe(2);
    const { status, code, problems, next } = ran.json();
    expect({ status, code }).toEqual({ status: 'action_required', code: 'ANSWERS_MISSING' });
    expect(problems.map((p: { at: string }) => p.at)).toEqual(
      expect.arrayContaining(['--title <value>', '--slug <value>', '--hub <value>']),
    );
    expect(next[0].command).toBe('create-collab new x --template gemma --yes');
    expect(readdirSync(ran.io.cwd)).toEqual([]);
  });

  it('a folder that is nearly a verb: the verb is named as well', async () => {
    const first = async (word: string) => (await cli([word, '--json'])).json().next[0].command;
    expect(await first('chek')).toBe('create-collab check');
    expect(await first('my-challenge')).toMatch(/^create-collab new my-challenge/);
  });

  it('an agent in a terminal is not asked', async () => {
    const ran = await cli(['new', 'x'], { tty: true, env: { AI_AGENT: 'some-agent' } });
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('--title <value>: What is the challenge called?');
  });

  it('--yes cannot invent an organization', async () => {
    const ran = await cli(['new', 'x', '--yes', '--hub', 'https://huggingface.co', '--json']);
    expect(ran.code).toBe(2);
    expect(ran.json().problems.map((p: { at: string }) => p.at)).toEqual(
      expect.arrayContaining(['--org', '--private-namespace']),
    );
  });

  it('--dry-run shows the files and exits 2', async () => {
    const ran = await cli(['new', 'x', '--yes', '--dry-run', '--json'], { packageRoot: packageRoot() });
    expect(ran.code).toBe(2);
    expect(ran.json().files.map((f: { path: string }) => f.path)).toContain('challenge.yaml');
    expect(readdirSync(ran.io.cwd)).toEqual([]);
  });
});

describe('four doors, one room', () => {
  const title = `Tom & "Jerry's" {{x}} #1: 🚀 \`race\` | <b> *go*`;
  it('the same answers give the same bytes through flags, file, --set and prompts', async () => {
    const root = packageRoot();
    const cwd = tempDir();
    const run = (argv: string[]) => cli(argv, { packageRoot: root, cwd });
    const flags = await run([
      'new',
      'a',
      '--yes',
      '--title',
      title,
      '--slug',
      'race',
      '--org',
      'acme',
      '--no-private',
      '--budget-usd',
      '7',
    ]);
    expect(flags.err).toBe('');
    writeFileSync(
      join(cwd, 'answers.yaml'),
      `challenge:\n  title: ${JSON.stringify(title)}\n  slug: race\nhub: { org: acme }\nhardware: { budget_usd: 7 }\n`,
    );
    await run(['new', 'b', '--answers', 'answers.yaml']);
    await run([
      'new',
      'c',
      '--yes',
      '--set',
      `challenge.title=${title}`,
      '--set',
      'challenge.slug=race',
      '--set',
      'hub.org=acme',
      '--set',
      'hardware.budget_usd=7',
    ]);
    const keys: Keys = {
      'What is the challenge called?': [title, KEY.enter],
      'Short name': ['race', KEY.enter],
      'Budget for all jobs': ['7', KEY.enter],
      'And now?': [KEY.down, KEY.enter],
    };
    const asked = await terminal(['new', 'd', '--template', 'gemma', '--org', 'acme'], keys, {
      packageRoot: root,
      cwd,
    });
    expect({ err: asked.err, code: asked.code }).toEqual({ err: '', code: 0 });
    const a = treeOf(join(cwd, 'a'));
    expect(treeOf(join(cwd, 'b'))).toBe(a);
    expect(treeOf(join(cwd, 'c'))).toBe(a);
    expect(treeOf(join(cwd, 'd'))).toBe(a);

    await run(['new', 'e', '--answers', 'a/challenge.yaml']);
    expect(treeOf(join(cwd, 'e'))).toBe(a);

    const again = replayOf(asked.out).map((word) => (word === 'd' ? 'f' : word));
    expect((await run(again)).code).toBe(0);
    expect(treeOf(join(cwd, 'f'))).toBe(a);
  });

  it('every setting can be said by its flag, and the replay repeats it', async () => {
    const root = packageRoot();
    const cwd = tempDir();
    const argv = [
      'new',
      'a',
      '--template',
      'blank',
      '--yes',
      '--title',
      'Primes, fast',
      '--objective',
      "It's a\nlong story",
      '--lanes',
      'Sieves, Wheels',
      '--gates',
      "[{id: ok, field: ok, op: '>=', limit: 1}]",
      '--metric-baseline=-3',
      '--metric-allow-non-positive',
      '--no-jobs',
      '--verification',
      'manual',
      '--approvals',
      '3',
      '--private',
      '--set',
      'gates.ok.limit=2',
      '--divisions',
      '[{id: main, label: Main, gates: [ok], headline: true}]',
    ];
    const first = await cli(argv, { packageRoot: root, cwd });
    expect(first.err).toBe('');
    const text = readFileSync(join(cwd, 'a/challenge.yaml'), 'utf8');
    expect(text).toContain('slug: primes-fast');
    expect(text).toMatch(/limit: 2\n/);
    const again = replayOf(first.out).map((word) => (word === 'a' ? 'b' : word));
    expect((await cli(again, { packageRoot: root, cwd })).code).toBe(0);
    expect(treeOf(join(cwd, 'b'))).toBe(treeOf(join(cwd, 'a')));
  });

  it("the replay names a profile that is not the template's own", async () => {
    const root = packageRoot();
    const cwd = tempDir();
    const argv = ['new', 'a', '--profile', 'full', '--org', 'acme', '--private-namespace', 'bob', '--yes'];
    const first = await cli(argv, { packageRoot: root, cwd });
    const again = replayOf(first.out).map((word) => (word === 'a' ? 'b' : word));
    expect(again).toContain('full');
    expect((await cli(again, { packageRoot: root, cwd })).code).toBe(0);
    expect(treeOf(join(cwd, 'b'))).toBe(treeOf(join(cwd, 'a')));
  });
});

describe('new on a terminal', () => {
  it('asks in the order of the table and skips what the template fixes', async () => {
    const { asked, code, err } = await terminal(
      ['new'],
      { 'And now?': [KEY.down, KEY.enter] },
      { packageRoot: packageRoot() },
    );
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(asked).toEqual([
      'Which template?',
      'Into which folder?',
      'What is the challenge called?',
      'Short name for buckets and URLs?',
      'One line that makes people want to join?',
      'Timeline?',
      'How do participants reach you?',
      'Jobs per agent and day?',
      'Jobs per user and day, over all of their agents?',
      'Budget for all jobs together, in dollars? (hard stop; 0: none)',
      'Where will it run?',
      'Write it?',
      'And now?',
    ]);
  });

  it('blank asks everything; a gate, its counter-gate and a changed answer end up in challenge.yaml', async () => {
    const keys: Keys = {
      'Which template?': [KEY.up, KEY.enter],
      'How many more runs': ['0', KEY.enter],
      'What must stay true': (time) => (time === 0 ? [KEY.down, KEY.enter] : KEY.enter),
      'Which value of summary.json?': ['ppl', KEY.enter],
      'ppl must be': [KEY.down, KEY.enter],
      '… this limit': ['2.4', KEY.enter],
      'Add the counter-gate audit_top1': 'y',
      'Divisions of the leaderboard': [KEY.down, KEY.enter],
      'Name of the headline division?': ['Strict', KEY.enter],
      'Another division?': (time) => (time === 0 ? 'y' : KEY.enter),
      'Gates of "Open"?': [' ', KEY.enter],
      'Write it?': (time) => (time === 0 ? [KEY.down, KEY.enter] : KEY.enter),
      'Which one?': ['metric.baseline', KEY.enter],
      'Score of the baseline?': (time) => (time === 0 ? KEY.enter : ['4.5', KEY.enter]),
      'And now?': [KEY.down, KEY.enter],
    };
    const root = packageRoot();
    const { io, err, asked, out } = await terminal(['new', 'x'], keys, { packageRoot: root });
    expect(err).toBe('');
    expect(asked).toContain('Hardware of one job?');
    expect(plain(out)).toContain('How could "ppl" be gamed?');
    expect(asked).toContain(
      'Divisions of the leaderboard, the headline first. Now: Main (correct, ppl, audit_top1)',
    );
    const config = await readChallenge(join(io.cwd, 'x'));
    expect(config.gates.map((gate) => gate.id)).toEqual(['correct', 'ppl', 'audit_top1']);
    expect(config.divisions).toEqual([
      { id: 'strict', label: 'Strict', gates: ['correct', 'ppl', 'audit_top1'], headline: true },
      { id: 'open', label: 'Open', gates: ['correct'], headline: false },
    ]);
    expect(config.metric).toMatchObject({ baseline: 4.5, repeats: 0 });
    const again = replayOf(plain(out).replace(/\n│\s*/g, ' ')).map((word) => (word === 'x' ? 'y' : word));
    expect((await cli(again, { packageRoot: root, cwd: io.cwd })).err).toBe('');
    expect(treeOf(join(io.cwd, 'y'))).toBe(treeOf(join(io.cwd, 'x')));
  });

  it('takes live prices and says what the token at hand allows', async () => {
    const answers: Record<string, unknown> = {
      '/api/jobs/hardware': [
        {
          name: 'cpu-basic',
          prettyName: 'CPU',
          cpu: '2 vCPU',
          ram: '16 GB',
          accelerator: null,
          unitCostMicroUSD: 250,
          unitCostUSD: 0.00025,
          unitLabel: 'minute',
        },
      ],
      '/api/whoami-v2': {
        name: 'someone',
        type: 'user',
        isPro: false,
        orgs: [{ name: 'acme', roleInOrg: 'read' }],
        auth: { accessToken: { role: 'write' } },
      },
    };
    const asked: string[] = [];
    const fetch = async (url: string | URL | Request) => {
      const { origin, pathname } = new URL(url instanceof Request ? url.url : url);
      asked.push(origin + pathname);
      return new Response(JSON.stringify(answers[pathname]), {
        headers: { 'content-type': 'application/json' },
      });
    };
    const keys: Keys = {
      'Where will it run?': [KEY.down, KEY.enter],
      'And now?': [KEY.down, KEY.enter],
    };
    const { io, err, out } = await terminal(['new', 'x', '--template', 'blank'], keys, {
      packageRoot: packageRoot(),
      env: { HF_TOKEN: 'hf_x' },
      fetch: fetch as typeof globalThis.fetch,
    });
    expect(err).toBe('');
    expect(asked.sort()).toEqual([
      'https://huggingface.co/api/jobs/hardware',
      'https://huggingface.co/api/whoami-v2',
    ]);
    const seen = plain(out).replace(/\s*\n│\s*/g, ' ');
    expect(seen).toContain('someone is "read" in acme; creating buckets and a Space needs write or admin.');
    expect(seen).toContain('A Docker Space needs PRO or a Team plan.');
    expect(seen).toContain('is a "write" token');
    const { hub, hardware } = await readChallenge(join(io.cwd, 'x'));
    expect(hub).toMatchObject({ org: 'acme', private_namespace: 'someone', space: 'acme/challenge-collab' });
    expect(hardware.usd_per_hour).toBe(0.015);
  });

  it('Ctrl-C at each question cancels with 130 and leaves nothing', async () => {
    const root = packageRoot();
    const { asked } = await terminal(['new'], { 'And now?': [KEY.down, KEY.enter] }, { packageRoot: root });
    for (const question of asked.slice(0, -1)) {
      const ran = await terminal(['new'], { [question]: KEY.ctrlC }, { packageRoot: root });
      expect({ question, code: ran.code }).toEqual({ question, code: 130 });
      expect(readdirSync(ran.io.cwd)).toEqual([]);
    }
  });

  it('Ctrl-D, which ends the input, cancels as well', async () => {
    const root = packageRoot();
    for (const question of ['Which template?', 'One line that makes people want to join?']) {
      const ran = await terminal(['new'], { [question]: KEY.ctrlD }, { packageRoot: root });
      expect([question, ran.code, readdirSync(ran.io.cwd)]).toEqual([question, 130, []]);
    }
  });
});

describe('what cannot be written', () => {
  it.each([
    [
      'unknown template',
      ['new', 'x', '--template', 'gema', '--yes'],
      /UNKNOWN_TEMPLATE.*did you mean "gemma"/,
    ],
    [
      'invalid slug',
      ['new', 'x', '--yes', '--slug', 'My Slug'],
      /--slug: challenge.slug must be lower case: "my-slug"/,
    ],
    [
      'wrong number',
      ['new', 'x', '--yes', '--budget-usd', 'lots'],
      /--budget-usd: hardware.budget_usd must be a number, is text/,
    ],
    ['unknown flag', ['new', 'x', '--titel', 'x'], /BAD_FLAG/],
    ['unknown --set', ['new', 'x', '--yes', '--set', 'challenge.titel=x'], /did you mean "challenge.title"/],
    ['--set without =', ['new', 'x', '--yes', '--set', 'challenge.title'], /wants path=value/],
    ['no such answers file', ['new', 'x', '--answers', 'none.yaml'], /ANSWERS_NOT_FOUND/],
    ['two folders', ['new', 'x', 'y', '--yes'], /BAD_USAGE.*"y"/],
    ['a folder below a file', ['new', 'file/x', '--yes'], /NOT_A_DIRECTORY/],
    ['a folder in use', ['new', 'used', '--yes'], /DIR_NOT_EMPTY.*mine\.txt/],
  ])('%s', async (_name, argv, wanted) => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'file'), '');
    mkdirSync(join(cwd, 'used'));
    writeFileSync(join(cwd, 'used/mine.txt'), 'mine');
    const ran = await cli(argv, { packageRoot: packageRoot(), cwd });
    expect(ran.code).not.toBe(0);
    expect(ran.err).toMatch(wanted);
    expect(readdirSync(cwd).sort()).toEqual(['file', 'used']);
    expect(readdirSync(join(cwd, 'used'))).toEqual(['mine.txt']);
  });

  it('an answers file with a mistake is shown at its line', async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, 'a.yaml'), 'metric:\n  order: up\n');
    const ran = await cli(['new', 'x', '--answers', 'a.yaml'], { cwd });
    expect(ran.err).toMatch(/a\.yaml:2:10: metric\.order must be one of desc, asc/);
  });

  it('a package without its build says so', async () => {
    const root = packageRoot();
    writeFileSync(join(root, 'none'), '');
    const ran = await cli(['new', 'x', '--yes'], { packageRoot: tempDir() });
    expect(ran.err).toMatch(/PACKAGE_INCOMPLETE/);
  });

  it('a secret in an answer is refused and never echoed', async () => {
    const secret = ['hf', 'A'.repeat(34)].join('_');
    const ran = await cli(['new', 'x', '--yes', '--contact', `ask ${secret}`, '--json', '--verbose']);
    expect(ran.code).toBe(1);
    expect(ran.out + ran.err).not.toContain(secret);
  });

  it('an existing empty folder is filled and keeps its identity', async () => {
    const cwd = tempDir();
    mkdirSync(join(cwd, 'here/.git'), { recursive: true });
    const before = statSync(join(cwd, 'here')).ino;
    const ran = await cli(['new', 'here', '--yes'], { packageRoot: packageRoot(), cwd });
    expect(ran.code).toBe(0);
    expect(statSync(join(cwd, 'here')).ino).toBe(before);
    expect(existsSync(join(cwd, 'here/challenge.yaml'))).toBe(true);
  });
});

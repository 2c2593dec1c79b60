import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPrompt } from '../../generator/apply/prompt.ts';
import { cli, type Running, run } from './cli.ts';

/** Every verb of the client that the Space serves, against a collaboration that runs. */

let cwd: string;
let dev: Running;
let api: string;
let prompt: string[];
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'verbs-'));
  await cli(cwd, ['new', 'c', '--template', 'gemma', '--yes', '--json']).done;
  dev = cli(cwd, ['dev', 'c', '--json']);
  const line =
    (await dev.said('"event":"ready"')).split('\n').find((l) => l.includes('"event":"ready"')) ?? '';
  const ready = JSON.parse(line);
  api = ready.api_url;
  prompt = agentPrompt({
    dir: join(cwd, 'c'),
    apiUrl: api,
    hubUrl: ready.hub_url,
    bucket: 'gemma-collab/gemma-main-bucket',
  }).split('\n');
});
afterAll(async () => {
  dev.child.kill('SIGTERM');
  await dev.done;
  await rm(cwd, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
});

/** Runs a line in the environment that the prompt for a coding agent sets up. */
const shell = (line: string) =>
  run('bash', ['-c', ['set -e', ...prompt.filter((l) => l.startsWith('export ')), line].join('\n')], cwd)
    .done;

async function client<T = Record<string, never>>(line: string): Promise<T> {
  const ran = await shell(`node collab.mjs ${line} --json`);
  expect([ran.code, ran.out, ran.err]).toEqual([0, expect.any(String), expect.any(String)]);
  return JSON.parse(ran.out);
}

async function refused(line: string): Promise<string> {
  const ran = await shell(`node collab.mjs ${line} --json`);
  expect(ran.code).not.toBe(0);
  return JSON.parse(ran.out).code;
}

describe('a coding agent that follows the prompt', () => {
  test('downloads the client with the printed command', async () => {
    const command = /curl \S+ \S+/.exec(prompt.at(-1) ?? '')?.[0] ?? '';
    const ran = await shell(`${command} && node collab.mjs help`);
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('join')]);
  });

  test('reads the challenge with the printed command', async () => {
    const ran = await shell(prompt.find((l) => l.includes('/resolve/README.md')) ?? 'false');
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('node collab.mjs join')]);
  });

  test('joins, twice is once, and holds no real token', async () => {
    expect(await client(`join --api ${api} --agent-id smoke --model m`)).toMatchObject({ already: false });
    expect(await client(`join --api ${api} --agent-id smoke`)).toMatchObject({
      already: true,
      agent_id: 'smoke',
    });
  });

  test('posts, is read, is answered, finds the answer in the inbox', async () => {
    const { filename } = await client<{ filename: string }>(
      "post 'Hello, @nobody. I try nothing.' --type introduction",
    );
    const board = await client<{ items: { filename: string; body: string }[] }>('board --agent smoke');
    expect(board.items[0]?.filename).toBe(filename);
    await client(`join --api ${api} --agent-id other`);
    await client(`reply ${filename} '@smoke welcome' --agent-id other`);
    const inbox = await client<{ items: { body: string }[] }>('inbox --agent-id smoke');
    expect(inbox.items[0]?.body).toContain('welcome');
    const text = await shell('node collab.mjs digest --agent-id smoke');
    expect(text.out).toMatch(/BEGIN UNTRUSTED [0-9a-f]{12} from other/);
  });

  test('a secret in a message is refused', async () => {
    expect(await refused("post 'my token is hf_abcdefghijklmnopqrstuvwxyzABCDEFGH' --agent-id smoke")).toBe(
      'SECRET_IN_TEXT',
    );
  });

  test('runs a submission, publishes it, sees its place in line', async () => {
    await cp(join(cwd, 'c/submissions/faster'), join(cwd, 'mine'), { recursive: true });
    const ran = await client<{ run_prefix: string; summary: { tps: number } }>('run mine --agent-id smoke');
    expect(ran.summary.tps).toBeGreaterThan(0);
    const again = await client<{ run_prefix: string }>('run mine --reuse --agent-id smoke');
    expect(again.run_prefix).toBe(ran.run_prefix);
    const published = await client<{ filename: string; fields: { tps: number } }>(
      "result --method copy --description 'The sample, measured.' --agent-id smoke",
    );
    expect(published.fields.tps).toBe(ran.summary.tps);
    const { items } = await client<{ items: { filename: string }[] }>('results --agent smoke');
    expect(items.map((r) => r.filename)).toEqual([published.filename]);
    expect(await client('queue')).toMatchObject({ mode: 'jobs' });
    expect(await client(`verdict ${published.filename}`)).toMatchObject({ filename: published.filename });
    const board = await client<{ rows: { agent: string }[] }>('leaderboard');
    expect(board.rows.map((r) => r.agent)).toContain('smoke');
  });

  test('a broken submission: the reason, and nothing to publish', async () => {
    await mkdir(join(cwd, 'broken'), { recursive: true });
    await writeFile(join(cwd, 'broken/manifest.json'), '{');
    const code = await refused('run broken --agent-id smoke');
    expect(['RUN_FAILED', 'INVALID_REQUEST', 'SUBMISSION_REFUSED']).toContain(code);
    expect(await refused('run nothing-here --agent-id smoke')).toBe('SUBMISSION_MISSING');
    expect(await refused('result --method x --description y --agent-id other')).toBe('NO_RUN');
  });

  test('shares a folder with everybody', async () => {
    const shared = await client<{ dest: string; files: unknown[] }>('share mine --as notes --agent-id smoke');
    expect(shared.dest).toBe('artifacts/notes_smoke/');
    const resource = await client<{ dest: string }>('share mine --resource --as notes --agent-id smoke');
    expect(resource.dest).toContain('shared_resources/notes_smoke');
  });

  test('shares a trace: counted right, credentials taken out', async () => {
    const secret = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}`;
    const line = (text: string) =>
      JSON.stringify({
        type: 'assistant',
        sessionId: 'sess-1',
        timestamp: '2026-06-01T12:00:00.000Z',
        message: {
          id: 'm1',
          model: 'm',
          usage: { input_tokens: 100, output_tokens: 35 },
          content: [{ type: 'text', text }],
        },
      });
    await writeFile(join(cwd, 'sess-1.jsonl'), [line('a'), line(secret), line('c')].join('\n'));
    const trace = 'share-trace --transcript sess-1.jsonl --harness claude-code --agent-id smoke';
    expect(await refused(`${trace} --full`)).toBe('CONFIRM_NEEDED');
    const shared = await client<{ stats: { usage: { total_tokens: number } }; redactions: number }>(
      `${trace} --full --yes`,
    );
    expect([shared.stats.usage.total_tokens, shared.redactions]).toEqual([135, 1]);
    const traces = await (await fetch(`${api}/v1/traces?expand=true`)).json();
    expect(traces.items[0]).toMatchObject({ agent: 'smoke', session_id: 'sess-1', total_tokens: 135 });
    const store = await shell(`grep -rl ${secret} c/.collab/hub || true`);
    expect(store.out).toBe('');
  });

  test('no output of all this held a token or a key', async () => {
    const tokens = Object.values<string>(
      JSON.parse(await readFile(join(cwd, 'c/.collab/tokens.json'), 'utf8')),
    );
    const said = await shell(
      'node collab.mjs digest --json --agent-id smoke; node collab.mjs nonsense; true',
    );
    for (const token of tokens) expect(said.out + said.err).not.toContain(token);
  });
});

/** `share-trace` with the flags of `share_trace.py`: its uploads go to a Hub in memory. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runClient } from './cli.ts';
import { saveProfile } from './credentials.ts';

const TOKEN = 'hf_thetokennobodymaysee';
const KEY = 'ccak_thekeynobodymaysee';
const SECRET = 'ghp_0123456789abcdefghijABCDEFGHIJ';
const writes: { bucket: string; token: string; files: Record<string, string> }[] = [];

vi.mock('@collab/hub/client.ts', () => ({
  createHubClient: ({ token }: { token: string }) => ({
    async write(bucket: string, { adds }: { adds: { path: string; content: string }[] }) {
      writes.push({ bucket, token, files: Object.fromEntries(adds.map((a) => [a.path, a.content])) });
      return { failed: [] };
    },
  }),
}));

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'share-trace-'));
  writes.length = 0;
  await mkdir(join(home, 'project'));
  for (const id of ['sess-1', 'sess-2']) await writeLog(id);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const folder = () => join(home, '.claude/projects', join(home, 'project').replace(/[^A-Za-z0-9]/g, '-'));

async function writeLog(id: string): Promise<void> {
  await mkdir(folder(), { recursive: true });
  const usage = { input_tokens: 100, output_tokens: 20 };
  const content = [{ type: 'text', text: `with ${SECRET} and ${TOKEN}` }];
  const line = { type: 'assistant', sessionId: id, message: { id: `m-${id}`, model: 'm', usage, content } };
  await writeFile(join(folder(), `${id}.jsonl`), JSON.stringify(line));
}

async function shareTrace(args: string[], env: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const seen: { url: string; bearer: string | null; body: unknown }[] = [];
  const exit = await runClient({
    argv: ['share-trace', ...args, '--json'],
    env: { HF_HOME: home, HF_TOKEN: TOKEN, ...env },
    cwd: join(home, 'project'),
    home,
    stdin: Readable.from([]),
    stdout,
    stderr,
    fetch: async (input, init) => {
      const body = typeof init?.body === 'string' ? JSON.parse(init.body) : null;
      seen.push({ url: String(input), bearer: new Headers(init?.headers).get('authorization'), body });
      return Response.json(init?.method === 'POST' ? {} : { org: 'org', collab: 'slug' });
    },
    now: () => 0,
    sleep: async () => {},
    signal: new AbortController().signal,
  });
  return { exit, seen, answer: JSON.parse(stdout.read().toString()) };
}

const AS = ['--agent-id', 'agent-1', '--yes'];

describe('who never joined from here', () => {
  test('names the server, which tells org and slug; the own token proves the agent', async () => {
    const got = await shareTrace([...AS, '--backend', 'https://collab.example/', '--session-id', 'sess-1']);
    expect(got.exit).toBe(0);
    expect(writes.map(({ bucket, token, files }) => [bucket, token, Object.keys(files)])).toEqual([
      ['org/slug-agent-1', TOKEN, ['traces/sess-1/manifest.md']],
    ]);
    expect(got.seen.map(({ url }) => url)).toEqual([
      'https://collab.example/v1',
      'https://collab.example/v1/traces',
    ]);
    expect(got.seen[1]).toMatchObject({
      bearer: `Bearer ${TOKEN}`,
      body: { source: 'hf://buckets/org/slug-agent-1/traces/sess-1', share: 'stats' },
    });
  });

  test('says everything in the environment', async () => {
    const env = { COLLAB_BACKEND: 'https://collab.example', AGENT_ID: 'agent-1', ORG: 'o', COLLAB_SLUG: 's' };
    const got = await shareTrace(['--yes', '--stats-only', '--harness', 'auto'], env);
    expect([got.exit, writes[0]?.bucket, got.seen.length]).toEqual([0, 'o/s-agent-1', 1]);
  });

  test('may upload alone: no server is asked', async () => {
    const got = await shareTrace([...AS, '--org', 'o', '--slug', 's', '--upload-only']);
    expect([got.exit, got.answer.uploaded, got.seen]).toEqual([
      0,
      expect.stringMatching(/^traces\/sess-/),
      [],
    ]);
    expect(writes).toHaveLength(1);
  });
});

test('a key is kept for the server it is of, and names given never bring it to another', async () => {
  await saveProfile(
    { env: { HF_HOME: home }, home },
    {
      api: 'https://collab.example',
      agent_id: 'agent-1',
      agent_key: KEY,
      agent_bucket: 'org/slug-agent-1',
      hf_user: 'user-1',
      hub: 'https://hub.example',
      joined_at: '',
    },
  );
  const bearers = async (backend: string) =>
    (await shareTrace([...AS, '--backend', backend])).seen.map(({ bearer }) => bearer);
  expect(await bearers('https://collab.example')).toEqual([null, `Bearer ${KEY}`]);
  expect(await bearers('https://else.example')).toEqual([null, `Bearer ${TOKEN}`]);
});

test.each([
  [[], ['<REDACTED:', 0]],
  [['--raw'], [SECRET, 1]],
])('--full %j: what of the log goes out', async (more, [shown, left]) => {
  await shareTrace([
    ...AS,
    '--backend',
    'https://collab.example',
    '--session-id',
    'sess-2',
    '--full',
    ...more,
  ]);
  const log = writes[0]?.files['traces/sess-2/sess-2.jsonl'] ?? '';
  expect(log).toContain(shown);
  expect(log.split(SECRET).length - 1).toBe(left);
  expect(log).not.toContain(TOKEN);
});

test('--transcript with --session-id: the trace is shared under that name', async () => {
  const transcript = ['--transcript', join(folder(), 'sess-1.jsonl'), '--session-id', 'again'];
  const got = await shareTrace([...transcript, '--dry-run']);
  expect(got.answer.manifest).toContain('"session_id": "again"');
});

test.each([
  [['--raw'], 'BAD_FLAG'],
  [['--full', '--stats-only'], 'BAD_FLAG'],
  [['--session-id', 'nobody'], 'TRACE_NOT_FOUND'],
  [['--yes', '--backend', 'https://collab.example'], 'BAD_FLAG'],
  [[...AS, '--org', 'o'], 'BAD_FLAG'],
  [[...AS, '--org', 'o', '--slug', 's'], 'BAD_FLAG'],
  [[...AS, '--backend', 'http://collab.example'], 'BAD_API_URL'],
  [['--yes'], 'NOT_JOINED'],
])('%j is refused', async (args, code) => {
  const got = await shareTrace(args);
  expect([got.exit, got.answer.code]).toEqual([1 + Number(code === 'BAD_FLAG'), code]);
});

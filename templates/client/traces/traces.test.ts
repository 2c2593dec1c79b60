import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chooseLog } from './index.ts';
import { manifestOf } from './manifest.ts';

let home: string;
const cwd = '/data/my project_2.0';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'traces-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function put(path: string, ...lines: unknown[]) {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, lines.map((l) => (typeof l === 'string' ? l : JSON.stringify(l))).join('\n'));
}

async function stats(want: { harness?: string } = {}, env: Record<string, string> = {}) {
  const { adapter, log } = await chooseLog({ env, home, cwd }, want);
  return { harness: adapter.harness, log, ...(await adapter.read(log)) };
}

const usage = {
  input_tokens: 100,
  output_tokens: 20,
  cache_read_input_tokens: 10,
  cache_creation_input_tokens: 5,
};
const claude = (id: string, more: object = {}) => ({
  type: 'assistant',
  sessionId: 'sess-1',
  timestamp: '2026-06-01T12:00:00.000Z',
  message: { id, model: 'm-1', usage, content: [{ type: 'tool_use', id: `${id}-t`, name: 'Bash' }] },
  ...more,
});
const CLAUDE = '.claude/projects/-data-my-project-2-0/sess-1.jsonl';

describe('Claude Code', () => {
  test('T1: one response written as three lines counts once', async () => {
    await put(CLAUDE, claude('msg-1'), 'not json', claude('msg-1'), claude('msg-1'));
    const got = await stats();
    expect(got.usage).toEqual({
      total_tokens: 135,
      input_tokens: 100,
      output_tokens: 20,
      cache_read_tokens: 10,
      cache_creation_tokens: 5,
    });
    expect(got.activity).toEqual({ tool_calls: 1, tool_calls_by_name: { Bash: 1 } });
    expect(got).toMatchObject({ harness: 'claude-code', session_id: 'sess-1', model: 'm-1' });
  });

  test('a streamed response: the largest report stands', async () => {
    const early = claude('msg-1');
    await put(
      CLAUDE,
      { ...early, message: { ...early.message, usage: { ...usage, output_tokens: 1 } } },
      early,
    );
    expect((await stats()).usage?.output_tokens).toBe(20);
  });

  test('T4, T5: sub-agents count, sessions of others do not', async () => {
    await put(CLAUDE, claude('msg-1'));
    await put('.claude/projects/-data-my-project-2-0/sess-1/subagents/agent-a.jsonl', claude('msg-2'));
    await put('.claude/projects/-data-my-project-2-0/agent-b.jsonl', claude('msg-3'));
    await put('.claude/projects/-data-my-project-2-0/agent-c.jsonl', {
      ...claude('msg-4'),
      sessionId: 'other',
    });
    const got = await stats();
    expect(got.usage?.total_tokens).toBe(3 * 135);
    expect(got.extensions.subagent_logs).toBe(2);
  });

  test('two sessions of the directory: the newest, but not certain; the announced one is', async () => {
    await put(CLAUDE, claude('msg-1'));
    await put(CLAUDE.replace('sess-1', 'sess-2'), { ...claude('msg-2'), sessionId: 'sess-2' });
    expect((await stats()).log.certain).toBe(false);
    const got = await stats({}, { CLAUDE_CODE_SESSION_ID: 'sess-1' });
    expect([got.session_id, got.log.certain]).toEqual(['sess-1', true]);
  });
});

test('an error that Claude Code wrote itself is no answer of a model', async () => {
  const error = { id: 'e', model: '<synthetic>', usage: { input_tokens: 0, output_tokens: 0 }, content: [] };
  await put(CLAUDE, claude('msg-1'), { ...claude('e'), message: error });
  expect(await stats()).toMatchObject({ model: 'm-1', extensions: { api_requests: 1 } });
});

test('Codex: the last totals stand, calls count once', async () => {
  const total = (n: number) => ({
    type: 'event_msg',
    timestamp: '2026-06-01T12:00:00Z',
    payload: {
      type: 'token_count',
      info: { total_token_usage: { total_tokens: n, input_tokens: n - 5, output_tokens: 5 } },
    },
  });
  const call = { type: 'response_item', payload: { type: 'local_shell_call', call_id: 'c1' } };
  await put(
    '.codex/sessions/2026/06/01/rollout-x.jsonl',
    { type: 'session_meta', payload: { id: 'codex-1', cwd, model: 'm-2' } },
    total(50),
    call,
    call,
    { type: 'response_item', payload: { type: 'function_call', call_id: 'c2', name: 'docs__find' } },
    ...['c2', 'c3'].map((call_id) => ({
      type: 'event_msg',
      payload: { type: 'mcp_tool_call_end', call_id, invocation: { server: 'docs', tool: 'find' } },
    })),
    total(80),
    { type: 'event_msg', payload: { type: 'task_complete' } },
  );
  await put('.codex/sessions/2026/06/02/rollout-y.jsonl', {
    type: 'session_meta',
    payload: { id: 'codex-2', cwd: '/else' },
  });
  const got = await stats();
  expect(got).toMatchObject({
    harness: 'codex',
    session_id: 'codex-1',
    model: 'm-2',
    extensions: { turns: 1 },
  });
  expect(got.usage).toEqual({ total_tokens: 80, input_tokens: 75, output_tokens: 5 });
  expect(got.activity).toEqual({
    tool_calls: 3,
    tool_calls_by_name: { docs__find: 1, find: 1, shell: 1 },
  });
});

test('T3: Gemini CLI: input holds the cached tokens, output leaves thoughts out', async () => {
  const hash = createHash('sha256').update(cwd).digest('hex');
  await put(`.gemini/tmp/${hash}/chats/session-1.json`, {
    sessionId: 'gem-1',
    startTime: '2026-06-01T12:00:00Z',
    messages: [
      { id: 'u', type: 'user', content: 'hi' },
      {
        id: 'a',
        type: 'gemini',
        model: 'm-3',
        tokens: { input: 100, output: 10, cached: 40, thoughts: 5, tool: 0, total: 115 },
        toolCalls: [{ id: 't1', name: 'read_file' }],
      },
    ],
  });
  const got = await stats();
  expect(got.usage).toMatchObject({
    total_tokens: 115,
    input_tokens: 60,
    output_tokens: 15,
    cache_read_tokens: 40,
  });
  expect(got).toMatchObject({ harness: 'gemini-cli', session_id: 'gem-1', activity: { tool_calls: 1 } });
});

test('T3: Gemini CLI: JSON lines of a project with a name, its sub-agents, updates and rewinds', async () => {
  const chats = '.gemini/tmp/my-project/chats';
  const message = (id: string, tokens: object, more: object = {}) => ({
    ...{ id, type: 'gemini', model: 'm-3', timestamp: '2026-06-01T12:00:01Z', tokens },
    ...more,
  });
  const some = { input: 100, output: 10, cached: 40, thoughts: 5, tool: 7, total: 122 };
  await put('.gemini/tmp/my-project/.project_root', cwd);
  await put('.gemini/tmp/other/.project_root', '/else');
  await put('.gemini/tmp/other/chats/session-2026-06-01T12-00-bbbbbbbb.jsonl', { sessionId: 'other' });
  await put(`${chats}/session-2026-06-01T12-00-aaaaaaaa.json`, { sessionId: 'older', messages: [] });
  await put(
    `${chats}/session-2026-06-01T12-00-aaaaaaaa.jsonl`,
    { sessionId: 'aaaaaaaa-1', projectHash: 'x', startTime: '2026-06-01T12:00:00Z' },
    { id: 'u', type: 'user', content: 'hi' },
    message('a', { ...some, output: 1 }),
    message('a', some, { toolCalls: [{ id: 't1', name: 'read_file' }] }),
    { $rewindTo: 'a' },
    { $set: { lastUpdated: '2026-06-01T12:05:00Z', messages: [message('b', some)] } },
  );
  await put(`${chats}/aaaaaaaa-1/sub.jsonl`, { sessionId: 'sub', kind: 'subagent' }, message('c', some));
  const got = await stats();
  expect(got).toMatchObject({ harness: 'gemini-cli', session_id: 'aaaaaaaa-1', log: { certain: true } });
  expect(got.usage).toEqual({
    total_tokens: 3 * 122,
    input_tokens: 3 * 67,
    output_tokens: 3 * 15,
    cache_read_tokens: 3 * 40,
    reasoning_tokens: 3 * 5,
  });
  expect(got.activity.tool_calls_by_name).toEqual({ read_file: 1 });
  expect(got.extensions).toEqual({ api_requests: 3, subagent_logs: 1 });
  expect([got.started_at, got.ended_at]).toEqual(['2026-06-01T12:00:00.000Z', '2026-06-01T12:05:00.000Z']);
});

test('T3: OpenCode: messages and parts of the session of this directory', async () => {
  const root = '.local/share/opencode/storage';
  await put(`${root}/session/p1/ses_1.json`, { id: 'ses_1', directory: cwd });
  await put(`${root}/session/p1/ses_2.json`, { id: 'ses_2', directory: '/else' });
  await put(`${root}/message/ses_1/msg_1.json`, {
    id: 'msg_1',
    role: 'assistant',
    modelID: 'm-4',
    cost: 0.25,
    time: { created: 1_780_000_000_000 },
    tokens: { input: 10, output: 5, reasoning: 2, cache: { read: 3, write: 1 } },
  });
  await put(`${root}/part/msg_1/prt_1.json`, { type: 'tool', callID: 'c1', tool: 'bash' });
  const got = await stats();
  expect(got).toMatchObject({ harness: 'opencode', session_id: 'ses_1', model: 'm-4', cost_usd: 0.25 });
  expect(got.usage).toMatchObject({ total_tokens: 21, output_tokens: 7, reasoning_tokens: 2 });
  expect(got.activity.tool_calls_by_name).toEqual({ bash: 1 });
});

test('T3: OpenCode with a database: says how a session becomes a file, and reads it', async () => {
  const root = '.local/share/opencode';
  await put(`${root}/storage/session/p1/ses_1.json`, { id: 'ses_1', directory: cwd });
  await put(`${root}/opencode.db`, 'SQLite format 3');
  await expect(stats()).rejects.toMatchObject({
    code: 'TRACE_NOT_FOUND',
    next: [
      { command: 'opencode session list --format json' },
      { command: 'opencode export <id> > session.json' },
      { command: 'node collab.mjs share-trace --harness opencode --transcript session.json' },
      {},
    ],
  });
  const tokens = { input: 10, output: 5, reasoning: 2, cache: { read: 3, write: 1 } };
  const info = { id: 'msg_1', role: 'assistant', modelID: 'm-4', cost: 0.25, tokens };
  const parts = [{ type: 'text' }, { type: 'tool', callID: 'c1', tool: 'bash' }];
  await put('session.json', {
    info: { id: 'ses_9', directory: cwd },
    messages: [
      { info: { id: 'u', role: 'user' }, parts: [] },
      { info, parts },
    ],
  });
  const want = { harness: 'opencode', transcript: join(home, 'session.json') };
  const { adapter, log } = await chooseLog({ env: {}, home, cwd }, want);
  const got = await adapter.read(log);
  expect(got).toMatchObject({ session_id: 'ses_9', model: 'm-4', cost_usd: 0.25 });
  expect(got.usage?.total_tokens).toBe(21);
  expect(got.activity).toEqual({ tool_calls: 1, tool_calls_by_name: { bash: 1 } });
});

test('T3: pi: usage of assistant messages', async () => {
  const message = {
    role: 'assistant',
    model: 'm-5',
    usage: { input: 7, output: 3, cacheRead: 2, cacheWrite: 1, cost: { total: 0.5 } },
    content: [{ type: 'toolCall', id: 't', name: 'edit' }],
  };
  await put(
    '.pi/agent/sessions/--data-my project_2.0--/2026_abc.jsonl',
    { type: 'session', id: 'pi-1', timestamp: '2026-06-01T12:00:00Z', cwd },
    { type: 'message', id: 'm1', timestamp: '2026-06-01T12:00:01Z', message },
  );
  const got = await stats();
  expect(got).toMatchObject({ harness: 'pi', session_id: 'pi-1', cost_usd: 0.5 });
  expect(got.usage?.total_tokens).toBe(13);
});

describe('which log', () => {
  test('none: says where it looked', async () => {
    await expect(stats()).rejects.toMatchObject({ code: 'TRACE_NOT_FOUND' });
  });
  test('T3: two harnesses: refuses to guess, takes the named one', async () => {
    await put(CLAUDE, claude('msg-1'));
    await put('.codex/sessions/rollout-x.jsonl', { type: 'session_meta', payload: { id: 'codex-1', cwd } });
    await expect(stats()).rejects.toMatchObject({ code: 'WHICH_HARNESS' });
    expect((await stats({ harness: 'claude-code' })).harness).toBe('claude-code');
    await expect(stats({ harness: 'cursor' })).rejects.toMatchObject({ code: 'UNKNOWN_HARNESS' });
  });
});

describe('manifest', () => {
  const some = {
    session_id: 's-1',
    usage: { total_tokens: 1 },
    activity: { tool_calls: 0, tool_calls_by_name: {} },
    extensions: {},
  };
  test('is frontmatter in JSON', () => {
    const text = manifestOf(some, { harness: 'codex', resultRef: 'r.md' });
    const head = JSON.parse(text.slice(4, -4));
    expect(head).toMatchObject({
      schema_version: 1,
      harness: 'codex',
      session_id: 's-1',
      result_ref: 'r.md',
    });
  });
  test.each(['../x', 'a/b', '', '.hidden'])('T5: refuses the session id %j', (session_id) => {
    expect(() => manifestOf({ ...some, session_id }, { harness: 'codex' })).toThrow(/folder name/);
  });
  test('a log without tokens is an error where the format has them', () => {
    const { usage: _u, ...none } = some;
    expect(() => manifestOf(none, { harness: 'claude-code' })).toThrow(/no tokens/);
    expect(manifestOf(none, { harness: 'pi' })).toContain('"harness": "pi"');
  });
});

/** Shared sessions and their statistics under compat. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CENTRAL, type TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, source, uri, written } from './scene.ts';

const manifest = (session: string, more = '') =>
  `---\nschema_version: 1\nharness: codex\nsession_id: ${session}\nmodel: m\nstarted_at: '2026-06-01T08:00:00Z'\nnative_log_file: log.jsonl\nusage:\n  total_tokens: 100\n  input_tokens: 60\nactivity:\n  tool_calls: 3\n${more}---\n\nwhat happened\n`;

let s: TestServer;
beforeAll(async () => {
  s = await compatServer();
  for (const session of ['s1', 's2']) {
    source(s, `traces/${session}/manifest.md`, manifest(session));
    source(s, `traces/${session}/log.jsonl`, '{}\n');
  }
});
afterAll(() => s.close());

const post = (path: string, share?: string) =>
  s.call('POST', '/v1/traces', { body: { source: uri(path), share } });

describe('POST /v1/traces', () => {
  it.each([
    ['other/s1', 400, 'INVALID_PATH'],
    ['traces', 400, 'INVALID_PATH'],
    ['traces/s1/deeper', 400, 'INVALID_PATH'],
    ['traces/none', 400, 'INVALID_PATH'],
  ])('%s is %i %s', async (path, status, code) => {
    expectRefusal(await post(path), status, code);
  });
  it('a bucket of nobody', async () => {
    const body = { source: uri('traces/s1', 'agent-7') };
    expectRefusal(await s.call('POST', '/v1/traces', { body }), 404, 'NOT_REGISTERED');
  });
  it('another kind of sharing is 422', async () => {
    expectRefusal(await post('traces/s1', 'some'), 422, 'INVALID_REQUEST');
  });
  it.each([
    ['no version', manifest('bad').replace('schema_version: 1', 'schema_version: ""'), 'INVALID_FRONTMATTER'],
    ['tokens as text', manifest('bad').replace('100', 'many'), 'INVALID_FRONTMATTER'],
    ['tokens that are true', manifest('bad').replace('100', 'true'), 'INVALID_FRONTMATTER'],
    [
      'a negative cost',
      manifest('bad', 'cost_usd: -1\n').replace('usage:', 'usage:\n  cost_usd: -1'),
      'INVALID_FRONTMATTER',
    ],
    ['calls in halves', manifest('bad').replace('tool_calls: 3', 'tool_calls: 0.5'), 'INVALID_FRONTMATTER'],
    ['another session', manifest('good'), 'INVALID_PATH'],
  ])('%s', async (_name, text, code) => {
    source(s, 'traces/bad/manifest.md', text);
    expectRefusal(await post('traces/bad'), 400, code);
  });
  it('statistics alone by default; the record as the reference writes it', async () => {
    const answer = await post('traces/s1');
    expect([answer.status, answer.text]).toEqual([
      201,
      '{"session_id":"s1","agent":"agent-1","share":"stats","path":"traces/agent-1/s1/","files_copied":0,"bytes_copied":0,"completeness":"full"}',
    ]);
    expect(written(s, 'traces/agent-1/s1/manifest.md')).toBe(
      manifest('s1').replace(
        '---\n\nwhat',
        'agent: agent-1\npromoted_at: 2026-06-01 12:00 UTC\nvia: bucket\nshare: stats\ncompleteness: full\n---\n\nwhat',
      ),
    );
  });
  it('in full: the log alone beside it, over the record before', async () => {
    const { json } = await post('traces/s1', 'full');
    expect(json).toMatchObject({ share: 'full', files_copied: 1, completeness: 'full' });
    expect(s.hub.textOf(CENTRAL, 'traces/agent-1/s1/log.jsonl')).toBe('{}\n');
  });
});

describe('reads', () => {
  it('list, one, statistics', async () => {
    await s.clock.advance(60_000);
    await post('traces/s2');
    const list = (await s.call('GET', '/v1/traces')).json;
    expect(Object.keys(list)).toEqual(['count', 'matched', 'items', 'next']);
    expect(list).toMatchObject({ count: 2, matched: 2, items: ['agent-1/s2', 'agent-1/s1'], next: null });
    const [item] = (await s.call('GET', '/v1/traces?expand=1&share=full')).json.items;
    expect(Object.keys(item)).toEqual([
      'agent',
      'session_id',
      'harness',
      'model',
      'share',
      'completeness',
      'promoted_at',
      'started_at',
      'total_tokens',
      'tool_calls',
      'result_ref',
      'summary_excerpt',
      'path',
      'primary_log_file',
    ]);
    expect(item).toMatchObject({ session_id: 's1', result_ref: null, primary_log_file: 'log.jsonl' });
    const one = (await s.call('GET', '/v1/traces/agent-1/s1')).json;
    expect(Object.keys(one)).toEqual(['agent', 'session_id', 'frontmatter', 'body', 'path', 'log_files']);
    const stats = (await s.call('GET', '/v1/stats')).json;
    expect(Object.keys(stats)).toEqual([
      'tokens',
      'cost_usd',
      'sessions_counted',
      'sessions_missing_tokens',
      'agents_reporting',
      'by_model',
      'by_agent',
      'by_day',
      'generated_at',
    ]);
    expect(stats).toMatchObject({ tokens: { total: 200, input: 120 }, by_day: { '2026-06-01': 200 } });
  });
  it('cursors lead from page to page', async () => {
    const first = (await s.call('GET', '/v1/traces?limit=1')).json;
    const before = encodeURIComponent(first.next);
    const second = (await s.call('GET', `/v1/traces?limit=1&before=${before}`)).json;
    expect([first.items, second.items, second.next]).toEqual([['agent-1/s2'], ['agent-1/s1'], null]);
  });
  it.each(['/v1/traces/agent-1/none', '/v1/traces/agent-7/s1'])('%s is 404', async (path) => {
    expectRefusal(await s.call('GET', path), 404, 'NOT_FOUND');
  });
});

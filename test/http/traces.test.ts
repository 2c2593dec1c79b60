import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, ORG, startTestServer, type TestServer } from '../helpers/server.ts';

const SCRATCH = `${ORG}/test-bob`;
let server: TestServer;
let key: string;
afterEach(() => server?.close());

const MANIFEST = {
  schema_version: 1,
  harness: 'claude-code',
  session_id: 's1',
  model: 'm1',
  started_at: '2026-06-01T08:00:00Z',
  native_log_file: 'log.jsonl',
  usage: { total_tokens: 100, input_tokens: 60, output_tokens: 40, cost_usd: 0.5 },
  activity: { tool_calls: 3 },
};

async function scene() {
  server = await startTestServer();
  key = await server.join('bob');
}
function manifest(session: string, over: Record<string, unknown> = {}, body = 'what happened') {
  const head = JSON.stringify({ ...MANIFEST, session_id: session, ...over });
  server.hub.seed(SCRATCH, {
    [`traces/${session}/manifest.md`]: `---\n${head}\n---\n${body}\n`,
    [`traces/${session}/log.jsonl`]: '{}\n',
  });
}
const post = (session: string, share = 'stats', as: string | undefined = key, tail = '') =>
  server.call('POST', '/v1/traces', {
    as,
    body: { source: `hf://buckets/${SCRATCH}/traces/${session}${tail}`, share },
  });
const central = () =>
  [...(server.hub.buckets.get(CENTRAL)?.files.keys() ?? [])].filter((path) => path.startsWith('traces/'));
const get = async (path: string) => (await server.call('GET', path)).json;

describe('traces', () => {
  it('shares statistics alone, or the log as well', async () => {
    await scene();
    manifest('s1');
    const stats = await post('s1');
    expect(stats.status).toBe(201);
    expect(stats.json).toMatchObject({
      session_id: 's1',
      agent: 'bob',
      share: 'stats',
      path: 'traces/bob/s1/',
      files_copied: 0,
      completeness: 'full',
    });
    expect(central()).toEqual(['traces/bob/s1/manifest.md']);
    expect((await post('s1', 'full')).json).toMatchObject({ files_copied: 1, share: 'full' });
    const trace = await get('/v1/traces/bob/s1');
    expect(trace).toMatchObject({
      agent: 'bob',
      session_id: 's1',
      log_files: ['log.jsonl'],
      body: 'what happened',
    });
    expect(trace.frontmatter).toMatchObject({
      promoted_at: '2026-06-01 12:00 UTC',
      via: 'bucket',
      share: 'full',
    });
  });

  it('S33: what was shared can be taken back, by its owner alone', async () => {
    await scene();
    manifest('s1');
    await post('s1', 'full');
    expect((await post('s1', 'stats', 'hf_usertwousertwousertwo')).status).toBe(403);
    expect((await post('s1', 'stats', '')).status).toBe(401);
    expect(central()).toContain('traces/bob/s1/log.jsonl');
    expect((await post('s1', 'stats')).status).toBe(201);
    expect(central()).toEqual(['traces/bob/s1/manifest.md']);
    expect((await get('/v1/traces/bob/s1')).log_files).toEqual([]);
  });

  it('C13: the documented form with a trailing slash works', async () => {
    await scene();
    manifest('s1');
    expect((await post('s1', 'stats', key, '/')).status).toBe(201);
  });

  const refused: [string, Record<string, unknown>, string, string][] = [
    ['no harness', { harness: undefined }, 'stats', 'INVALID_FRONTMATTER'],
    ['an empty harness', { harness: '' }, 'stats', 'INVALID_FRONTMATTER'],
    ['negative tokens', { usage: { total_tokens: -1 } }, 'stats', 'INVALID_FRONTMATTER'],
    ['tokens that are no integer', { usage: { total_tokens: 1.5 } }, 'stats', 'INVALID_FRONTMATTER'],
    ['C25: tokens beyond belief', { usage: { total_tokens: 1e26 } }, 'stats', 'INVALID_FRONTMATTER'],
    ['a start that is no time', { started_at: 'yesterday' }, 'stats', 'INVALID_FRONTMATTER'],
    ['another session', { session_id: 'other' }, 'stats', 'INVALID_PATH'],
    ['full without a log name', { native_log_file: undefined }, 'full', 'INVALID_FRONTMATTER'],
    ['a log elsewhere', { native_log_file: '../x' }, 'full', 'INVALID_PATH'],
    ['the manifest as the log', { native_log_file: 'manifest.md' }, 'full', 'INVALID_PATH'],
    ['a log that is not there', { native_log_file: 'none.jsonl' }, 'full', 'INVALID_PATH'],
  ];
  it.each(refused)('refuses %s', async (_name, over, share, code) => {
    await scene();
    manifest('s1', over);
    expect((await post('s1', share)).json.error.code).toBe(code);
    expect(central()).toEqual([]);
  });

  it('takes traces from traces/{session} alone', async () => {
    await scene();
    manifest('s1');
    server.hub.seed(SCRATCH, { 'other/s1/manifest.md': 'x' });
    for (const path of ['other/s1', 'traces', 'traces/s1/deep', 'traces/none']) {
      const body = { source: `hf://buckets/${SCRATCH}/${path}` };
      expect((await server.call('POST', '/v1/traces', { as: key, body })).json.error.code).toBe(
        'INVALID_PATH',
      );
    }
  });

  it('C21: a poller sees every trace, also those of one minute', async () => {
    await scene();
    const seen: string[] = [];
    let cursor = '';
    const poll = async () => {
      const page = await get(
        `/v1/traces?limit=1&order=asc${cursor && `&after=${encodeURIComponent(cursor)}`}`,
      );
      seen.push(...page.items);
      cursor = page.cursor ?? cursor;
    };
    for (const session of ['zz', 'aa', 'mm']) {
      manifest(session);
      await post(session);
      await poll();
    }
    expect(seen).toEqual(['bob/zz', 'bob/aa', 'bob/mm']);
  });

  it('lists with filters and excerpts', async () => {
    await scene();
    manifest('s1', {}, 'x'.repeat(400));
    manifest('s2', { model: 'm2', result_ref: 'r.md', usage: {} });
    await post('s1', 'full');
    await post('s2');
    expect((await get('/v1/traces')).items).toEqual(['bob/s2', 'bob/s1']);
    expect((await get('/v1/traces?model=m2')).items).toEqual(['bob/s2']);
    expect((await get('/v1/traces?share=full&agent=bob')).items).toEqual(['bob/s1']);
    expect((await get('/v1/traces?q=result_ref')).items).toEqual(['bob/s2']);
    const [second, first] = (await get('/v1/traces?expand=true')).items;
    expect(first).toMatchObject({
      total_tokens: 100,
      tool_calls: 3,
      primary_log_file: 'log.jsonl',
      harness: 'claude-code',
    });
    expect(first.summary_excerpt).toHaveLength(281);
    expect(second).toMatchObject({
      total_tokens: null,
      result_ref: 'r.md',
      completeness: 'partial',
      primary_log_file: null,
    });
  });
});

describe('stats', () => {
  it('adds up, and says what was not counted', async () => {
    await scene();
    expect((await get('/v1/digest')).stats).toBeNull();
    manifest('s1');
    manifest('s2', { model: undefined, usage: { total_tokens: 11 } });
    manifest('s3', { usage: {} });
    for (const session of ['s1', 's2', 's3']) await post(session);
    expect(await get('/v1/stats')).toMatchObject({
      tokens: { total: 111, input: 60, output: 40, cache_read: 0, cache_creation: 0, reasoning: 0 },
      cost_usd: 0.5,
      sessions_counted: 2,
      sessions_missing_tokens: 1,
      agents_reporting: 1,
      by_model: { m1: 100, unknown: 11 },
      by_agent: { bob: 111 },
      by_day: { '2026-06-01': 111 },
    });
    expect((await get('/v1/digest')).stats).toEqual({
      total_tokens: 111,
      sessions_counted: 2,
      agents_reporting: 1,
    });
  });
  it('C25: a date that cannot be is not believed', async () => {
    await scene();
    manifest('s1', { started_at: '2999-01-01T00:00:00Z' });
    manifest('s2', { started_at: '1999-01-01T00:00:00Z' });
    for (const session of ['s1', 's2']) await post(session);
    expect((await get('/v1/stats')).by_day).toEqual({ '2026-06-01': 200 });
  });
});

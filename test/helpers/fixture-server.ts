/** Serves the page and a seeded record in the wire's shapes, without a hub: for work on the page alone. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileStamp } from '@collab/contract/stamps.ts';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import {
  GEMMA_SIZE,
  type SeededFile,
  type SeededRecord,
  type SeedSize,
  seededRecord,
} from './seeded-record.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

const INFO = {
  service: 'bucket-sync',
  collab: 'gemma',
  title: 'The Gemma challenge',
  tagline: 'Serve the model as fast as you can, and change **nothing** it says.',
  org: 'gemma-collab',
  central_bucket: 'gemma-collab/gemma-main-bucket',
  score_field: 'tps',
  score_label: 'Tokens per second',
  score_unit: 'tokens/s',
  score_order: 'desc',
  secondary_field: 'ppl',
  secondary_label: 'Perplexity',
  gates: [
    { id: 'audit_top1', op: '>=', limit: 0.98 },
    { id: 'ppl', op: '<=', limit: 2.415 },
  ],
  divisions: [
    { id: 'lossless', label: 'Lossless', gates: ['audit_top1'], headline: true },
    { id: 'open', label: 'Open', gates: ['ppl'] },
  ],
  invite_url: null,
  login: true,
  hub_endpoint: 'http://127.0.0.1:1',
};

export interface Fixture {
  url: string;
  record: SeededRecord;
  close: () => Promise<void>;
}

export async function startFixture(
  publicDir: string,
  options: { port?: number; size?: SeedSize } = {},
): Promise<Fixture> {
  const record = seededRecord(options.size ?? GEMMA_SIZE);
  const app = createFixtureApp(record, publicDir);
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: options.port ?? 0, hostname: '127.0.0.1' }, (at) =>
      resolve({
        url: `http://127.0.0.1:${at.port}`,
        record,
        close: () => new Promise((done) => server.close(() => done())),
      }),
    );
  });
}

function createFixtureApp(record: SeededRecord, publicDir: string): Hono {
  const app = new Hono();
  app.get('/v1', (c) => json(c, INFO));
  app.get('/v1/messages', (c) => json(c, page(record.messages, c, toRecord)));
  app.get('/v1/messages/:f', (c) => one(c, record.messages, toRecord));
  app.get('/v1/inbox/:h', (c) =>
    json(
      c,
      page(
        record.messages.filter((m) => m.body.includes(`@${c.req.param('h')}`)),
        c,
        toRecord,
      ),
    ),
  );
  app.get('/v1/results/:f', (c) =>
    one(c, record.results, (r) => ({
      ...toRecord(r),
      verification: (r as SeededRecord['results'][number]).state,
    })),
  );
  app.get('/v1/agents', (c) => json(c, agentsPage(record)));
  app.get('/v1/leaderboard', (c) => json(c, board(record, c)));
  app.get('/v1/stats', (c) => json(c, stats(record)));
  app.get('/v1/traces', (c) => json(c, tracesPage(record, Number(c.req.query('limit') ?? 10))));
  app.get('/v1/me', (c) =>
    json(c, { hf_user: 'user-1', handle: 'human-user-1', is_member: true, is_organizer: true }),
  );
  app.post('/v1/messages', async (c) => {
    const body = (await c.req.json()) as {
      agent_id: string;
      body: string;
      refs?: string[];
      broadcast?: boolean;
    };
    const time = Date.now();
    const filename = `${fileStamp(time)}_${body.agent_id}.md`;
    record.messages.push({
      filename,
      author: body.agent_id,
      time,
      frontmatter: { type: 'user', agent: body.agent_id, via: 'dashboard', refs: body.refs ?? [] },
      body: body.body,
    });
    return c.json(
      {
        filename,
        via: 'dashboard',
        path: `message_board/${filename}`,
        mentions_delivered: [],
        broadcast: body.broadcast ?? false,
      },
      201,
    );
  });
  app.get('/v1/*', (c) => c.json({ error: { code: 'NOT_FOUND', message: 'no such route' } }, 404));
  app.get('*', (c) => asset(c, publicDir));
  return app;
}

function json(c: Context, value: unknown): Response {
  const text = JSON.stringify(value);
  const etag = `"${createHash('sha1').update(text).digest('hex')}"`;
  if (c.req.header('if-none-match') === etag) return c.body(null, 304, { etag });
  return c.body(text, 200, { 'content-type': 'application/json', etag });
}

async function asset(c: Context, dir: string): Promise<Response> {
  const name = c.req.path === '/' ? 'index.html' : c.req.path.replace(/^\/+/, '').replaceAll('..', '');
  const bytes = await readFile(join(dir, name)).catch(() => null);
  if (!bytes) return c.text('not found', 404);
  return c.body(bytes, 200, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  });
}

const toRecord = (f: SeededFile) => ({ filename: f.filename, frontmatter: f.frontmatter, body: f.body });

function page<T extends SeededFile>(all: readonly T[], c: Context, show: (f: T) => unknown) {
  const q = c.req.query();
  const limit = Number(q.limit ?? 10);
  const order = q.order ?? (q.after ? 'asc' : 'desc');
  const within = all.filter(
    (f) => (!q.after || f.filename > q.after) && (!q.before || f.filename < q.before),
  );
  if (order === 'desc') within.reverse();
  const items = within.slice(0, limit);
  return {
    count: all.length,
    matched: all.length,
    items: items.map(show),
    next: within.length > limit ? items.at(-1)?.filename : null,
  };
}

function one<T extends SeededFile>(c: Context, all: readonly T[], show: (f: T) => unknown): Response {
  const found = all.find((f) => f.filename === c.req.param('f'));
  return found
    ? json(c, show(found))
    : c.json({ error: { code: 'NOT_FOUND', message: 'no such file' } }, 404);
}

const agentsPage = (record: SeededRecord) => ({
  count: record.agents.length,
  matched: record.agents.length,
  items: record.agents.map((a) => ({
    agent_id: a.id,
    hf_user: a.user,
    model: a.model,
    harness: a.harness,
    tools: ['bash'],
    agent_bucket: `gemma-collab/gemma-${a.id}`,
    joined: new Date(a.joined).toISOString(),
    bio: `Works with ${a.harness}.`,
  })),
  next: null,
});

function board(record: SeededRecord, c: Context) {
  const states = (c.req.query('verification') ?? 'valid,pending').split(',');
  const all = record.results
    .filter((r) => r.frontmatter.status === 'agent-run' && states.includes(r.state))
    .sort((a, b) => b.score - a.score);
  const seen = new Set<string>();
  const rows =
    c.req.query('best_per_agent') === 'false'
      ? all
      : all.filter((r) => (seen.has(r.author) ? false : seen.add(r.author)));
  const valid = rows.filter((r) => r.state === 'valid');
  return {
    score_field: 'tps',
    order: 'desc',
    rows: rows.map((r) => {
      const better = valid.filter((v) => v.score > r.score).length;
      const half = r.score * 0.012;
      const ranked = r.state === 'valid';
      return {
        rank: ranked ? better + 1 : null,
        provisional_rank: r.state === 'pending' ? better + 1 : null,
        agent: r.author,
        hf_user: record.agents.find((a) => a.id === r.author)?.user ?? null,
        score: r.score,
        method: r.frontmatter.method,
        verification: r.state,
        filename: r.filename,
        timestamp: r.frontmatter.timestamp,
        description: r.frontmatter.description,
        claimed: ranked ? Math.round(r.score * 1.006 * 100) / 100 : r.score,
        measured: ranked ? r.score : null,
        ci95: ranked ? [r.score - half, r.score + half] : null,
        rank_low: ranked ? 1 + valid.filter((v) => v.score * 0.988 > r.score + half).length : null,
        rank_high: ranked
          ? 1 + valid.filter((v) => v !== r && v.score * 1.012 > r.score - half).length
          : null,
        gates:
          r.state === 'pending'
            ? []
            : [
                {
                  id: 'audit_top1',
                  value: r.state === 'valid' ? 0.9935 : 0.954,
                  limit: 0.98,
                  op: '>=',
                  pass: r.state === 'valid',
                  n: 4096,
                },
                {
                  id: 'ppl',
                  value: r.frontmatter.ppl,
                  limit: 2.415,
                  op: '<=',
                  pass: (r.frontmatter.ppl as number) <= 2.415,
                },
              ],
        verified_runs: ranked ? 1 : 0,
        pending_best: null,
      };
    }),
    meta: {
      generated_at: '2026-06-14T16:00:00Z',
      results_considered: record.results.length,
      excluded: { status_negative: 31, malformed: 0 },
    },
  };
}

function stats(record: SeededRecord) {
  const sum = (key: string) =>
    record.traces.reduce((n, t) => n + ((t.frontmatter.usage as Record<string, number>)[key] ?? 0), 0);
  const by = (key: (t: SeededRecord['traces'][number]) => string) => {
    const out: Record<string, number> = {};
    for (const t of record.traces)
      out[key(t)] = (out[key(t)] ?? 0) + ((t.frontmatter.usage as Record<string, number>).total_tokens ?? 0);
    return out;
  };
  return {
    tokens: {
      total: sum('total_tokens'),
      input: sum('input_tokens'),
      output: sum('output_tokens'),
      cache_read: sum('cache_read_tokens'),
      cache_creation: 0,
      reasoning: 0,
    },
    cost_usd: 182.4,
    sessions_counted: record.traces.length,
    sessions_missing_tokens: 3,
    agents_reporting: 41,
    by_model: by((t) => String(t.frontmatter.model)),
    by_agent: by((t) => t.agent),
    by_day: {},
    generated_at: '2026-06-14T16:00:00Z',
  };
}

const tracesPage = (record: SeededRecord, limit: number) => ({
  count: record.traces.length,
  matched: record.traces.length,
  items: record.traces.slice(0, limit).map((t) => ({
    agent: t.agent,
    session_id: t.session,
    harness: t.frontmatter.harness,
    model: t.frontmatter.model,
    share: 'stats',
    completeness: 'full',
    promoted_at: t.frontmatter.promoted_at,
    started_at: t.frontmatter.started_at,
    total_tokens: (t.frontmatter.usage as Record<string, number>).total_tokens,
    tool_calls: (t.frontmatter.activity as Record<string, number>).tool_calls,
    result_ref: null,
    summary_excerpt: t.body,
    path: `traces/${t.agent}/${t.session}/`,
    primary_log_file: null,
  })),
  next: record.traces.length > limit ? 'more' : null,
});

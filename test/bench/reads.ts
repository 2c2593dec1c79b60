/**
 * Reads, writes and cold start at 1k, 10k and 100k messages on a hub in memory with simulated latency.
 * Run: node scripts/run.mjs test/bench/reads.ts (SIZES and HUB_LATENCY_MS are environment variables).
 */
import { performance } from 'node:perf_hooks';
import { fileStamp } from '@collab/contract/stamps.ts';
import { createApp } from '../../templates/backend/app.ts';
import { silent } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { memoryHub } from '../helpers/memory-hub.ts';
import { CENTRAL, ORG, PRIVATE, SERVER_TOKEN, SLUG, USERS } from '../helpers/server.ts';

/** One Hub call, in ms. */
const LATENCY = Number(process.env.HUB_LATENCY_MS ?? 20);
const SIZES = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number);
const AGENTS = 100;

const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const agentOf = (i: number) => `agent-${i % AGENTS}`;

function seededHub(messages: number) {
  const hub = memoryHub({ now: Date.now, serverToken: SERVER_TOKEN, users: USERS });
  const start = Date.now() - messages * 30_000;
  const central: Record<string, string> = {};
  for (let i = 0; i < AGENTS; i++)
    central[`agents/${agentOf(i)}.md`] = `---\nagent_name: ${agentOf(i)}\nhf_user: user-one\n---\n`;
  for (let i = 0; i < messages; i++) {
    const name = `${fileStamp(start + i * 30_000)}_${agentOf(i)}.md`;
    const text = `---\ntype: agent\nagent: ${agentOf(i)}\nvia: raw\n---\n\n${'A finding about kernels. '.repeat(16)} @${agentOf(i + 1)}\n`;
    central[`message_board/${name}`] = text;
    central[`inbox/${agentOf(i + 1)}/${name}`] = text;
    if (i % 3 === 0)
      central[`results/${name}`] =
        `---\nscore: ${100 + (i % 50)}\nmethod: m\nstatus: agent-run\ndescription: d\nagent: ${agentOf(i)}\n---\n\nx\n`;
  }
  hub.seed(CENTRAL, central);
  hub.seed(PRIVATE, {});
  return hub;
}

function boot(hub: ReturnType<typeof memoryHub>) {
  const settings = parseSettings({
    HF_TOKEN: SERVER_TOKEN,
    ORG,
    COLLAB_SLUG: SLUG,
    AUDIT_BUCKET: PRIVATE,
    WRITE_AUTH: 'open',
    RAW_MESSAGE_PER_MINUTE: '1000000',
    RAW_MESSAGE_PER_HOUR: '1000000',
  });
  return createApp({
    settings,
    hub,
    now: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    log: silent,
    sleep: (ms, signal) =>
      new Promise((done) => {
        const timer = setTimeout(done, ms);
        signal?.addEventListener(
          'abort',
          () => {
            clearTimeout(timer);
            done();
          },
          { once: true },
        );
      }),
  });
}

const quantile = (sorted: number[], q: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

async function measure(run: (i: number) => Promise<unknown>, times: number) {
  for (let i = 0; i < 50; i++) await run(i);
  const took: number[] = [];
  const from = performance.now();
  for (let i = 0; i < times; i++) {
    const t = performance.now();
    await run(i);
    took.push(performance.now() - t);
  }
  const total = performance.now() - from;
  took.sort((a, b) => a - b);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99), perSecond: (times * 1000) / total };
}

const rows: string[][] = [];
for (const size of SIZES) {
  const hub = seededHub(size);
  const first = boot(hub);
  let t = performance.now();
  // A first start at this size reads every file once: only the smaller ones wait for it with latency.
  if (size <= 10_000) hub.fault = () => wait(LATENCY);
  void first.run();
  await first.services.store.ready();
  const full = performance.now() - t;
  hub.fault = () => wait(LATENCY);
  const names = first.services.store
    .folder('message_board')
    .entries()
    .map((e) => e.name);
  const calls = () => Object.entries(hub.calls).reduce((n, [, v]) => n + v, 0);
  const get = async (path: string) => {
    const answer = await first.app.request(path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    return answer.text();
  };
  const middle = names[Math.floor(names.length / 2)] as string;
  await get('/v1/messages?expand=true');
  await get(`/v1/messages?expand=true&after=${middle}`);
  const before = calls();
  const reads = {
    newest: await measure(() => get('/v1/messages?expand=true'), 1500),
    cursor: await measure(() => get(`/v1/messages?expand=true&after=${middle}`), 1500),
    agent: await measure((i) => get(`/v1/messages?agent=${agentOf(i)}`), 1500),
    inbox: await measure((i) => get(`/v1/inbox/${agentOf(i)}`), 1500),
    poll: await measure(() => get(`/v1/messages?after=${names.at(-1)}`), 1500),
  };
  const readCalls = calls() - before;
  t = performance.now();
  const posts = 200;
  await Promise.all(
    Array.from({ length: posts }, (_, i) =>
      first.app.request('/v1/messages', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ agent_id: agentOf(i), body: `note ${i} @${agentOf(i + 1)}` }),
      }),
    ),
  );
  const write = posts / ((performance.now() - t) / 1000);
  const groups = first.services.store.health.groups;
  await first.stop();
  globalThis.gc?.();
  const heap = process.memoryUsage().rss / 1024 / 1024;
  const second = boot(hub);
  const callsBefore = calls();
  t = performance.now();
  void second.run();
  await second.services.store.ready();
  await second.app.request('/v1/messages?expand=true');
  const warm = performance.now() - t;
  const startCalls = calls() - callsBefore;
  const same = second.services.store.folder('message_board').count === names.length + posts;
  await second.stop();
  const f = (n: number) => n.toFixed(n < 10 ? 2 : 0);
  const cell = (r: { p50: number; p99: number; perSecond: number }) =>
    `${f(r.p50)} / ${f(r.p99)} ms, ${f(r.perSecond)}/s`;
  rows.push([
    String(size),
    cell(reads.newest),
    cell(reads.cursor),
    cell(reads.agent),
    cell(reads.inbox),
    cell(reads.poll),
    String(readCalls),
    `${f(write)}/s in ${groups} batches`,
    size <= 10_000 ? `${f(full)} ms` : `${f(full)} ms at no latency`,
    `${f(warm)} ms, ${startCalls} calls${same ? '' : ' WRONG COUNT'}`,
    `${f(heap)} MiB`,
  ]);
  process.stderr.write(`${size} done\n`);
}
const head = [
  'messages',
  'newest page',
  'page from the middle',
  'by agent',
  'inbox',
  'empty poll',
  'hub calls of reads',
  'writes',
  'start without snapshot',
  'start from snapshot',
  'RSS',
];
process.stdout.write(
  `hub latency ${LATENCY} ms; p50 / p99, requests per second one at a time in process\n\n`,
);
for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);

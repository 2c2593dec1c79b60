/**
 * What grows with the record: time per read, first answers after a start, memory, Hub calls. The server is alone in its
 * process; the Hub is the parent, each of its calls takes HUB_LATENCY_MS. Exits 1 when a target is missed; writes the page
 * of figures and its plot with WRITE=1; PRIORITY (-20 to 19) holds while it measures, on a machine that has other work.
 * Run: node scripts/run.mjs test/bench/growth.ts (SIZES).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MemoryHub } from '../helpers/memory-hub.ts';
import { appOver } from './app.ts';
import { answerFrom, remoteHub } from './hub-channel.ts';
import { growthPlot } from './plot.ts';
import { AGENTS, agentOf, seededHub } from './record.ts';
import { machine, median, quantile, setUrgency, short, table, writeBlock } from './report.ts';

const LATENCY = Number(process.env.HUB_LATENCY_MS ?? 20);
const SIZES = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number);
const ROUNDS = 5;
const REQUESTS = 300;
const POSTS = 200;
/** Reads whose cost must not depend on the record: largest over smallest size. */
const CURSOR_READS = ['empty poll', 'page after a cursor', 'inbox after a cursor'];
const CURSOR_RATIO = 1.5;
const COLD_MS = 3_000;
const MEMORY_MIB = 512;

export interface Read {
  name: string;
  /** CPU per request, µs: median of the rounds. */
  cpuUs: number;
  /** Wall time, µs: of the quietest round. */
  p50Us: number;
  p99Us: number;
}

export interface Growth {
  messages: number;
  results: number;
  reads: Read[];
  /** First correct page after a start from the snapshot: wall and CPU, ms. */
  coldMs: number;
  coldCpuMs: number;
  coldCalls: number;
  /** Largest resident set until the first page, and after all reads, MiB. */
  coldPeakMiB: number;
  peakMiB: number;
  readCalls: number;
  writes: { batches: number; perSecond: number };
  count: number;
  first: string;
}

async function measure(name: string, run: (i: number) => Promise<unknown>): Promise<Read> {
  for (let i = 0; i < 100; i++) await run(i);
  const rounds: { cpu: number; took: number[] }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const took: number[] = [];
    const before = process.cpuUsage();
    for (let i = 0; i < REQUESTS; i++) {
      const from = performance.now();
      await run(i);
      took.push((performance.now() - from) * 1000);
    }
    const { user, system } = process.cpuUsage(before);
    rounds.push({ cpu: (user + system) / REQUESTS, took: took.sort((a, b) => a - b) });
  }
  const quietest = rounds.map((r) => r.took).sort((a, b) => quantile(a, 0.5) - quantile(b, 0.5))[0] ?? [];
  return {
    name,
    cpuUs: median(rounds.map((r) => r.cpu)),
    p50Us: quantile(quietest, 0.5),
    p99Us: quantile(quietest, 0.99),
  };
}

/** The child: starts, answers, writes, and tells what it took. */
async function serve(): Promise<void> {
  const from = performance.now();
  const server = appOver(remoteHub());
  void server.run();
  await server.services.store.ready();
  // Never the same address twice: no answer is a kept one.
  let asked = 0;
  const get = async (path: string) => {
    const answer = await server.app.request(`${path}${path.includes('?') ? '&' : '?'}n=${asked++}`);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
    return answer.text();
  };
  const page = JSON.parse(await get('/v1/messages?expand=true&limit=5'));
  const coldMs = performance.now() - from;
  const { user, system } = process.cpuUsage();
  const coldPeakMiB = process.resourceUsage().maxRSS / 1024;
  process.send?.('cold');
  const names = server.services.store.folder('message_board').entries();
  const cursor = names[Math.floor(names.length / 2)]?.name;
  const newest = names.at(-1)?.name;
  const routes: [string, (i: number) => string][] = [
    ['newest page', () => '/v1/messages?expand=true'],
    ['page after a cursor', () => `/v1/messages?expand=true&after=${cursor}`],
    ['empty poll', () => `/v1/messages?after=${newest}`],
    ['by author', (i) => `/v1/messages?agent=${agentOf(i)}`],
    ['inbox', (i) => `/v1/inbox/${agentOf(i)}`],
    ['inbox after a cursor', (i) => `/v1/inbox/${agentOf(i)}?after=${cursor}`],
    ['leaderboard', () => '/v1/leaderboard'],
    ['digest', (i) => `/v1/digest?as=${agentOf(i)}`],
  ];
  for (const [, path] of routes) for (let i = 0; i < AGENTS; i++) await get(path(i));
  process.send?.('warm');
  const reads: Read[] = [];
  for (const [name, path] of routes) reads.push(await measure(name, (i) => get(path(i))));
  process.send?.('read');
  await wait(100);
  const writes = await writeMany(server);
  process.send?.({
    count: page.count,
    first: page.items[0]?.filename,
    coldMs,
    coldCpuMs: (user + system) / 1000,
    coldPeakMiB,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    reads,
    writes,
  });
}

async function writeMany({ app, services }: ReturnType<typeof appOver>) {
  const from = performance.now();
  const before = services.store.health.groups;
  const post = (i: number) =>
    app.request('/v1/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ agent_id: agentOf(i), body: `note ${i} @${agentOf(i + 1)}` }),
    });
  const answers = await Promise.all(Array.from({ length: POSTS }, (_, i) => post(i)));
  if (answers.some((answer) => answer.status !== 201)) throw new Error('a post was refused');
  const perSecond = (POSTS * 1000) / (performance.now() - from);
  return { batches: services.store.health.groups - before, perSecond };
}

/** Leaves a snapshot as a server does that stops. @returns name of the newest message. */
async function leaveSnapshot(hub: MemoryHub): Promise<string> {
  const server = appOver(hub);
  void server.run();
  await server.services.store.ready();
  const posted = await server.app.request('/v1/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ agent_id: 'agent-1', body: 'the last one' }),
  });
  const { filename } = (await posted.json()) as { filename: string };
  await server.stop();
  return filename;
}

async function grown(messages: number): Promise<Growth> {
  const results = Math.round(messages * 0.385);
  const hub = seededHub({ messages, results });
  const last = await leaveSnapshot(hub);
  hub.fault = () => wait(LATENCY);
  const calls = () => Object.values(hub.calls).reduce((sum, n) => sum + n, 0);
  const at = { start: calls(), cold: 0, warm: 0, read: 0 };
  if (process.env.PRIORITY) setUrgency(Number(process.env.PRIORITY));
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['serve'], {
    serialization: 'advanced',
    execArgv: [],
  });
  answerFrom(hub, child);
  const measured = await new Promise<Growth>((done, failed) => {
    child.on('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.on('message', (message: keyof typeof at | Growth | { id: number }) => {
      if (typeof message === 'string') at[message] = calls();
      else if (!('id' in message)) done(message);
    });
  });
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  if (process.env.PRIORITY) setUrgency(0);
  if (measured.first !== last || measured.count < messages)
    throw new Error(`wrong answer: ${measured.count} ${measured.first}`);
  return { ...measured, messages, results, coldCalls: at.cold - at.start, readCalls: at.read - at.warm };
}

function problemsOf(all: Growth[]): string[] {
  const [least, most] = [all[0] as Growth, all.at(-1) as Growth];
  const cpu = (g: Growth, name: string) => g.reads.find((r) => r.name === name)?.cpuUs ?? 0;
  const ratios = CURSOR_READS.map((name) => [name, cpu(most, name) / cpu(least, name)] as const);
  return [
    ...ratios
      .filter(([, ratio]) => ratio > CURSOR_RATIO)
      .map(([name, ratio]) => `${name}: ${short(ratio)} times the time of the smallest record`),
    ...all.filter((g) => g.coldMs > COLD_MS).map((g) => `${g.messages}: cold start ${short(g.coldMs)} ms`),
    ...all.filter((g) => g.peakMiB > MEMORY_MIB).map((g) => `${g.messages}: ${short(g.peakMiB)} MiB`),
    ...all.filter((g) => g.readCalls > 0).map((g) => `${g.messages}: warm reads cost ${g.readCalls} calls`),
  ];
}

function pageOf(all: Growth[]): string {
  const [least, most] = [all[0] as Growth, all.at(-1) as Growth];
  const sizes = all.map((g) => `${g.messages.toLocaleString('en-US')} messages`);
  const reads = least.reads.map(({ name }, at) => [
    name,
    ...all.map(
      (g) =>
        `${short(g.reads[at]?.cpuUs ?? 0)} (${short(g.reads[at]?.p50Us ?? 0)} / ${short(g.reads[at]?.p99Us ?? 0)})`,
    ),
    `${short((most.reads[at]?.cpuUs ?? 0) / (least.reads[at]?.cpuUs ?? 1))}×`,
  ]);
  const whole: [string, (g: Growth) => string][] = [
    ['first correct page after a start, ms (CPU)', (g) => `${short(g.coldMs)} (${short(g.coldCpuMs)})`],
    ['Hub calls of the start', (g) => String(g.coldCalls)],
    ['largest memory until then, MiB', (g) => short(g.coldPeakMiB)],
    ['largest memory after all reads and writes, MiB', (g) => short(g.peakMiB)],
    ['Hub calls of all warm reads', (g) => String(g.readCalls)],
    [
      `${POSTS} posts at once: batches (posts/s)`,
      (g) => `${g.writes.batches} (${short(g.writes.perSecond)})`,
    ],
  ];
  return [
    `Hub latency ${LATENCY} ms per call, simulated. ${machine()}, shared with other work: CPU time is the figure to compare.`,
    '',
    'CPU per request in µs (wall time p50 / p99 of the quietest round, one request at a time, in process):',
    '',
    table(['read', ...sizes, 'largest / smallest'], reads),
    '',
    table(
      ['', ...sizes],
      whole.map(([name, cell]) => [name, ...all.map(cell)]),
    ),
  ].join('\n');
}

async function main(): Promise<void> {
  const all: Growth[] = [];
  for (const size of SIZES) {
    all.push(await grown(size));
    process.stderr.write(`${size} done\n`);
  }
  const page = pageOf(all);
  const problems = problemsOf(all);
  process.stdout.write(`${page}\n\n${problems.join('\n') || 'every target holds'}\n`);
  if (process.env.WRITE) {
    await writeBlock('growth', page);
    await writeFile('docs/growth.svg', growthPlot(all));
  }
  process.exitCode = problems.length > 0 ? 1 : 0;
}

await (process.argv[2] === 'serve' ? serve() : main());

/**
 * Simulated agents against the built server on the embedded hub, behind a slow and faulty network, with kill -9 of the
 * server on the way. At the end the record is exactly what the agents were told.
 * Run after a build: node scripts/run.mjs test/soak/server.ts (SECONDS, AGENTS, KILLS, PAUSE_MS, HUB_LATENCY_MS,
 * FAULTS: shares of calls as JSON).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { machine, writeBlock } from '../bench/report.ts';
import { agent, call, follow, newLedger } from './agents.ts';
import { CALM, hubProxy } from './hub-proxy.ts';
import { pageOf } from './page.ts';
import { CENTRAL, ORGANIZER, Server, startHub } from './processes.ts';

const SECONDS = Number(process.env.SECONDS ?? 600);
const AGENTS = Number(process.env.AGENTS ?? 200);
const KILLS = Number(process.env.KILLS ?? 5);
const PAUSE_MS = Number(process.env.PAUSE_MS ?? 6_000);
const LATENCY = Number(process.env.HUB_LATENCY_MS ?? 20);
const FAULTS = {
  ...{ refused: 0.02, lost: 0.01, slow: 0.02, slowMs: 3_000, partial: 0.05 },
  ...JSON.parse(process.env.FAULTS ?? '{}'),
};
const OUTAGE_MS = 15_000;

const dir = await mkdtemp(join(tmpdir(), 'collab-soak-'));
const users = Array.from({ length: AGENTS }, (_, i) => `user-${i}`);
const hub = await startHub(dir, users);
const proxy = await hubProxy(hub.url, LATENCY);
const server = new Server(proxy.url);
await server.boot();

const ledger = newLedger();
const until = Date.now() + SECONDS * 1000;
const share = (part: number) => wait(SECONDS * 1000 * part);

const board: string[] = [];
const results: string[] = [];
const drains: [string, string[]][] = [
  ['/v1/messages', board],
  ['/v1/results', results],
];
async function poller(): Promise<void> {
  for (; Date.now() < until; await wait(250))
    for (const [path, seen] of drains) await follow(server, ledger, path, ORGANIZER, seen);
}

async function killer(): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    await share(1 / (KILLS + 1));
    await server.end('SIGKILL');
    await server.boot();
  }
}

/** Faults from a tenth of the time to the last one, and one outage in the middle. */
async function weather(): Promise<void> {
  await share(0.1);
  Object.assign(proxy.weather, FAULTS);
  await share(0.45);
  proxy.weather.down = true;
  await wait(OUTAGE_MS);
  proxy.weather.down = false;
  await share(0.35);
  Object.assign(proxy.weather, CALM);
}

async function watch(): Promise<void> {
  for (; Date.now() < until; await wait(1_000)) await server.look();
}

const world = { server, ledger, agents: AGENTS, until, pauseMs: PAUSE_MS };
await Promise.all([...users.map((_, i) => agent(world, i)), poller(), killer(), weather(), watch()]);
Object.assign(proxy.weather, CALM);
const finish = async (path: string, seen: string[]) => {
  while (!(await follow(server, ledger, path, ORGANIZER, seen)));
};
for (const [path, seen] of drains) await finish(path, seen);
for (const [handle, seen] of ledger.inboxes) await finish(`/v1/inbox/${handle}`, seen);

/** Everything of a list, expanded: name → body. */
async function whole(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let after = ''; ; ) {
    const page = await call(server, 'GET', `${path}?order=asc&expand=true&limit=200${after}`, ORGANIZER);
    if (page.status !== 200) continue;
    for (const r of page.json.items) found.set(r.filename, r.body);
    if (page.json.next === null) return found;
    after = `&after=${page.json.next}`;
  }
}

/** Names in a folder of the bucket, asked of the hub itself. */
async function inBucket(folder: string): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined = `${hub.url}/api/buckets/${CENTRAL}/tree/${folder}?recursive=true`;
  while (next) {
    const page: Response = await fetch(next, { headers: { authorization: `Bearer ${ORGANIZER}` } });
    for (const file of (await page.json()) as { path: string; type: string }[])
      if (file.type === 'file') names.push(file.path);
    next = /<([^>]+)>;\s*rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  return names;
}

async function textOf(path: string): Promise<string> {
  const headers = { authorization: `Bearer ${ORGANIZER}` };
  return (await fetch(`${hub.url}/buckets/${CENTRAL}/resolve/${path}`, { headers })).text();
}

const differ = (what: string, wanted: Iterable<string>, got: readonly string[]) => {
  const [a, b] = [[...wanted].sort(), [...got]];
  if (a.join() !== b.join())
    ledger.problems.push(`${what}: ${a.length} told, ${b.length} seen, or another order`);
};

for (const [kind, path, seen] of [
  ['messages', '/v1/messages', board],
  ['results', '/v1/results', results],
] as const) {
  const listed = await whole(path);
  differ(`${kind} by cursor`, ledger[kind].keys(), seen);
  differ(`${kind} listed`, ledger[kind].keys(), [...listed.keys()]);
  for (const [name, { body }] of ledger[kind])
    if (listed.get(name) !== body) ledger.problems.push(`${name}: told ${body}, stands ${listed.get(name)}`);
}
const stamped = (paths: string[], folder: string) =>
  paths
    .filter((path) => new RegExp(`^${folder}/\\d{8}-[^/]+\\.md$`).test(path))
    .map((path) => path.slice(folder.length + 1))
    .sort();
differ(
  'messages in the bucket',
  ledger.messages.keys(),
  stamped(await inBucket('message_board'), 'message_board'),
);
const judged = await inBucket('results');
differ('results in the bucket', ledger.results.keys(), stamped(judged, 'results'));
// Nobody judged anything: a state other than `pending` would be a write that failed and was read as a person's word.
differ(
  'verdicts in the bucket',
  [],
  judged.filter((path) => path.startsWith('results/verdicts/')),
);
const index = JSON.parse(await textOf('results/verification_status.json')) as Record<string, string>;
for (const name of ledger.results.keys())
  if (index[name] !== 'pending') ledger.problems.push(`${name}: the index says ${index[name]}`);
let delivered = 0;
for (const [handle, seen] of ledger.inboxes) {
  const told = [...ledger.messages].filter(([, { to }]) => to.includes(handle)).map(([name]) => name);
  delivered += told.length;
  differ(`inbox of ${handle}`, told, seen);
}

const latencies = ledger.latencies.sort((a, b) => a - b);
const at = (q: number) => Math.round(latencies[Math.floor(latencies.length * q)] ?? 0);
const summary = {
  machine: machine(),
  seconds: SECONDS,
  agents: AGENTS,
  kills: KILLS,
  starts_ms: server.starts,
  weather: { latency_ms: LATENCY, ...FAULTS, outage_ms: OUTAGE_MS },
  hub_calls: proxy.did,
  messages: ledger.messages.size,
  inbox_copies: delivered,
  results: ledger.results.size,
  repeats_after_201: ledger.repeats,
  reads_by_cursor: ledger.reads,
  answers_to_writes: Object.fromEntries([...ledger.statuses].sort(([a], [b]) => a - b)),
  write_ms: { p50: at(0.5), p99: at(0.99) },
  server_peak_rss_mib: server.peakMiB,
  problems: ledger.problems.slice(0, 20),
};
process.stdout.write(`${JSON.stringify(summary, null, 1)}\n`);
if (process.env.WRITE) await writeBlock('soak', pageOf(summary));
await server.end('SIGTERM');
proxy.close();
await hub.stop();
if (ledger.problems.length === 0) await rm(dir, { recursive: true, force: true });
else await writeFile(join(dir, 'ledger.json'), JSON.stringify([...ledger.messages, ...ledger.results]));
process.exitCode = ledger.problems.length > 0 ? 1 : 0;

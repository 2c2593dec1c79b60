/**
 * Reads of this server beside a stand-in in Python (`model.py`, which says what it is) and beside the fastest answer that
 * FastAPI can give. One load generator, the servers by turns, a record of the Gemma challenge's size.
 * Needs `wrk` and a python3 with fastapi, uvicorn[standard] and pyyaml (PYTHON names it).
 * Run: node scripts/run.mjs test/bench/reads/compare.ts (SECONDS, ROUNDS, CONNECTIONS, PRIORITY; WRITE=1 writes the page
 * of figures).
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GEMMA_SIZE } from '../../helpers/seeded-record.ts';
import { machine, median, setUrgency, short, table, writeBlock } from '../report.ts';
import { writeRecord } from './record-files.ts';
import { serveRecord } from './serve.ts';

const SECONDS = Number(process.env.SECONDS ?? 4);
const ROUNDS = Number(process.env.ROUNDS ?? 3);
const CONNECTIONS = Number(process.env.CONNECTIONS ?? 32);
const PYTHON = process.env.PYTHON ?? 'python3';
const TARGET = 10;
const exec = promisify(execFile);

const freePort = () =>
  new Promise<number>((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => done(port));
    });
  });

interface Running {
  url: string;
  child: ChildProcess;
}

async function start(command: string, args: string[], port: number): Promise<Running> {
  const sink = openSync('/dev/null', 'w');
  const child = spawn(command, args, { stdio: ['ignore', sink, 'inherit'] });
  closeSync(sink);
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 300; i++) {
    if (
      await fetch(`${url}/v1/messages`).then(
        (r) => r.ok,
        () => false,
      )
    )
      return { url, child };
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    await wait(100);
  }
  throw new Error(`${command} does not answer`);
}

/** CPU seconds of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface Load {
  perSecond: number;
  perCpuSecond: number;
  p50Ms: number;
  p99Ms: number;
}

const ms = (text: string | undefined) => {
  const m = /([\d.]+)(us|ms|s)/.exec(text ?? '');
  return Number(m?.[1]) * ({ us: 0.001, ms: 1, s: 1000 }[m?.[2] ?? 'ms'] as number);
};

/** Every request another address: `{n}` counts. */
const COUNTING = `local n = 0
local path = os.getenv("BENCH_PATH")
request = function()
  n = n + 1
  return wrk.format("GET", (path:gsub("{n}", tostring(n))))
end
`;

async function load({ url, child }: Running, path: string, script: string): Promise<Load> {
  const from = cpuSeconds(child.pid as number);
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, '--latency', '-s', script, url];
  const { stdout } = await exec('wrk', args, { env: { ...process.env, BENCH_PATH: path } });
  const cpu = cpuSeconds(child.pid as number) - from;
  if (/Non-2xx|connect [1-9]|read [1-9]|write [1-9]/.test(stdout)) throw new Error(`${path}: ${stdout}`);
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    perCpuSecond: count / cpu,
    p50Ms: ms(/^\s+50%\s+(\S+)/m.exec(stdout)?.[1]),
    p99Ms: ms(/^\s+99%\s+(\S+)/m.exec(stdout)?.[1]),
  };
}

const middle = (loads: Load[]): Load => ({
  perSecond: median(loads.map((l) => l.perSecond)),
  perCpuSecond: median(loads.map((l) => l.perCpuSecond)),
  p50Ms: median(loads.map((l) => l.p50Ms)),
  p99Ms: median(loads.map((l) => l.p99Ms)),
});

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'collab-reads-'));
  const { agent, middle: cursor, newest } = await writeRecord(join(dir, 'record'));
  if (process.env.PRIORITY) setUrgency(Number(process.env.PRIORITY));
  const [one, two] = [await freePort(), await freePort()];
  const ours = await start(
    process.execPath,
    [fileURLToPath(import.meta.url), 'serve', join(dir, 'record'), String(one)],
    one,
  );
  const model = await start(PYTHON, ['test/bench/reads/model.py', join(dir, 'record'), String(two)], two);

  const ROUTES: [string, string][] = [
    ['newest page, names', '/v1/messages'],
    ['newest page, whole', '/v1/messages?expand=true'],
    ['page after a cursor', `/v1/messages?expand=true&limit=50&order=asc&after=${cursor}`],
    ['empty poll', `/v1/messages?after=${newest}`],
    ['by author', `/v1/messages?agent=${agent}`],
    ['inbox', `/v1/inbox/${agent}?expand=true`],
    ['results, whole', '/v1/results?expand=true'],
    ['leaderboard', '/v1/leaderboard'],
    ['digest', `/v1/digest?as=${agent}`],
    ['newest page, whole, never kept', '/v1/messages?expand=true&n={n}'],
    ['page after a cursor, never kept', `/v1/messages?expand=true&limit=50&order=asc&after=${cursor}&n={n}`],
    ['inbox, never kept', `/v1/inbox/${agent}?expand=true&n={n}`],
    ['digest, never kept', `/v1/digest?as=${agent}&n={n}`],
  ];
  const script = join(dir, 'count.lua');
  await writeFile(script, COUNTING);
  const only = process.env.ROUTES?.split(';');
  const rows: (string | number)[][] = [];
  let missed = 0;
  try {
    for (const [name, path] of ROUTES.filter(([each]) => !only || only.includes(each))) {
      const size = (await (await fetch(ours.url + path)).arrayBuffer()).byteLength;
      const loads: Record<'ours' | 'model' | 'ceiling', Load[]> = { ours: [], model: [], ceiling: [] };
      for (let round = 0; round < ROUNDS; round++) {
        loads.ours.push(await load(ours, path, script));
        loads.model.push(await load(model, path, script));
        loads.ceiling.push(await load(model, `/ceiling/${size}`, script));
      }
      const [o, m, c] = [middle(loads.ours), middle(loads.model), middle(loads.ceiling)];
      const [rate, tail] = [o.perCpuSecond / m.perCpuSecond, m.p99Ms / o.p99Ms];
      if (rate < TARGET || tail < TARGET) missed++;
      rows.push([
        name,
        size.toLocaleString('en-US'),
        `${short(o.perSecond)} (${short(o.perCpuSecond)})`,
        `${short(o.p50Ms)} / ${short(o.p99Ms)}`,
        `${short(m.perSecond)} (${short(m.perCpuSecond)})`,
        `${short(m.p50Ms)} / ${short(m.p99Ms)}`,
        `${short(rate)}×`,
        `1/${short(tail)}`,
        `${short(c.perSecond)} (${short(c.perCpuSecond)})`,
        `${short(o.perCpuSecond / c.perCpuSecond)}×`,
      ]);
      process.stderr.write(`${name}: ${rows.at(-1)?.join(' | ')}\n`);
    }
  } finally {
    ours.child.kill();
    model.child.kill();
    await rm(dir, { recursive: true, force: true });
  }
  const page = [
    `${GEMMA_SIZE.agents} agents, ${GEMMA_SIZE.messages} messages, ${GEMMA_SIZE.results} results; ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, servers by turns, medians. ${machine()}, shared with other work: requests per second of the server's own CPU stand in brackets and make the ratio.`,
    '',
    table(
      [
        'read',
        'bytes',
        'ours, requests/s',
        'p50 / p99 ms',
        'model, requests/s',
        'p50 / p99 ms',
        'rate',
        'p99',
        'FastAPI constant, requests/s',
        'ours to it',
      ],
      rows,
    ),
  ].join('\n');
  process.stdout.write(
    `${page}\n\n${missed === 0 ? 'every target holds' : `${missed} reads miss a target`}\n`,
  );
  if (process.env.WRITE) await writeBlock('reads', page);
  process.exitCode = missed > 0 ? 1 : 0;
}

const [, , verb, record = '', port = '0'] = process.argv;
await (verb === 'serve' ? serveRecord(record, Number(port)) : main());

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { applyChallenge } from '../../generator/apply/challenge.ts';
import { localUsers, seedFile } from '../../generator/apply/local-users.ts';
import type { ApplyOptions } from '../../generator/apply/types.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import { PROBE } from '../../generator/plan/proofs.ts';
import { testIo } from '../fault/apply-fixture.ts';
import { machine, table, writeBlock } from './report.ts';

/**
 * Time and calls of the first and of a no-change apply of a generated challenge, with so many ms before each call. The
 * hub is a process of its own. Each is measured several times, and the least disturbed one counts: on a busy machine
 * the others measure the machine.
 * Run after a build: node scripts/run.mjs test/bench/apply.ts (REPEATS; WRITE=1 writes docs/provisioning.md).
 */
const REPEATS = Number(process.env.REPEATS ?? 3);
const LATENCIES = [0, 20, 100];
/** What the Hub does on its own time: the Space's build and start, the job that looks for layers of isolation. */
const HUBS_OWN = new Set<string>(['health', PROBE]);
/** Asking again and again whether it is done. */
const POLLS = /\/(?:runtime|jobs\/[^/]+\/[^/]+)$/;

interface Run {
  latency: number;
  run: 'first' | 'no change';
  calls: number;
  /** Longest chain of calls of which each began after the one before had ended. */
  chain: number;
  /** Until the last operation that is not the Hub's own. */
  applyMs: number;
  /** Until the server answered. */
  totalMs: number;
  /** Of the apply alone. */
  cpuMs: number;
  writes: number;
}

/** A fetch that is `latency` ms late, and what it saw. */
function watched(url: string, latency: number) {
  const done: { end: number; depth: number }[] = [];
  const slow: typeof fetch = async (input, init) => {
    if (!String(input).startsWith(url)) return fetch(input, init);
    const began = performance.now();
    const before = done.filter(({ end }) => end <= began).map(({ depth }) => depth);
    if (latency > 0) await new Promise((resolve) => setTimeout(resolve, latency));
    const response = await fetch(input, init);
    const waits = POLLS.test(new URL(String(input)).pathname);
    done.push({ end: performance.now(), depth: (waits ? 0 : 1) + Math.max(0, ...before) });
    return response;
  };
  const chain = (until: number) =>
    Math.max(0, ...done.filter(({ end }) => end <= until).map(({ depth }) => depth));
  return { slow, calls: () => done.length, chain };
}

async function measureOne(options: ApplyOptions, latency: number, run: Run['run']): Promise<Run> {
  const { slow, calls, chain } = watched(options.hubUrl, latency);
  const cpu = process.cpuUsage();
  const began = performance.now();
  let last = began;
  const report = await applyChallenge({
    ...options,
    io: { ...options.io, fetch: slow },
    progress: ({ id, state }) => {
      if (state === 'done' && !HUBS_OWN.has(id)) last = performance.now();
    },
  });
  const end = performance.now();
  if (report.status !== 'ok')
    throw new Error(JSON.stringify(report.operations.filter(({ state }) => state !== 'done')));
  const settled = report.writes === 0 ? end : last;
  const { user, system } = process.cpuUsage(cpu);
  return {
    latency,
    run,
    calls: calls(),
    chain: chain(settled),
    applyMs: Math.round(settled - began),
    totalMs: Math.round(end - began),
    cpuMs: Math.round((user + system) / 1000),
    writes: report.writes,
  };
}

/** First and no-change apply of a new challenge on a new hub. */
async function measure(latency: number, root: string): Promise<Run[]> {
  const parent = await mkdtemp(join(tmpdir(), 'collab-bench-'));
  const dir = join(parent, 'gemma');
  const cli = join(root, 'dist/cli.mjs');
  const collab = (...argv: string[]) =>
    execFileSync(process.execPath, [cli, ...argv, '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
  collab('new', dir, '--template', 'gemma', '--yes');
  collab('eval', 'prepare', dir);
  const tokens = await localUsers(dir, (await readChallenge(dir)).hub);
  const store = ['hub', '--dir', join(parent, 'hub'), '--seed', seedFile(dir)];
  const hub = spawn(process.execPath, [cli, ...store], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(createInterface({ input: hub.stdout }), 'line')) as [string];
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const options: ApplyOptions = {
      io: testIo({ packageRoot: root, sleep }),
      dir,
      hubUrl: JSON.parse(line).url,
      token: tokens.organizer ?? '',
      spaceToken: tokens['collab-server'] ?? '',
      participantToken: tokens['participant-1'] ?? '',
    };
    return [await measureOne(options, latency, 'first'), await measureOne(options, latency, 'no change')];
  } finally {
    hub.kill('SIGTERM');
    await once(hub, 'exit');
    await rm(parent, { recursive: true, force: true });
  }
}

const root = process.argv[2] ?? process.cwd();
const runs: Run[] = [];
for (const latency of LATENCIES)
  for (let repeat = 0; repeat < REPEATS; repeat++) runs.push(...(await measure(latency, root)));

const least = (rows: Run[], of: (run: Run) => number): number => Math.min(...rows.map(of));
const most = (rows: Run[], of: (run: Run) => number): number => Math.max(...rows.map(of));
const rows = LATENCIES.flatMap((latency) =>
  (['first', 'no change'] as const).map((run) => {
    const of = runs.filter((one) => one.latency === latency && one.run === run);
    return {
      'ms per call': latency,
      run,
      calls: most(of, (one) => one.calls),
      chain: least(of, (one) => one.chain),
      'apply ms': least(of, (one) => one.applyMs),
      'slowest ms': most(of, (one) => one.applyMs),
      'answers after ms': least(of, (one) => one.totalMs),
      'cpu ms': least(of, (one) => one.cpuMs),
      writes: most(of, (one) => one.writes),
    };
  }),
);
console.table(rows);
const busy = (loadavg()[0] ?? 0) / cpus().length;
const how =
  `The least disturbed of ${REPEATS} runs each, the generated Gemma challenge; ${machine()}; ` +
  `load ${busy.toFixed(1)} per core${busy > 1 ? ': times are upper bounds' : ''}.`;
console.log(how);
if (process.env.WRITE) {
  const cells = table(
    Object.keys(rows[0] ?? {}),
    rows.map((row) => Object.values(row)),
  );
  await writeBlock('bench', `${how}\n\n${cells}`, 'docs/provisioning.md');
}
const first = rows.find((row) => row['ms per call'] === 100 && row.run === 'first');
const idle = rows.filter((row) => row.run === 'no change');
const met = (first?.['apply ms'] ?? 0) <= 3000 && idle.every((row) => row.calls <= 15 && row.writes === 0);
console.log(
  met ? 'Targets met: first apply at 100 ms ≤ 3 s, no-change apply ≤ 15 calls.' : 'Targets NOT met.',
);
process.exitCode = met ? 0 : 1;

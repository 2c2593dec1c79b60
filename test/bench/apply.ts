import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyChallenge } from '../../generator/apply/challenge.ts';
import { localSeed, localUsers } from '../../generator/apply/local-users.ts';
import { readChallenge } from '../../generator/config/yaml.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import { testIo } from '../fault/apply-fixture.ts';

interface Row {
  'ms per call': number;
  run: string;
  calls: number;
  'apply ms': number;
  'space ms': number;
  /** Of apply and hub together. */
  'cpu ms': number;
  writes: number;
}

/**
 * Time and calls of the first and of a no-change apply of a generated challenge, with so many ms before each call.
 * Run after a build: node scripts/run.mjs test/bench/apply.ts
 */
async function measure(latencyMs: number, root: string): Promise<Row[]> {
  const parent = await mkdtemp(join(tmpdir(), 'collab-bench-'));
  const dir = join(parent, 'gemma');
  const cli = (...argv: string[]) =>
    execFileSync(process.execPath, [join(root, 'dist/cli.mjs'), ...argv, '--json']);
  cli('new', dir, '--template', 'gemma', '--yes');
  cli('eval', 'prepare', dir);
  const { hub } = await readChallenge(dir);
  const tokens = await localUsers(dir, hub);
  const seed = localSeed(hub, tokens) as Seed;
  const running = await startHub({ dir: join(dir, '.collab/hub'), port: 0, host: '127.0.0.1', seed });
  let calls = 0;
  const slow: typeof fetch = async (input, init) => {
    if (String(input).startsWith(running.url)) {
      calls += 1;
      if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    }
    return fetch(input, init);
  };
  const rows: Row[] = [];
  for (const run of ['first', 'no change']) {
    calls = 0;
    const cpu = process.cpuUsage();
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const io = testIo({ fetch: slow, packageRoot: root, sleep });
    const {
      organizer: token = '',
      'collab-server': spaceToken = '',
      'participant-1': participantToken = '',
    } = tokens;
    const report = await applyChallenge({
      io,
      dir,
      hubUrl: running.url,
      token,
      spaceToken,
      participantToken,
    });
    if (report.status !== 'ok')
      throw new Error(JSON.stringify(report.operations.filter((o) => o.state !== 'done')));
    const { apply, spaceReady } = report.timingsMs;
    const { user, system } = process.cpuUsage(cpu);
    rows.push({
      'ms per call': latencyMs,
      run,
      calls,
      'apply ms': apply,
      'space ms': spaceReady,
      'cpu ms': Math.round((user + system) / 1000),
      writes: report.writes,
    });
  }
  await running.close();
  await rm(parent, { recursive: true, force: true });
  return rows;
}

const root = process.argv[2] ?? process.cwd();
const rows: Row[] = [];
for (const latency of [0, 20, 100]) rows.push(...(await measure(latency, root)));
console.table(rows);
const slowest = rows.find((row) => row['ms per call'] === 100 && row.run === 'first');
const idle = rows.filter((row) => row.run === 'no change');
const met = (slowest?.['apply ms'] ?? 0) <= 3000 && idle.every((row) => row.calls <= 15 && row.writes === 0);
console.log(
  met ? 'Targets met: first apply at 100 ms ≤ 3 s, no-change apply ≤ 15 calls.' : 'Targets NOT met.',
);
process.exitCode = met ? 0 : 1;

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cli, eventually, processesOf, type Ran, run } from './cli.ts';

/** The guided tour as a user runs it: the built command line, real processes, nothing but its own folder. */

const start = (cwd: string, argv: string[], env: Record<string, string> = {}) =>
  cli(cwd, ['start', ...argv], env);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `npm start` in a checkout; the challenge's folder is given by its full path. */
const npmStart = (flags: string[], [dir = '', ...argv]: string[]) =>
  run('npm', [...flags, 'start', '--', join(cwd, dir), ...argv], ROOT, { HOME: cwd }).done;

const onLinux = process.platform === 'linux';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tour-'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
});

const NAMES = ['sly-fox', 'steady-heron', 'swift-otter'];

/** Everything the runs said. */
const heard: string[] = [];

function check(ran: Ran) {
  heard.push(ran.out, ran.err);
  expect([ran.code, ran.err.slice(-1500)]).toEqual([0, expect.any(String)]);
  expect(ran.out.trim().split('\n')).toHaveLength(1);
  const report = JSON.parse(ran.out);
  expect(report.status).toBe('ok');
  const verdicts = Object.fromEntries(
    report.results.map((r: { agent: string; verdict: string }) => [r.agent, r.verdict]),
  );
  expect(verdicts).toEqual({ 'steady-heron': 'valid', 'swift-otter': 'valid', 'sly-fox': 'invalid' });
  expect(report.agents.map((a: { agent_id: string }) => a.agent_id).sort()).toEqual(NAMES);
  return report;
}

describe('the guided tour', () => {
  let first: ReturnType<typeof check>;

  test('from nothing to three verdicts', async () => {
    first = check(await start(cwd, ['c', '--once', '--json']).done);
    expect(first.resumed).toBe(false);
    const [best] = first.leaderboard;
    expect([best.agent, best.verification]).toEqual(['swift-otter', 'valid']);
    const score = (agent: string) => first.results.find((r: { agent: string }) => r.agent === agent).score;
    expect(score('swift-otter')).toBeGreaterThan(1.5 * score('steady-heron'));
    const fox = first.results.find((r: { agent: string }) => r.agent === 'sly-fox');
    expect(fox.gates.some((gate: { pass: boolean }) => !gate.pass)).toBe(true);
    expect(Object.keys(first.timings_ms)).toEqual(['generate', 'apply', 'space_ready', 'jobs', 'total']);
  });

  test('again, with npm start --silent: the same collaboration, nothing twice', async () => {
    const again = check(await npmStart(['--silent'], ['c', '--once', '--json']));
    expect(again.resumed).toBe(true);
    expect(again.results.map((r: { filename: string }) => r.filename)).toEqual(
      first.results.map((r: { filename: string }) => r.filename),
    );
    expect(again.leaderboard.length).toBe(first.leaderboard.length);
  });

  test.runIf(onLinux)('no process is left behind', async () => {
    await noneLeft(cwd);
  });

  test('tokens and keys are nobody else’s to read, and stand in no output', async () => {
    const tokens = Object.values<string>(
      JSON.parse(await readFile(join(cwd, 'c/.collab/tokens.json'), 'utf8')),
    );
    expect(tokens.length).toBeGreaterThan(2);
    for (const name of NAMES) {
      const home = join(cwd, 'c/.collab/tour', name);
      const profile = join(home, 'collab/loopback', `${name}.json`);
      expect((await stat(profile)).mode & 0o077).toBe(0);
      expect((await stat(join(home, 'token'))).mode & 0o077).toBe(0);
      tokens.push(JSON.parse(await readFile(profile, 'utf8')).agent_key);
    }
    expect(heard.length).toBeGreaterThan(1);
    for (const secret of tokens) expect(heard.join('\n')).not.toContain(secret);
  });
});

describe('interrupted', () => {
  test.runIf(onLinux)('Ctrl-C while it stays up: exit 0, nothing runs on', async () => {
    const tour = start(cwd, ['c', '--json']);
    await tour.said('"event":"ready"');
    expect((await processesOf(cwd)).length).toBeGreaterThan(2);
    tour.child.kill('SIGINT');
    const ran = await tour.done;
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out).status).toBe('ok');
    await noneLeft(cwd);
  });

  test.runIf(onLinux)('Ctrl-C while jobs run: exit 130; killed: the next run finishes it', async () => {
    const cancelled = start(cwd, ['k', '--once', '--json']);
    await cancelled.said('"id":"run:steady-heron"');
    cancelled.child.kill('SIGINT');
    const ran = await cancelled.done;
    expect([ran.code, JSON.parse(ran.out).code]).toEqual([130, 'CANCELLED']);
    await noneLeft(join(cwd, 'k'));
    const killed = start(cwd, ['k', '--once', '--json']);
    await killed.said('"id":"run:swift-otter"');
    killed.child.kill('SIGKILL');
    await killed.done;
    check(await start(cwd, ['k', '--once', '--json']).done);
    await noneLeft(join(cwd, 'k'));
  });
});

describe('faults', () => {
  test('python3 missing: one sentence, what to install, nothing written', async () => {
    const bare = await mkdtemp(join(tmpdir(), 'tour-bare-'));
    const ran = await start(bare, ['c', '--once', '--json'], { PATH: bare }).done;
    const answer = JSON.parse(ran.out);
    expect([ran.code, answer.code, answer.next.length]).toEqual([1, 'PYTHON_MISSING', 1]);
    expect(await readdir(bare)).toEqual([]);
    await rm(bare, { recursive: true });
  });

  test('a folder that is something else: refused, left as it was', async () => {
    const other = await mkdtemp(join(tmpdir(), 'tour-other-'));
    await writeFile(join(other, 'mine.txt'), 'mine');
    const ran = await start(other, ['.', '--once', '--json']).done;
    expect([ran.code, JSON.parse(ran.out).code]).toEqual([1, 'DIR_NOT_EMPTY']);
    expect(await readdir(other)).toEqual(['mine.txt']);
    await rm(other, { recursive: true });
  });

  test('another challenge: refused, with the command that runs it', async () => {
    const other = await mkdtemp(join(tmpdir(), 'tour-blank-'));
    const made = await cli(other, ['new', 'b', '--template', 'blank', '--yes', '--json']).done;
    expect([made.code, made.err]).toEqual([0, '']);
    const ran = await start(other, ['b', '--once', '--json']).done;
    const answer = JSON.parse(ran.out);
    expect([ran.code, answer.code]).toEqual([1, 'NOT_THE_TOUR']);
    expect(answer.next[0].command).toContain('create-collab dev');
    await rm(other, { recursive: true });
  });

  test('the port of last time is taken: another one, same collaboration; npm start ends with the JSON', async () => {
    const { url } = JSON.parse(await readFile(join(cwd, 'c/.collab/hub.json'), 'utf8'));
    const thief = await listen(Number(new URL(url).port));
    const ran = await npmStart([], ['c', '--once', '--json']);
    thief.close();
    // npm's own two lines stand before the JSON.
    const report = check({ ...ran, out: ran.out.trim().split('\n').at(-1) ?? '' });
    expect([report.resumed, report.hub_url === url]).toEqual([true, false]);
  });
});

describe('faults while it runs', () => {
  test('a Space that does not come up: coded, with the end of its log, no process left', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'tour-broken-'));
    await cli(broken, ['new', 'b', '--template', 'gemma', '--yes', '--json']).done;
    await writeFile(join(broken, 'b/space/server.mjs'), 'console.error("boom"); process.exit(3);');
    const ran = await start(broken, ['b', '--once', '--json']).done;
    const answer = JSON.parse(ran.out);
    expect([ran.code, answer.code, answer.next.length > 0]).toEqual([1, 'SPACE_FAILED', true]);
    expect(answer.message).toContain('boom');
    if (onLinux) await noneLeft(broken);
    await rm(broken, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
  });

  test.runIf(onLinux)('the hub gone: coded, the command that goes on, no process left', async () => {
    const tour = start(cwd, ['h', '--once', '--json']);
    await tour.said('"id":"run:steady-heron","state":"start"');
    const { pid } = JSON.parse(await readFile(join(cwd, 'h/.collab/hub.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const ran = await tour.done;
    const answer = JSON.parse(ran.out);
    expect([ran.code, answer.status]).toEqual([1, 'error']);
    expect(answer.code).toMatch(/^(HUB_|API_|SPACE_)/);
    expect(answer.next.length).toBeGreaterThan(0);
    await noneLeft(join(cwd, 'h'));
  });
});

/** Whatever still ends is given its moment; what does not fails the test. */
async function noneLeft(folder: string): Promise<void> {
  await eventually(async () => (await processesOf(folder)).length === 0);
  expect(await processesOf(folder)).toEqual([]);
}

function listen(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

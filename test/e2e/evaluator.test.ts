import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPrompt } from '../../generator/apply/prompt.ts';
import { cli, eventually, processesOf, type Running, run } from './cli.ts';

/** Verification by a private Space: generated, deployed on an embedded hub, fed by an agent, killed, overruled. */

const EVALUATOR = 'organizer/gemma-evaluator';

let cwd: string;
let dev: Running;
let api: string;
let hubUrl: string;
let prompt: string[];
let tokens: Record<string, string>;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'judge-'));
  const mode = ['--set', 'verification.mode=eval-space', '--set', 'metric.repeats=0'];
  const made = await cli(cwd, ['new', 'c', ...mode, '--yes', '--json']).done;
  expect([made.code, made.err]).toEqual([0, expect.any(String)]);
  dev = cli(cwd, ['dev', 'c', '--json']);
  const said = await dev.said('"event":"ready"');
  const ready = JSON.parse(said.split('\n').find((line) => line.includes('"event":"ready"')) ?? '');
  api = ready.api_url;
  hubUrl = ready.hub_url;
  tokens = JSON.parse(await readFile(join(cwd, 'c/.collab/tokens.json'), 'utf8'));
  prompt = agentPrompt({
    dir: join(cwd, 'c'),
    apiUrl: api,
    hubUrl,
    bucket: 'gemma-collab/gemma-main-bucket',
  }).split('\n');
  const command = /curl \S+ \S+/.exec(prompt.at(-1) ?? '')?.[0] ?? '';
  expect((await shell(command)).code).toBe(0);
  await client(`join --api ${api} --agent-id smoke --model m`);
});
afterAll(async () => {
  dev.child.kill('SIGTERM');
  await dev.done;
  await rm(cwd, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
});

const shell = (line: string) =>
  run('bash', ['-c', ['set -e', ...prompt.filter((l) => l.startsWith('export ')), line].join('\n')], cwd)
    .done;

async function client<T = Record<string, never>>(line: string): Promise<T> {
  const ran = await shell(`node collab.mjs ${line} --json`);
  expect([ran.code, ran.out, ran.err]).toEqual([0, expect.any(String), expect.any(String)]);
  return JSON.parse(ran.out);
}

const get = async (path: string) => (await fetch(`${api}${path}`)).json();
const verdict = (filename: string) => get(`/v1/results/${filename}/verdict`);
const organizer = () => createHubClient({ endpoint: hubUrl, token: tokens.organizer ?? '' });

/** Puts a sample of the challenge into the agent's bucket and claims a score for it. */
async function publish(sample: string, tps: number): Promise<string> {
  const name = sample.replaceAll('/', '-');
  await cp(join(cwd, 'c/submissions', sample), join(cwd, 'mine', name), { recursive: true });
  const agent = createHubClient({ endpoint: hubUrl, token: tokens['participant-1'] ?? '' });
  const { files } = await folder(join(cwd, 'mine', name));
  await agent.write('gemma-collab/gemma-smoke', {
    adds: files.map(({ path, content }) => ({ path: `submissions/${name}/${path}`, content })),
  });
  const head = {
    tps,
    ppl: 2,
    method: 'm',
    status: 'agent-run',
    description: 'd',
    submission: `submissions/${name}`,
  };
  const body = `---\n${Object.entries(head)
    .map(([k, v]) => `${k}: ${JSON.stringify(v)}`)
    .join('\n')}\n---\ntext\n`;
  const answer = await fetch(`${api}/v1/results`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens['participant-1']}`, 'content-type': 'application/json' },
    body: JSON.stringify({ agent_id: 'smoke', body }),
  });
  const posted = (await answer.json()) as { filename: string; submission_snapshot: string | null };
  expect([answer.status, posted.submission_snapshot]).toEqual([201, expect.stringMatching(/^submissions\//)]);
  return posted.filename;
}

async function folder(root: string) {
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const plain = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    plain.map(async (at) => ({
      path: at.slice(root.length + 1),
      content: new Uint8Array(await readFile(at)),
    })),
  );
  return { files };
}

async function settled(filename: string): Promise<{ verification: string; reason: string; score: number }> {
  const open = ['pending', 'queued', 'running'];
  const end = Date.now() + 240_000;
  for (;;) {
    const answer = await verdict(filename);
    if (!open.includes(answer.verification)) return answer;
    if (Date.now() > end) throw new Error(`still ${answer.verification}: ${await log()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const log = async () => (await organizer().spaceLogs(EVALUATOR, 'run', 30)).join('\n');

describe('verification by a Space of the organizer', () => {
  test('the Space is private, runs, and is not seen by participants', async () => {
    const info = await organizer().spaceInfo(EVALUATOR);
    expect(info).toMatchObject({ private: true });
    const agent = createHubClient({ endpoint: hubUrl, token: tokens['participant-1'] ?? '' });
    expect(await agent.spaceInfo(EVALUATOR)).toBeNull();
    expect(await (await fetch(`${info?.host}/v1/healthz`)).json()).toMatchObject({ status: 'ok' });
    expect(await get('/v1/queue')).toMatchObject({ mode: 'eval-space', items: [] });
  });

  test('an honest result is run again and stands on the board with what was measured', async () => {
    const filename = await publish('faster', 1);
    const answer = await settled(filename);
    expect(answer).toMatchObject({ verification: 'valid', reason: expect.stringContaining('passed') });
    expect(answer.score).toBeGreaterThan(1);
    const { rows } = await get('/v1/leaderboard');
    expect(rows).toMatchObject([{ agent: 'smoke', rank: 1, claimed: 1, verified_runs: 1 }]);
    const jobs = await organizer().jobs('gemma-collab', { task: 'gemma-verification' });
    expect(jobs).toEqual([]);
    const kept = await organizer().listFiles('organizer/gemma-private', `verification_runs/${filename}/`);
    const names = kept?.map(({ path }) => path.split('/').at(-1)).sort();
    expect(names).toEqual(expect.arrayContaining(['job_logs.txt', 'job_status.json', 'summary.json']));
  });

  test('a cheat is invalid, with the gate that caught it', async () => {
    const answer = await settled(await publish('cheats/removed-layers', 100_000));
    expect(answer.verification).toBe('invalid');
    expect(answer.reason).toMatch(/^gate \w+ failed/);
  });

  test('killed in the middle of a run, it comes back and takes the same result up again', async () => {
    const pids = await evaluatorPids();
    expect(pids.length).toBeGreaterThan(0);
    const filename = await publish('baseline', 2);
    await eventually(async () => (await log()).includes(`${filename}: run `));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(await settled(filename)).toMatchObject({ verification: 'valid' });
    const runs = (await log()).split('\n').filter((line) => line.includes(`${filename}: run `));
    expect(runs).toHaveLength(2);
    expect(await log()).toContain('The app ended: killed by SIGKILL');
    expect((await get('/v1/queue')).spend).toMatchObject({ usd: 0 });
  });

  test('a person overrules it, and it does not look again', async () => {
    const { rows } = await get('/v1/leaderboard');
    const { filename } = rows[0];
    const answer = await fetch(`${api}/v1/results/${filename}/verdict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.organizer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ state: 'invalid', reason: 'copied' }),
    });
    expect(answer.status).toBe(201);
    expect(await verdict(filename)).toMatchObject({ verification: 'invalid', reason: 'copied' });
    expect((await get('/v1/queue')).items).toEqual([]);
  });

  test('status and doctor tell of it', async () => {
    const status = await cli(cwd, ['status', 'c']).done;
    expect(status.out).toMatch(/Evaluator\s+organizer\/gemma-evaluator: works/);
    const doctor = JSON.parse((await cli(cwd, ['doctor', 'c', '--json']).done).out);
    const found = doctor.findings.filter(({ id }: { id: string }) => id.includes('evaluator'));
    expect(found.map(({ id, state }: { id: string; state: string }) => [id, state])).toEqual([
      ['check:evaluator-token', 'ok'],
      ['evaluator', 'ok'],
    ]);
  });
});

/** The process of the Space itself, found by its command line and where it was started. */
async function evaluatorPids(): Promise<number[]> {
  const { readdir, readlink } = await import('node:fs/promises');
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const at = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (command.includes('evaluator') && at.startsWith(join(cwd, 'c'))) found.push(Number(pid));
  }
  return found;
}

test('nothing is left running', async () => {
  dev.child.kill('SIGTERM');
  await dev.done;
  await eventually(async () => (await processesOf(cwd)).length === 0);
  expect(await processesOf(cwd)).toEqual([]);
});

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { localSeed } from '../../generator/apply/local-users.ts';
import { cli, eventually, processesOf, type Running, run } from './cli.ts';

/** An organizer without the plan a Docker Space needs: the same buckets, and the server on a machine of their own. */

const CENTRAL = 'free-collab/free-main-bucket';
const SPACE = 'free-collab/free-collab';
const NAMES = [
  'organizer',
  'collab-server',
  'collab-evaluator',
  'participant-1',
  'participant-2',
  'participant-3',
];
const tokens = Object.fromEntries(NAMES.map((name, at) => [name, `hf_${'serve'.repeat(5)}${at}`]));

let cwd: string;
let dir: string;
let hub: Running;
let hubUrl: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'serve-'));
  dir = join(cwd, 'c');
  await cli(cwd, [
    'new',
    'c',
    '--template',
    'blank',
    '--title',
    'Free',
    '--set',
    'hardware.jobs_enabled=false',
    '--set',
    'verification.mode=manual',
    '--yes',
    '--json',
  ]).done;
  hub = await startFreeHub();
});
afterAll(async () => {
  hub.child.kill('SIGTERM');
  await hub.done;
  await rm(cwd, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
});

/** An embedded hub whose organizer has neither PRO nor an organization with a plan. */
async function startFreeHub(): Promise<Running> {
  const buckets = { central_bucket: CENTRAL, private_bucket: 'organizer/free-private' };
  const names = { org: 'free-collab', private_namespace: 'organizer', space: SPACE, ...buckets };
  const seed = localSeed(names, tokens);
  const free = {
    users: seed.users.map((user) => ({ ...user, pro: false })),
    orgs: seed.orgs.map((org) => ({ ...org, plan: null })),
  };
  await mkdir(join(dir, '.collab'), { recursive: true });
  await writeFile(join(cwd, 'seed.yaml'), stringify(free));
  await writeFile(join(dir, '.collab/tokens.json'), JSON.stringify(tokens));
  const args = ['--dir', join(cwd, 'hub'), '--seed', join(cwd, 'seed.yaml')];
  const running = cli(cwd, ['hub', ...args]);
  const line = await new Promise<string>((resolve) =>
    running.child.stdout?.once('data', (d) => resolve(`${d}`)),
  );
  const { url, pid } = JSON.parse(line);
  hubUrl = url;
  await writeFile(join(dir, '.collab/hub.json'), JSON.stringify({ url, pid }));
  return running;
}

async function collab(...argv: string[]) {
  const ran = await cli(dir, [...argv, '--json']).done;
  return { code: ran.code, json: JSON.parse(ran.out), err: ran.err };
}
const commands = (json: { next: { command: string }[] }) => json.next.map(({ command }) => command);

async function serve(...argv: string[]) {
  const server = cli(dir, ['serve', '--port', '0', '--json', ...argv]);
  onTestFinished(async () => {
    server.child.kill('SIGTERM');
    await server.done;
  });
  const lines = (await server.said('"event":"ready"')).split('\n');
  return { server, ready: JSON.parse(lines.find((line) => line.includes('"event":"ready"')) ?? '') };
}

describe('without the plan that a Docker Space needs', () => {
  test('plan and apply say so before the first write, and name serve', async () => {
    for (const verb of ['plan', 'apply']) {
      const { json } = await collab(verb);
      expect(commands(json)).toContain("challenge.yaml: hub.space: ''");
      expect(json.next.find(({ why }: { why: string }) => why.includes('create-collab serve'))).toBeTruthy();
    }
    const organizer = createHubClient({ endpoint: hubUrl, token: tokens.organizer ?? '' });
    expect(await organizer.bucketInfo(CENTRAL)).toBeNull();
    await expect(organizer.createSpace(SPACE, { sdk: 'docker', private: false })).rejects.toMatchObject({
      kind: 'payment',
    });
  });

  test('serve is refused beside a planned Space, and before the buckets are there', async () => {
    const beside = await collab('serve', '--port', '0');
    expect([beside.code, beside.json.code]).toEqual([1, 'SPACE_PLANNED']);
    const file = join(dir, 'challenge.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(`space: ${SPACE}`, "space: ''"));
    const early = await collab('serve', '--port', '0');
    expect([early.code, early.json.code, commands(early.json)]).toEqual([
      1,
      'BUCKET_MISSING',
      ['create-collab apply'],
    ]);
  });

  test('apply makes everything but the Space; a second one changes nothing', async () => {
    const first = await collab('apply');
    expect([first.code, first.json.api_url, first.json.writes > 0]).toEqual([0, null, true]);
    expect(commands(first.json)).toEqual(['create-collab serve']);
    const again = await collab('apply');
    expect([again.code, again.json.writes]).toEqual([0, 0]);
    expect((await collab('plan')).code).toBe(0);
  });

  test('what the README says follows challenge.yaml, also after it was written', async () => {
    const file = join(dir, 'challenge.yaml');
    const text = await readFile(file, 'utf8');
    const organizer = createHubClient({ endpoint: hubUrl, token: tokens.organizer ?? '' });
    const read = async () => {
      await collab('check');
      await collab('apply');
      return new TextDecoder().decode((await organizer.readFile(CENTRAL, 'README.md')) ?? undefined);
    };
    await writeFile(file, text.replace('limit: 1\n', 'limit: 0.9\n'));
    expect(await read()).toContain('`correct >= 0.9`');
    await writeFile(file, text);
    expect(await read()).toContain('`correct >= 1`');
  });

  test('serve comes up, an agent takes part, Ctrl-C leaves nothing behind', async () => {
    const { server, ready } = await serve();
    const health = await fetch(`${ready.api_url}/v1/healthz`);
    expect(health.status).toBe(200);
    expect((await (await fetch(ready.dashboard_url)).text()).startsWith('<!doctype html>')).toBe(true);

    const twice = await collab('serve', '--port', '0');
    expect([twice.code, twice.json.code]).toEqual([1, 'SERVER_RUNNING']);
    const status = await cli(dir, ['status']).done;
    expect([status.code, status.out]).toEqual([0, expect.stringContaining('answers; results: none yet')]);

    await rm(join(cwd, 'agent'), { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
    await mkdir(join(cwd, 'agent'));
    const env = { HF_ENDPOINT: hubUrl, HF_TOKEN: tokens['participant-1'] ?? '', HF_HOME: join(cwd, 'agent') };
    const agent = (line: string) => run('bash', ['-c', line], join(cwd, 'agent'), env).done;
    const joined = await agent(
      `curl -fsSO ${ready.api_url}/client/collab.mjs && node collab.mjs join --api ${ready.api_url} --agent-id solo --model m --json`,
    );
    expect([joined.code, JSON.parse(joined.out).agent_id]).toEqual([0, 'solo']);
    expect((await agent('node collab.mjs post "Hello from here." --json')).code).toBe(0);
    expect((await agent('node collab.mjs board')).out).toContain('Hello from here.');
    const unmeasured = await agent('mkdir s && echo {} >s/manifest.json && node collab.mjs run s --json');
    const { code, next } = JSON.parse(unmeasured.out);
    expect([unmeasured.code, code]).toEqual([1, 'JOBS_DISABLED']);
    const at = / --submission (hf:\S+)/.exec(next[0].command)?.[1];
    const by = `node collab.mjs result --score 3 --submission ${at} --method m --description d --json`;
    expect((await agent(by)).code).toBe(0);

    server.child.kill('SIGINT');
    const ended = await server.done;
    expect([ended.code, JSON.parse(ended.out).status]).toEqual([0, 'ok']);
    for (const token of Object.values(tokens)) expect(ended.out + ended.err).not.toContain(token);
    await eventually(async () => !(await processesOf(dir)).some((line) => line.includes('server.mjs')));
    await expect(fetch(`${ready.api_url}/v1/healthz`)).rejects.toThrow();
  });

  test('SIGKILL takes the server along; the next serve goes on at once', async () => {
    const killed = await serve();
    killed.server.child.kill('SIGKILL');
    await killed.server.done;
    await eventually(async () => !(await processesOf(dir)).some((line) => line.includes('server.mjs')));
    await expect(fetch(`${killed.ready.api_url}/v1/healthz`)).rejects.toThrow();
    const { ready } = await serve();
    expect((await fetch(`${ready.api_url}/v1/healthz`)).status).toBe(200);
  });

  test('a server that ends by itself is an error with its last words; the record is still there', async () => {
    // What a crash leaves behind; its process id is another program's by now.
    await writeFile(
      join(dir, '.collab/server.json'),
      JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid }),
    );
    const { server, ready } = await serve();
    const board = await (await fetch(`${ready.api_url}/v1/messages?expand=true`)).json();
    expect(JSON.stringify(board)).toContain('Hello from here.');
    process.kill(ready.pid, 'SIGKILL');
    const ended = await server.done;
    expect([ended.code, JSON.parse(ended.out).code]).toEqual([1, 'SERVER_ENDED']);
  });
});

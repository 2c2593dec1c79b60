import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/index.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { caller, TOKENS, until } from '../helpers/hub.ts';
import { type HubProcess, spawnHub } from '../helpers/hub-process.ts';

let root: string;
let dir: string;
const running: HubProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'collab-hub-fault-'));
  dir = join(root, 'hub');
});
afterEach(async () => {
  for (const hub of running.splice(0)) {
    hub.child.kill('SIGKILL');
    await hub.exited;
  }
  await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

async function start(more: string[] = []) {
  const hub = await spawnHub(dir, more);
  running.push(hub);
  const url = hub.url ?? '';
  return { ...hub, url, call: caller({ url }) };
}

const SERVER =
  "import { createServer } from 'node:http'; createServer((q, r) => r.end(String(process.pid))).listen(process.env.PORT, process.env.HOST);";

async function startSpace(hub: Awaited<ReturnType<typeof start>>) {
  await hub.call(TOKENS.admin, 'POST', '/api/repos/create', {
    type: 'space',
    name: 'app',
    organization: 'acme',
    sdk: 'docker',
  });
  const files = { Dockerfile: 'FROM node\nCMD ["node","server.mjs"]', 'server.mjs': SERVER };
  const lines = Object.entries(files).map(([path, content]) => ({ key: 'file', value: { path, content } }));
  await fetch(`${hub.url}/api/spaces/acme/app/commit/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKENS.admin}` },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  return untilRunning(hub);
}

async function untilRunning(hub: Awaited<ReturnType<typeof start>>) {
  const host = (await (await hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app')).json()).host as string;
  const pid = await until(async () => (await fetch(host).catch(() => null))?.text());
  return { host, pid: Number(pid) };
}

async function startJob(hub: Awaited<ReturnType<typeof start>>) {
  const command = ['python3', '-c', 'import os,time\nprint("pid", os.getpid())\ntime.sleep(300)'];
  const spec = { dockerImage: 'python:3.12', command, flavor: 'cpu-basic' };
  const { id } = await (await hub.call(TOKENS.writer, 'POST', '/api/jobs/acme', spec)).json();
  const pid = await until(async () => {
    const log = await readFile(join(dir, 'jobs', id, 'log.ndjson'), 'utf8').catch(() => '');
    return /pid (\d+)/.exec(log)?.[1];
  });
  return { id, pid: Number(pid) };
}

/** A zombie that nobody has collected yet counts as gone. */
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe('the hub as a process', () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    it(`leaves no process behind and goes on after ${signal}`, async () => {
      const first = await start();
      const space = await startSpace(first);
      const job = await startJob(first);
      first.child.kill(signal);
      const code = await first.exited;
      expect(code).toBe(signal === 'SIGTERM' ? 0 : null);
      await until(async () => !isAlive(space.pid) && !isAlive(job.pid));
      const second = await start();
      expect(await untilRunning(second)).toMatchObject({ host: space.host });
      const record = await (await second.call(TOKENS.writer, 'GET', `/api/jobs/acme/${job.id}`)).json();
      expect(record.status).toMatchObject({
        stage: 'ERROR',
        message: expect.stringContaining('hub stopped'),
      });
    });

  it('refuses a taken port and a store in use, and takes over a stale lock', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await until(async () => blocker.listening);
    const { port } = blocker.address() as { port: number };
    const refused = await start(['--port', String(port)]);
    expect(await refused.exited).toBe(1);
    expect(refused.stderr()).toContain('PORT_IN_USE');
    blocker.close();
    const first = await start();
    const second = await start();
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toContain('HUB_RUNNING');
    expect(second.stderr()).toContain(String(first.child.pid));
    first.child.kill('SIGKILL');
    await first.exited;
    expect((await start()).url).toMatch(/^http/);
  });

  it('says that a store is damaged instead of losing data', async () => {
    const first = await start();
    for (const name of ['a', 'b', 'c'])
      await first.call(TOKENS.admin, 'POST', `/api/buckets/acme/${name}`, {});
    first.child.kill('SIGTERM');
    await first.exited;
    const path = join(dir, 'journal.ndjson');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"acme/b"', '"acme/x"'));
    const second = await start();
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toContain('STORE_CORRUPT');
    await writeFile(path, `${text}0badc0de [{"t":"buckets","k":"acme/d",`);
    const third = await start();
    const listed = await (await third.call(TOKENS.admin, 'GET', '/api/buckets/acme')).json();
    expect(listed.map((bucket: { id: string }) => bucket.id)).toEqual(['acme/a', 'acme/b', 'acme/c']);
  });

  const rounds = Number(process.env.HUB_KILL_ROUNDS ?? 4);
  it(`loses no acknowledged write over ${rounds} kills under load`, {
    timeout: 300_000 + rounds * 20_000,
  }, async () => {
    const acknowledged = new Map<string, string>();
    const left: Promise<void>[] = [];
    let attempt = 0;
    for (let round = 0; round < rounds; round++) {
      const hub = await start();
      await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/load', {});
      let killed = false;
      let unexpected: unknown;
      const writer = async () => {
        while (!killed) {
          const content = `${++attempt} `.repeat(1 + (attempt % 400));
          const path = `f/${attempt}.txt`;
          await upload(hub.url, path, content);
          acknowledged.set(path, sha(content));
        }
      };
      const writers = [writer(), writer(), writer(), writer()].map((work) =>
        work.catch((error) => {
          if (!killed) unexpected = error;
        }),
      );
      const before = acknowledged.size;
      await until(async () => acknowledged.size > before || unexpected !== undefined);
      const pause = 5 + ((round * 7919) % 450);
      await new Promise((resolve) => setTimeout(resolve, pause));
      expect(unexpected).toBeUndefined();
      killed = true;
      hub.child.kill('SIGKILL');
      await hub.exited;
      left.push(...writers);
    }
    await Promise.all(left);
    const hub = await start();
    for (const [path, expected] of acknowledged) {
      const answer = await hub.call(TOKENS.admin, 'GET', `/buckets/acme/load/resolve/${path}`);
      expect(`${path} ${sha(await answer.text())}`).toBe(`${path} ${expected}`);
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(rounds);
    const unfinished = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.tmp'));
    expect(unfinished).toEqual([]);
    if (process.env.HUB_KILL_ROUNDS) console.info(`${acknowledged.size} acknowledged writes kept`);
  });
});

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

async function upload(endpoint: string, path: string, content: string): Promise<void> {
  const hub = createHubClient({ endpoint, token: TOKENS.admin });
  const { failed } = await hub.write('acme/load', { adds: [{ path, content }] });
  if (failed.length > 0) throw new Error(failed[0]?.error);
}

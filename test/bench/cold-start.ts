/**
 * Cold start from the snapshot, the server in a process of its own: time to the first correct answers, memory, Hub calls.
 * The Hub is this process, each call takes HUB_LATENCY_MS. Run: node scripts/run.mjs test/bench/cold-start.ts (SIZES).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { fileStamp } from '@collab/contract/stamps.ts';
import type { HubPort } from '@collab/hub/port.ts';
import { createApp } from '../../templates/backend/app.ts';
import { silent } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { memoryHub } from '../helpers/memory-hub.ts';
import { CENTRAL, ORG, PRIVATE, SERVER_TOKEN, SLUG, USERS } from '../helpers/server.ts';

const LATENCY = Number(process.env.HUB_LATENCY_MS ?? 20);
const SIZES = (process.env.SIZES ?? '1000,10000,100000').split(',').map(Number);
const AGENTS = 100;
const agentOf = (i: number) => `agent-${i % AGENTS}`;
/** 32 digits that differ from each other as those of a real record do. */
const hash = (i: number) => createHash('md5').update(String(i)).digest('hex');
const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

interface Asked {
  id: number;
  method: string;
  args: unknown[];
}
interface Measured {
  readyMs: number;
  cpuMs: number;
  rssMiB: number;
  peakMiB: number;
  count: number;
  first: string;
}

/** The port over the channel to the parent process. */
function remoteHub(): HubPort {
  let next = 0;
  const open = new Map<number, { done(value: unknown): void; failed(error: unknown): void }>();
  process.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
    const call = open.get(id);
    open.delete(id);
    if (error === undefined) call?.done(value);
    else call?.failed(new Error(error));
  });
  const ask =
    (method: string) =>
    (...args: unknown[]) =>
      new Promise((done, failed) => {
        open.set(++next, { done, failed });
        process.send?.({ id: next, method, args } satisfies Asked);
      });
  return new Proxy({}, { get: (_, name) => ask(String(name)) }) as HubPort;
}

const settings = () =>
  parseSettings({
    HF_TOKEN: SERVER_TOKEN,
    ORG,
    COLLAB_SLUG: SLUG,
    AUDIT_BUCKET: PRIVATE,
    WRITE_AUTH: 'open',
  });

const app = (hub: HubPort) =>
  createApp({
    settings: settings(),
    hub,
    now: Date.now,
    random: (n) => crypto.getRandomValues(new Uint8Array(n)),
    log: silent,
    sleep: (ms, signal) =>
      new Promise((done) => {
        const timer = setTimeout(done, ms);
        signal?.addEventListener('abort', () => {
          clearTimeout(timer);
          done();
        });
      }),
  });

async function serve(): Promise<void> {
  const from = performance.now();
  const server = app(remoteHub());
  void server.run();
  await server.services.store.ready();
  const answer = await server.app.request('/v1/messages?expand=true&limit=5');
  const page = (await answer.json()) as { count: number; items: { filename: string; body: string }[] };
  const readyMs = performance.now() - from;
  const { user, system } = process.cpuUsage();
  await wait(500);
  process.send?.({
    measured: {
      readyMs,
      cpuMs: (user + system) / 1000,
      rssMiB: process.memoryUsage().rss / 2 ** 20,
      peakMiB: process.resourceUsage().maxRSS / 1024,
      count: page.count,
      first: page.items[0]?.filename ?? '',
    } satisfies Measured,
  });
}

function seeded(messages: number) {
  const hub = memoryHub({ now: Date.now, serverToken: SERVER_TOKEN, users: USERS });
  const start = Date.now() - messages * 30_000;
  const central: Record<string, string> = {};
  for (let i = 0; i < AGENTS; i++)
    central[`agents/${agentOf(i)}.md`] = `---\nagent_name: ${agentOf(i)}\nhf_user: user-one\n---\n`;
  for (let i = 0; i < messages; i++) {
    const name = `${fileStamp(start + i * 30_000)}_${agentOf(i)}.md`;
    const text = `---\ntype: agent\nagent: ${agentOf(i)}\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\nidempotency: ${hash(i)}-${hash(-i)}\n---\n\n${'A finding about kernels. '.repeat(16)} @${agentOf(i + 1)}\n`;
    central[`message_board/${name}`] = text;
    central[`inbox/${agentOf(i + 1)}/${name}`] = text;
    if (i % 3 === 0)
      central[`results/${name}`] =
        `---\nscore: ${100 + (i % 50)}\nmethod: m\nstatus: agent-run\ndescription: d\nagent: ${agentOf(i)}\ntimestamp: 2026-06-01 12:00 UTC\nvia: bucket\nsource_sha256: ${hash(i)}${hash(i)}\n---\n\nx\n`;
  }
  hub.seed(CENTRAL, central);
  hub.seed(PRIVATE, {});
  return hub;
}

/** Leaves a snapshot as a server does that stops. */
async function leaveSnapshot(hub: ReturnType<typeof memoryHub>): Promise<string> {
  const server = app(hub);
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

async function coldStart(hub: ReturnType<typeof memoryHub>): Promise<Measured> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['serve'], {
    serialization: 'advanced',
    execArgv: [],
  });
  const methods = hub as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const answer = async ({ id, method, args }: Asked) => {
    const reply = await methods[method]?.(...args).then(
      (value) => ({ id, value }),
      (error: unknown) => ({ id, error: String(error) }),
    );
    if (child.connected) child.send(reply as object);
  };
  return new Promise((done, failed) => {
    child.on('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.on('message', (message: Asked | { measured: Measured }) => {
      if (!('measured' in message)) return void answer(message);
      done(message.measured);
      child.kill('SIGKILL');
    });
  });
}

async function main(): Promise<void> {
  process.stdout.write(`hub latency ${LATENCY} ms, the server alone in its process\n\n`);
  process.stdout.write(
    '| messages | first answers | CPU | RSS | peak RSS | hub calls |\n| --- | --- | --- | --- | --- | --- |\n',
  );
  for (const size of SIZES) {
    const hub = seeded(size);
    const last = await leaveSnapshot(hub);
    hub.fault = () => wait(LATENCY);
    const calls = () => Object.values(hub.calls).reduce((sum, n) => sum + n, 0);
    const before = calls();
    const m = await coldStart(hub);
    if (m.count !== size + 1 || m.first !== last) throw new Error(`wrong answer: ${m.count} ${m.first}`);
    const cells = [
      size,
      `${m.readyMs.toFixed(0)} ms`,
      `${m.cpuMs.toFixed(0)} ms`,
      `${m.rssMiB.toFixed(0)} MiB`,
      `${m.peakMiB.toFixed(0)} MiB`,
      calls() - before,
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

await (process.argv[2] === 'serve' ? serve() : main());

/**
 * Simulated agents against the built server on the embedded hub, with kill -9 of the server on the way. At the end the
 * record is exactly what the agents were told.
 * Run after a build: node scripts/run.mjs test/soak/server.ts (SECONDS, AGENTS and KILLS are environment variables).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const SECONDS = Number(process.env.SECONDS ?? 600);
const AGENTS = Number(process.env.AGENTS ?? 200);
const KILLS = Number(process.env.KILLS ?? 5);
const ROOT = resolve(process.env.ROOT ?? '.');

function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** First line of stdout that `pick` takes. */
function line<T>(child: ChildProcess, pick: (row: Record<string, unknown>) => T | undefined): Promise<T> {
  return new Promise((done, fail) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const rows = text.split('\n');
      text = rows.pop() ?? '';
      for (const row of rows) {
        const found = row.startsWith('{') ? pick(JSON.parse(row)) : undefined;
        if (found !== undefined) done(found);
      }
    });
    child.once('exit', (code) => fail(new Error(`ended with ${code}`)));
  });
}

const dir = await mkdtemp(join(tmpdir(), 'collab-soak-'));
const users = Array.from({ length: AGENTS }, (_, i) => `user-${i}`);
await writeFile(
  join(dir, 'hub.yaml'),
  JSON.stringify({
    users: [
      { name: 'organizer', token: 'hf_organizer' },
      ...users.map((name) => ({ name, token: `hf_${name}` })),
    ],
    orgs: [
      {
        name: 'arena',
        plan: 'team',
        members: [
          { user: 'organizer', role: 'admin' },
          ...users.map((user) => ({ user, role: 'contributor' })),
        ],
      },
    ],
  }),
);
const hub = start([
  join(ROOT, 'dist/cli.mjs'),
  'hub',
  '--dir',
  join(dir, 'hub'),
  '--port',
  '0',
  '--seed',
  join(dir, 'hub.yaml'),
]);
const hubUrl = await line(hub, (row) => row.url as string | undefined);
for (const [id, isPrivate] of [
  ['arena/quest-main-bucket', false],
  ['organizer/quest-private', true],
] as const)
  await fetch(`${hubUrl}/api/buckets/${id}`, {
    method: 'POST',
    headers: { authorization: 'Bearer hf_organizer', 'content-type': 'application/json' },
    body: JSON.stringify({ private: isPrivate }),
  });

let server: ChildProcess;
let url = '';
async function boot(): Promise<void> {
  server = start([join(ROOT, 'dist/space/server.mjs')], {
    HF_ENDPOINT: hubUrl,
    HF_TOKEN: 'hf_organizer',
    PORT: '0',
    HOST: '127.0.0.1',
    ORG: 'arena',
    COLLAB_SLUG: 'quest',
    AUDIT_BUCKET: 'organizer/quest-private',
    RAW_MESSAGE_PER_MINUTE: '100000',
    RAW_MESSAGE_PER_HOUR: '1000000',
    REGISTRATION_PER_MINUTE: '1000',
  });
  const port = await line(server, (row) => (row.event === 'listening' ? (row.port as number) : undefined));
  server.stdout?.resume();
  url = `http://127.0.0.1:${port}`;
}
await boot();

interface Answer {
  status: number;
  json: Record<string, any>;
}
/** One request; any failure of the connection is status 0. */
async function call(
  method: string,
  path: string,
  credential: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${credential}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, json: (await response.json()) as Record<string, any> };
  } catch {
    return { status: 0, json: {} };
  }
}

const told = new Map<string, string>();
const statuses = new Map<number, number>();
const latencies: number[] = [];
let reads = 0;
const until = Date.now() + SECONDS * 1000;

/** Repeats with the same key until the server says 201. */
async function sure(
  path: string,
  credential: string,
  body: unknown,
  key: string,
): Promise<Record<string, any>> {
  for (;;) {
    const from = performance.now();
    const answer = await call('POST', path, credential, body, key);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 201) {
      latencies.push(performance.now() - from);
      return answer.json;
    }
    if (![0, 429, 503].includes(answer.status))
      throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
    await wait(200 + randomInt(400));
  }
}

async function agent(i: number): Promise<void> {
  const id = `agent-${i}`;
  const card = await sure(
    '/v1/agents/register',
    `hf_user-${i}`,
    { agent_id: id, model: 'm', harness: 'h', provision: true },
    `join-${i}`,
  );
  for (let n = 0; Date.now() < until; n++) {
    const body = `note ${n} of ${id} for @agent-${randomInt(AGENTS)}`;
    const posted = await sure('/v1/messages', card.agent_key as string, { agent_id: id, body }, `${id}-${n}`);
    if (told.has(posted.filename)) throw new Error(`${posted.filename} was given twice`);
    told.set(posted.filename, body);
    const page = await call('GET', `/v1/inbox/${id}?expand=true`, card.agent_key as string);
    if (page.status === 200) reads++;
    await wait(randomInt(Math.max(100, AGENTS * 30)));
  }
}

/** Follows the cursor through restarts. */
const seen: string[] = [];
async function poll(last: boolean): Promise<void> {
  for (;;) {
    const after = seen.length > 0 ? `&after=${seen.at(-1)}` : '';
    const page = await call('GET', `/v1/messages?order=asc&limit=500${after}`, 'hf_organizer');
    if (page.status === 200) seen.push(...page.json.items);
    if (last ? page.status === 200 && page.json.items.length === 0 : true) return;
  }
}
async function poller(): Promise<void> {
  for (; Date.now() < until; await wait(250)) await poll(false);
}

async function killer(): Promise<void> {
  for (let i = 0; i < KILLS; i++) {
    await wait((SECONDS * 1000) / (KILLS + 1));
    const gone = new Promise((done) => server.once('exit', done));
    server.kill('SIGKILL');
    await gone;
    await boot();
  }
}

await Promise.all([...users.map((_, i) => agent(i)), poller(), killer()]);
await poll(true);
const listed: string[] = [];
for (let after = ''; ; ) {
  const page = await call('GET', `/v1/messages?order=asc&expand=true&limit=200${after}`, 'hf_organizer');
  if (page.status !== 200) continue;
  for (const r of page.json.items) {
    if (told.get(r.filename) !== r.body)
      throw new Error(`${r.filename}: told ${told.get(r.filename)}, stands ${r.body}`);
    listed.push(r.filename);
  }
  if (page.json.next === null) break;
  after = `&after=${page.json.next}`;
}
const problems: string[] = [];
if (listed.length !== told.size) problems.push(`${told.size} acknowledged, ${listed.length} in the record`);
if (seen.join() !== [...told.keys()].sort().join())
  problems.push(`the poller saw ${seen.length} of ${told.size}`);
latencies.sort((a, b) => a - b);
const at = (q: number) => Math.round(latencies[Math.floor(latencies.length * q)] ?? 0);
const memory =
  process.platform === 'linux'
    ? await import('node:fs/promises').then((fs) => fs.readFile(`/proc/${server.pid}/status`, 'utf8'))
    : '';
console.log(
  JSON.stringify(
    {
      seconds: SECONDS,
      agents: AGENTS,
      kills: KILLS,
      messages: told.size,
      reads,
      poller: seen.length,
      statuses: Object.fromEntries(statuses),
      post_ms: { p50: at(0.5), p99: at(0.99) },
      server_rss: /VmRSS:\s+(\d+ kB)/.exec(memory)?.[1],
      problems,
    },
    null,
    1,
  ),
);
const ended = new Promise((done) => server.once('exit', done));
server!.kill('SIGTERM');
await ended;
hub.kill('SIGTERM');
process.exitCode = problems.length > 0 ? 1 : 0;

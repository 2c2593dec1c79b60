// The embedded hub under weight: 1 GB up and down with its memory, and a disk that is really full.
// node scripts/run.mjs test/bench/hub.ts [--hf <path of the hf command>] [--mb 1000]
// Linux: memory is read from /proc, the small disk is a tmpfs in a mount namespace (root or user namespaces).
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, openAsBlob, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createRepo, downloadFile, HubApiError, uploadFile } from '@huggingface/hub';

const { values } = parseArgs({
  options: { hf: { type: 'string' }, mb: { type: 'string', default: '1000' } },
});
const MB = 1e6;
const TOKEN = 'hf_bench';
const SEED = JSON.stringify({ users: [{ name: 'bench', token: TOKEN, pro: true }] });
const PROGRAM = resolve('dist/cli.mjs');
const repo = { type: 'bucket', name: 'bench/data' } as const;
const scratch = await mkdtemp(join(tmpdir(), 'collab-bench-hub-'));
await writeFile(join(scratch, 'seed.yaml'), SEED);
interface Hub {
  url: string;
  pid: number;
}

/** A hub; `before` goes in front of its command. `next` waits for the line it prints when it listens (again). */
function start(dir: string, before: string[] = []) {
  const args = ['hub', '--dir', dir, '--port', '0', '--seed', join(scratch, 'seed.yaml')];
  const [program, ...rest] = [...before, process.execPath, PROGRAM, ...args] as [string, ...string[]];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = new Promise((done) => child.once('exit', done));
  return { next: async (): Promise<Hub> => JSON.parse((await lines.next()).value), exited };
}

const access = (url: string) => ({ hubUrl: url, accessToken: TOKEN });
const peakMb = (pid: number) =>
  Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

async function gigabyte(megabytes: number): Promise<void> {
  const path = join(scratch, 'big.bin');
  const wanted = await randomFile(path, megabytes);
  const clients: [string, (url: string, up: boolean) => Promise<void>][] = [
    ['@huggingface/hub', (url, up) => (up ? byJavaScript(url, path) : backByJavaScript(url))],
  ];
  if (values.hf) clients.push(['hf buckets cp', async (url, up) => byCommandLine(url, up, path)]);
  console.log(`| ${megabytes} MB by | up | down | peak memory of the hub |\n| --- | --- | --- | --- |`);
  for (const [name, move] of clients) {
    const hub = start(join(scratch, `hub-${clients.findIndex(([n]) => n === name)}`));
    const { url, pid } = await hub.next();
    await createRepo({ ...access(url), repo });
    const up = await seconds(() => move(url, true));
    const down = await seconds(() => move(url, false));
    if ((await sha(join(scratch, 'back.bin'))) !== wanted) throw new Error(`${name} read something else`);
    console.log(`| ${name} | ${up.toFixed(1)} s | ${down.toFixed(1)} s | ${peakMb(pid).toFixed(0)} MiB |`);
    process.kill(pid, 'SIGTERM');
    await hub.exited;
  }
}

async function byJavaScript(url: string, path: string): Promise<void> {
  await uploadFile({ ...access(url), repo, file: { path: 'big.bin', content: await openAsBlob(path) } });
}

async function backByJavaScript(url: string): Promise<void> {
  const blob = (await downloadFile({ ...access(url), repo, path: 'big.bin' })) as Blob;
  const body = Readable.fromWeb(blob.stream() as Parameters<typeof Readable.fromWeb>[0]);
  await pipeline(body, createWriteStream(join(scratch, 'back.bin')));
}

/** With a home of its own each time: what the client remembers of an upload would spare it the transfer. */
function byCommandLine(url: string, up: boolean, path: string): void {
  const there = `hf://buckets/${repo.name}/big.bin`;
  const [from, to] = up ? [path, there] : [there, join(scratch, 'back.bin')];
  const env = { ...process.env, HF_ENDPOINT: url, HF_TOKEN: TOKEN, HF_HOME: join(scratch, `home-${up}`) };
  const done = spawnSync(values.hf as string, ['buckets', 'cp', from, to], { env, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(done.stderr);
}

/** Writes until the disk refuses, then looks whether everything acknowledged is there, before and after a restart. */
async function fullDisk(): Promise<void> {
  const dir = join(scratch, 'small');
  await mkdir(dir);
  const twice = 'mount -t tmpfs -o size=40m tmpfs "$0" && { "$@"; exec "$@"; }';
  const isRoot = process.getuid?.() === 0;
  const hub = start(join(dir, 'hub'), [
    'unshare',
    ...(isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']),
    '/bin/sh',
    '-c',
    twice,
    dir,
  ]);
  const first = await hub.next();
  await createRepo({ ...access(first.url), repo });
  const kept = new Map<string, string>();
  const statuses = new Set<number>();
  for (let i = 0; i < 40; i++) {
    const content = randomBytes(3 * MB);
    const file = { path: `f${i}`, content: new Blob([content]) };
    try {
      await uploadFile({ ...access(first.url), repo, file });
      kept.set(file.path, digest(content));
    } catch (error) {
      statuses.add((error as HubApiError).statusCode);
    }
  }
  await verify(first.url, kept);
  process.kill(first.pid, 'SIGTERM');
  const second = await hub.next();
  await verify(second.url, kept);
  process.kill(second.pid, 'SIGTERM');
  await hub.exited;
  console.log(
    `\nFull disk (40 MB): ${kept.size} of 40 files of 3 MB taken, the others refused with ${[...statuses]};`,
  );
  console.log('all that were taken read back whole, also after a restart on the full disk.');
}

async function verify(url: string, kept: Map<string, string>): Promise<void> {
  const answer = await fetch(`${url}/api/buckets/${repo.name}/tree`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  const listed: string[] = (await answer.json()).map((file: { path: string }) => file.path);
  if (listed.sort().join() !== [...kept.keys()].sort().join()) throw new Error('the tree differs');
  for (const [path, wanted] of kept) {
    const blob = await downloadFile({ ...access(url), repo, path });
    if (digest(Buffer.from(await (blob as Blob).arrayBuffer())) !== wanted)
      throw new Error(`${path} differs`);
  }
}

async function randomFile(path: string, megabytes: number): Promise<string> {
  const hash = createHash('sha256');
  const stream = createWriteStream(path);
  for (let i = 0; i < megabytes / 4; i++) {
    const piece = randomBytes(4 * MB);
    hash.update(piece);
    if (!stream.write(piece)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  return hash.digest('hex');
}

async function sha(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

const digest = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

try {
  await gigabyte(Number(values.mb));
  await fullDisk();
} finally {
  await rm(scratch, { recursive: true, force: true });
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createHubClient } from '@collab/hub/client.ts';
import { HubError, type HubPort } from '@collab/hub/port.ts';
import { isAlive } from '../alive.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { freePort } from '../ports.ts';
import { writeWhole } from '../whole-file.ts';
import { endChild } from './child.ts';
import { localUsers, seedFile } from './local-users.ts';
import type { LocalHub, StartHubOptions } from './types.ts';

const START_MS = 30_000;
const STOP_MS = 15_000;

interface Listening {
  url: string;
  pid: number;
}

const hubFile = (dir: string): string => join(dir, '.collab', 'hub.json');

/** The embedded hub of this challenge as it last was: it may have stopped since. */
async function lastHub(dir: string): Promise<Listening | null> {
  const text = await readFile(hubFile(dir), 'utf8').catch(() => null);
  try {
    return text === null ? null : (JSON.parse(text) as Listening);
  } catch {
    return null;
  }
}

/** The running embedded hub, or `null`. Asks it: a file left behind by a crash is not taken for a hub. */
export async function runningHub(io: Io, dir: string): Promise<Listening | null> {
  const last = await lastHub(dir);
  if (!last || !isAlive(last.pid)) return null;
  try {
    await askOnce(io, last.url).whoami();
  } catch (error) {
    return error instanceof HubError && error.kind === 'unauthorized' ? last : null;
  }
  return null;
}

/** Without a token and without a second attempt. On a busy machine a hub that is there takes its time. */
function askOnce(io: Io, endpoint: string): HubPort {
  const clock = { now: io.now, sleep: () => Promise.reject(new Error('one attempt')) };
  return createHubClient({ endpoint, fetch: io.fetch, clock, timeoutMs: 15_000 });
}

/** The running hub, if it goes on running: that of a run that was killed just now is about to stop by itself. */
async function stillRunning(io: Io, dir: string): Promise<Listening | null> {
  for (let left = 8; ; left--) {
    const running = await runningHub(io, dir);
    if (!running || left === 0) return running;
    await io.sleep(500, io.signal);
  }
}

/**
 * Starts the embedded hub of a challenge on the port it had before, or the next free one, with its users.
 * @throws CollabError HUB_RUNNING, HUB_START_FAILED.
 */
export async function startLocalHub(options: StartHubOptions): Promise<LocalHub> {
  const { io, dir } = options;
  const already = await stillRunning(io, dir);
  if (already)
    throw new CollabError(
      'HUB_RUNNING',
      `The embedded hub of this challenge runs already at ${already.url}.`,
      {
        next: [{ command: 'create-collab status', why: 'shows what runs' }],
      },
    );
  const resumed = existsSync(join(dir, '.collab', 'hub'));
  const tokens = await localUsers(dir, options.hub);
  const began = io.now();
  const child = await spawnHub(options);
  const stop = () => stopChild(child, dir);
  try {
    const { url } = await listening(child, io);
    const pid = child.pid ?? 0;
    await writeWhole(hubFile(dir), `${JSON.stringify({ url, pid })}\n`);
    const text = `Embedded hub at ${url}`;
    options.progress?.({ id: 'hub', state: 'done', text, ms: io.now() - began });
    return { url, pid, tokens, resumed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function spawnHub(options: StartHubOptions): Promise<ChildProcess> {
  const { io, dir } = options;
  const cli = join(io.packageRoot, 'dist', 'cli.mjs');
  if (!existsSync(cli))
    throw new CollabError('PACKAGE_INCOMPLETE', 'create-collab is not built: dist/cli.mjs is missing.', {
      next: [{ command: 'npm run build', why: 'in a checkout of create-collab' }],
    });
  const port = await portFor(await lastHub(dir), options.host);
  const args = [
    'hub',
    '--dir',
    join(dir, '.collab', 'hub'),
    '--port',
    String(port),
    '--seed',
    seedFile(dir),
    '--with-parent',
    ...(options.trustSubmissions ? [] : ['--challenge', dir]),
  ];
  return spawn(process.execPath, [cli, ...args, ...(options.host ? ['--host', options.host] : [])], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C at a terminal goes to the whole group: the hub is to stop when we tell it, after our own last call.
    detached: true,
    env: hubEnvironment(io.env),
  });
}

/** Nobody's real token gets into the local hub and what it starts. */
function hubEnvironment(env: Io['env']): NodeJS.ProcessEnv {
  const { HF_TOKEN, HUGGING_FACE_HUB_TOKEN, SPACE_TOKEN, EVALUATOR_TOKEN, PARTICIPANT_TOKEN, ...rest } = env;
  return rest;
}

/** The port of last time when it is free: URLs in agents' prompts stay good. */
const portFor = (last: Listening | null, host = '127.0.0.1'): Promise<number> =>
  freePort(host, last && Number(new URL(last.url).port));

/** Waits for the line the hub prints when it listens. */
async function listening(child: ChildProcess, io: Io): Promise<Listening> {
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-2_000);
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const abort = new AbortController();
  try {
    return await Promise.race([
      new Promise<Listening>((resolve, reject) => {
        lines.on('line', (line) => {
          const parsed = parseListening(line);
          if (parsed) resolve(parsed);
        });
        child.once('error', (error) => reject(startFailed(error.message)));
        child.once('exit', (code) => reject(startFailed(`it ended with ${code}: ${said.trim()}`)));
      }),
      io.sleep(START_MS, abort.signal).then(() => {
        throw startFailed(`it does not listen after ${START_MS / 1000} s: ${said.trim()}`);
      }),
    ]);
  } finally {
    abort.abort();
    lines.close();
    child.stdout?.resume();
  }
}

function parseListening(line: string): Listening | null {
  try {
    const parsed = JSON.parse(line) as Partial<Listening>;
    return typeof parsed.url === 'string' ? { url: parsed.url, pid: Number(parsed.pid) } : null;
  } catch {
    return null;
  }
}

const startFailed = (why: string): CollabError =>
  new CollabError('HUB_START_FAILED', `The embedded hub did not start: ${why}`, {
    next: [{ command: 'create-collab doctor', why: 'checks the set-up' }],
  });

/** Asks the hub to end, with everything it started; after 15 s it is ended. */
async function stopChild(child: ChildProcess, dir: string): Promise<void> {
  await endChild(child, STOP_MS);
  // The port is worth remembering; the process is gone.
  const last = await lastHub(dir);
  if (last?.pid === child.pid)
    await writeWhole(hubFile(dir), `${JSON.stringify({ url: last?.url, pid: 0 })}\n`);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { urlAt } from '../address.ts';
import { isAlive } from '../alive.ts';
import { spaceVariables } from '../config/env.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CommandOf } from '../plan/commands.ts';
import { unwatchGroup, watchGroup } from '../reaper.ts';
import { writeWhole } from '../whole-file.ts';
import { endChild } from './child.ts';
import type { ServerAccess } from './connect.ts';
import { answers } from './health.ts';

const START_MS = 120_000;
const STOP_MS = 25_000;
const LOG_LINES = 15;

export interface ServeOptions {
  io: Io;
  /** The challenge directory, absolute. */
  dir: string;
  config: ChallengeConfig;
  access: ServerAccess;
  host: string;
  port: number;
  verbose: boolean;
}

/** The server of one challenge, running as a child process. */
export interface LocalServer {
  url: string;
  pid: number;
  /** Resolves when it has ended by itself. */
  ended: Promise<number | null>;
  /** Resolves when the child is gone. Idempotent. */
  stop(): Promise<void>;
  log(): string[];
}

const TOKENS = new Set([
  'HF_TOKEN',
  'HUGGING_FACE_HUB_TOKEN',
  'SPACE_TOKEN',
  'EVALUATOR_TOKEN',
  'PARTICIPANT_TOKEN',
]);

/**
 * The server's environment: the variables that `apply` would give the Space win over everything at hand; no other token
 * than the server's own gets in. On its own machine nothing stands in front of it unless TRUSTED_PROXY_HOPS says so.
 */
export function serverEnvironment(options: Omit<ServeOptions, 'dir' | 'verbose'>): NodeJS.ProcessEnv {
  const { io, config, access, host, port } = options;
  const ambient = Object.entries(io.env).filter(([name]) => !TOKENS.has(name));
  return {
    TRUSTED_PROXY_HOPS: '0',
    ...Object.fromEntries(ambient),
    ...spaceVariables(config),
    HF_ENDPOINT: access.hubUrl,
    HF_TOKEN: access.token,
    HOST: host,
    PORT: String(port),
  };
}

/**
 * Starts `space/server.mjs` and waits until it answers.
 * @throws CollabError SERVER_RUNNING, SERVER_FAILED, SERVER_TIMEOUT
 */
export async function startServer(options: ServeOptions): Promise<LocalServer> {
  const { io, dir, host, port } = options;
  await refuseSecond(io, dir);
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: join(dir, 'space'),
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C at a terminal goes to the whole group: the server is to stop when we tell it.
    detached: true,
    env: serverEnvironment(options),
  });
  const tail = keepLog(child, options);
  const ended = untilGone(child);
  const url = urlAt(host, port);
  const stop = async () => {
    await endChild(child, STOP_MS);
    await remember(dir, { url, pid: 0 });
  };
  const server = { url, pid: child.pid ?? 0, ended, stop, log: () => tail };
  try {
    await remember(dir, { url, pid: server.pid });
    await untilHealthy(server, io);
    return server;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The server never outlives this process: not even SIGKILL leaves one behind that nobody knows of. */
function untilGone(child: ChildProcess): Promise<number | null> {
  const { pid } = child;
  if (pid !== undefined) watchGroup(pid);
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', (code) => {
      if (pid !== undefined) unwatchGroup(pid);
      resolve(code);
    });
  });
}

/** The server's own lines go to stderr: what is wrong always, what is routine with `--verbose`. */
function keepLog(child: ChildProcess, { io, verbose }: ServeOptions): string[] {
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
      tail.push(line);
      if (tail.length > LOG_LINES) tail.shift();
      if (verbose || !/"level":"(?:info|debug)"/.test(line)) io.stderr.write(`${line}\n`);
    });
  return tail;
}

async function untilHealthy({ url, ended, log }: LocalServer, io: Io): Promise<void> {
  let code: number | null | undefined;
  void ended.then((value) => {
    code = value;
  });
  const until = io.now() + START_MS;
  while (!(await answers(io.fetch, url))) {
    const said = log()
      .map((line) => `\n    ${line}`)
      .join('');
    const next = [CommandOf.doctor];
    if (code !== undefined)
      throw new CollabError('SERVER_FAILED', `The server ended with ${code}:${said}`, { next });
    if (io.now() >= until)
      throw new CollabError('SERVER_TIMEOUT', `The server does not answer at ${url}:${said}`, { next });
    await io.sleep(100, io.signal);
  }
}

interface Served {
  url: string;
  pid: number;
}

const serverFile = (dir: string): string => join(dir, '.collab', 'server.json');

/** The server that `serve` runs for this directory on this machine, or `null`. Asks it: process ids come back. */
export async function servedHere(io: Io, dir: string): Promise<Served | null> {
  const text = await readFile(serverFile(dir), 'utf8').catch(() => null);
  try {
    const served = text === null ? null : (JSON.parse(text) as Served);
    if (!served || served.pid <= 0 || !isAlive(served.pid)) return null;
    return (await answers(io.fetch, served.url)) ? served : null;
  } catch {
    return null;
  }
}

const remember = (dir: string, served: Served) =>
  writeWhole(serverFile(dir), `${JSON.stringify(served)}\n`, 0o600);

/** Two servers would write the same record side by side. */
async function refuseSecond(io: Io, dir: string): Promise<void> {
  const running = await servedHere(io, dir);
  if (!running) return;
  throw new CollabError(
    'SERVER_RUNNING',
    `The server of this challenge runs already at ${running.url} (process ${running.pid}).`,
    { next: [{ command: 'create-collab status', why: 'shows what runs' }] },
  );
}

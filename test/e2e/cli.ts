import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The built command line as a real process, for tests that need process trees and signals. */
export const CLI = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url));

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface Running {
  child: ChildProcess;
  done: Promise<Ran>;
  /** Resolves when standard error holds the text; rejects when the process ends without it. */
  said(text: string): Promise<string>;
}

/** Runs a program with nothing of this shell but PATH. */
export function run(command: string, argv: string[], cwd: string, env: Record<string, string> = {}): Running {
  const child = spawn(command, argv, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran: Ran = { code: null, out: '', err: '' };
  let ended = false;
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const check of waiting.splice(0)) check();
  };
  child.stdout.on('data', (data) => {
    ran.out += data;
  });
  child.stderr.on('data', (data) => {
    ran.err += data;
    wake();
  });
  const done = new Promise<Ran>((resolve) =>
    child.on('close', (code) => {
      ran.code = code;
      ended = true;
      resolve(ran);
      wake();
    }),
  );
  const said = async (text: string) => {
    while (!ran.err.includes(text)) {
      if (ended) throw new Error(`ended before "${text}": ${ran.out.slice(-500)} ${ran.err.slice(-2000)}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    return ran.err;
  };
  return { child, done, said };
}

/** One command line of create-collab. */
export const cli = (cwd: string, argv: string[], env: Record<string, string> = {}) =>
  run(process.execPath, [CLI, ...argv], cwd, env);

/** Processes that work in a folder: their command line or their environment names it. Linux only. */
export async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    if (Number(pid) === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment] = [await read('cmdline'), await read('environ')];
    if (command.includes(folder) || environment.includes(folder))
      found.push(command.replaceAll('\0', ' ').trim() || pid);
  }
  return found;
}

/** Processes that were told to end need a moment to be gone. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('still not so after 120 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

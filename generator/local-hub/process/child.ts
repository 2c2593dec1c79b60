import { type ChildProcess, spawn } from 'node:child_process';
import { unwatchGroup, watchGroup } from '../../reaper.ts';
import { eachLine } from './lines.ts';

export interface ChildOptions {
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
  onLine(line: string): void;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The program could not be started at all. */
  error?: string;
}

export interface Child {
  pid: number | undefined;
  /** Kept when the process has ended and its output was read. */
  exited: Promise<Exit>;
  /** SIGTERM to the whole process group, SIGKILL after `graceMs`; kept when the group's leader is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program in a process group of its own, so that everything it starts can be ended with it. */
export function startChild({ command, args, cwd, env, onLine }: ChildOptions): Child {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  if (pid !== undefined) watchGroup(pid);
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, onLine);
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error: sentenceOf(error, command) }));
    let release: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      release = setTimeout(() => releaseOutput(child), 250);
    });
    child.once('close', (code, signal) => {
      clearTimeout(release);
      killGroup(pid, 'SIGKILL');
      if (pid !== undefined) unwatchGroup(pid);
      resolve({ code, signal });
    });
  });
  const stop = async (graceMs = 3000) => {
    killGroup(child.pid, 'SIGTERM');
    const timer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  };
  return { pid: child.pid, exited, stop };
}

function sentenceOf(error: NodeJS.ErrnoException, command: string): string {
  if (error.code === 'ENOENT') return `${command} is not installed on this machine, and images are not used`;
  return error.message;
}

/** A grandchild that holds the pipes open must not keep its dead parent "running". */
function releaseOutput(child: ChildProcess): void {
  killGroup(child.pid, 'SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

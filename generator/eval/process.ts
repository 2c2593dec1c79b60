import { spawn } from 'node:child_process';
import { Cancelled, CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { unwatchGroup, watchGroup } from '../reaper.ts';

export interface Finished {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it printed, at most {@link MAX_OUTPUT} characters of the end. */
  output: string;
  ms: number;
}

const MAX_OUTPUT = 256 * 1024;

export interface PythonOptions {
  cwd: string;
  timeoutMs: number;
  onLine?(line: string): void;
}

/**
 * Runs python3 in a process group of its own with a scrubbed environment: no token of the organizer reaches it.
 * Ctrl-C and the time limit end the whole group.
 * @throws CollabError PYTHON_MISSING, PYTHON_FAILED, EVAL_TIMEOUT
 * @throws Cancelled at Ctrl-C, so that nobody takes a run that was ended for one that failed
 */
export async function python(io: Io, args: string[], options: PythonOptions): Promise<Finished> {
  if (io.signal.aborted) throw new Cancelled();
  const started = io.now();
  const child = spawn('python3', args, {
    cwd: options.cwd,
    env: { PATH: io.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid } = child;
  // Not even SIGKILL of this process leaves a harness running.
  if (pid !== undefined) watchGroup(pid);
  const end = () => pid !== undefined && kill(-pid);
  const state = { timedOut: false, output: '' };
  const timer = setTimeout(() => {
    state.timedOut = true;
    end();
  }, options.timeoutMs);
  io.signal.addEventListener('abort', end, { once: true });
  const collect = (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    state.output = (state.output + text).slice(-MAX_OUTPUT);
    for (const line of text.split('\n')) if (line) options.onLine?.(line);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  try {
    const { code, signal } = await ended(child);
    if (io.signal.aborted) throw new Cancelled();
    if (state.timedOut) throw timedOut(options.timeoutMs);
    return { code, signal, output: state.output, ms: io.now() - started };
  } finally {
    clearTimeout(timer);
    io.signal.removeEventListener('abort', end);
    end();
    if (pid !== undefined) unwatchGroup(pid);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<Pick<Finished, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause: NodeJS.ErrnoException) => reject(notStarted(cause)));
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
}

function kill(group: number): void {
  try {
    process.kill(group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function notStarted(cause: NodeJS.ErrnoException): CollabError {
  if (cause.code !== 'ENOENT')
    return new CollabError('PYTHON_FAILED', `python3: ${cause.message}`, { cause });
  return pythonMissing(cause);
}

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'brew install python',
  linux: 'sudo apt-get install -y python3',
};

function pythonMissing(cause?: Error): CollabError {
  const command = INSTALL[process.platform] ?? 'install Python 3 from python.org';
  return new CollabError(
    'PYTHON_MISSING',
    'Harnesses run on python3 (3.9 or newer), and there is none on this machine.',
    { cause, next: [{ command, why: 'nothing beyond its standard library is needed' }] },
  );
}

const SAY_VERSION = 'import sys; print(sys.version.split()[0]); sys.exit(sys.version_info < (3, 9))';

/**
 * Runs it. @returns its version.
 * @throws CollabError PYTHON_MISSING when there is none or it is too old, PYTHON_FAILED when it cannot be started
 */
export async function requirePython(io: Io): Promise<string> {
  const { code, output } = await python(io, ['-c', SAY_VERSION], { cwd: io.cwd, timeoutMs: 60_000 });
  if (code !== 0) throw pythonMissing();
  return output.trim();
}

const timedOut = (ms: number) =>
  new CollabError(
    'EVAL_TIMEOUT',
    `The harness did not end within ${Math.round(ms / 1000)} s and was ended.`,
    {
      next: [
        { command: 'create-collab eval preflight', why: 'finds faults of the submission without running it' },
      ],
    },
  );

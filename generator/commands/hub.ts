import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Command, CommandContext, Outcome } from '../command.ts';
import { CollabError } from '../errors.ts';
import { readSeed } from '../local-hub/seed.ts';
import { startHub } from '../local-hub/serve.ts';
import { portOption } from '../ports.ts';

/** Serves the embedded hub until SIGINT or SIGTERM. */
export const command: Command = {
  name: 'hub',
  args: '',
  summary: 'Serves the embedded Hugging Face Hub alone; any client uses it through HF_ENDPOINT.',
  options: {
    dir: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    seed: { type: 'string' },
    'enforce-limits': { type: 'boolean' },
    login: { type: 'string' },
    challenge: { type: 'string' },
    'with-parent': { type: 'boolean' },
  },
  optionDocs: {
    dir: 'folder of its state (default .collab/hub)',
    port: 'port to listen on; 0 takes a free one (default 0)',
    host: 'address to listen on (default 127.0.0.1)',
    seed: 'YAML file with users, tokens, organizations and roles',
    login: 'pick (choose a local user, the default on loopback) or token',
    challenge:
      'folder of a challenge: where nothing separates a submission from this machine, its samples alone run',
    'with-parent': 'stop when standard input closes: the program that started it is gone',
    'enforce-limits': 'answer 429 over the quota of the caller’s plan',
  },
  run,
};

async function run(context: CommandContext): Promise<Outcome> {
  const { io, options } = context;
  for (const stream of [io.stdout, io.stderr]) stream.on('error', () => undefined);
  const seed = typeof options.seed === 'string' ? await readSeed(resolve(io.cwd, options.seed)) : undefined;
  const dir = resolve(io.cwd, typeof options.dir === 'string' ? options.dir : '.collab/hub');
  const port = portOption(options.port ?? 0);
  const host = typeof options.host === 'string' ? options.host : '127.0.0.1';
  const login = loginOption(options.login);
  const enforceLimits = options['enforce-limits'] === true;
  const challenge = typeof options.challenge === 'string' ? resolve(io.cwd, options.challenge) : undefined;
  const hub = await startHub({ dir, port, host, seed, login, enforceLimits, challenge });
  io.stdout.write(`${JSON.stringify({ url: hub.url, pid: process.pid, dir })}\n`);
  const ends = [io.signal.aborted ? null : once(io.signal, 'abort')];
  if (options['with-parent'] === true) ends.push(once(io.stdin.resume(), 'end'));
  await Promise.race(ends);
  // An open standard input would keep the process up after everything else has ended.
  if (options['with-parent'] === true) io.stdin.destroy();
  await hub.close();
  return { status: 'ok', text: '', data: {} };
}

function loginOption(value: unknown): 'pick' | 'token' | undefined {
  if (value === undefined || value === 'pick' || value === 'token') return value;
  throw new CollabError('BAD_FLAG', `--login must be pick or token, not ${value}.`);
}

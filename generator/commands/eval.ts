import { resolve } from 'node:path';
import type { Command, CommandContext, Outcome } from '../command.ts';
import { readChallenge } from '../config/yaml.ts';
import { CollabError } from '../errors.ts';
import type { Challenge } from '../eval/harness.ts';

type What = (context: CommandContext, challenge: Challenge) => Promise<Outcome>;

/** Loaded when asked for, so that the other verbs stay fast. */
const WHAT: Record<string, () => Promise<What>> = {
  run: async () => (await import('../eval/run.ts')).run,
  preflight: async () => (await import('../eval/run.ts')).preflight,
  prepare: async () => (await import('../eval/prepare.ts')).prepare,
  selftest: async () => (await import('../eval/selftest.ts')).selftest,
  redteam: async () => (await import('../eval/redteam.ts')).redteam,
  calibrate: async () => (await import('../eval/calibrate.ts')).calibrate,
};

const run: Command['run'] = async (context) => {
  const [what = '', dir = '.', ...rest] = context.positionals;
  const load = WHAT[what];
  if (!load || rest.length > 0) throw unknown(what, rest);
  const root = resolve(context.io.cwd, dir);
  const config = await readChallenge(root);
  const { GATES_RENEWED, renewGates } = await import('../apply/gates.ts');
  if (await renewGates(root, config, context.io.packageRoot)) context.progress(GATES_RENEWED);
  return (await load())(context, { dir: root, config });
};

function unknown(what: string, rest: string[]): CollabError {
  const known = Object.keys(WHAT).join(', ');
  const message =
    rest.length > 0 ? `"${rest[0]}" is one word too many.` : `eval what? "${what}" is none of: ${known}.`;
  return new CollabError('BAD_COMMAND', message, {
    next: [{ command: 'create-collab eval --help', why: 'lists what there is' }],
  });
}

export const command: Command = {
  name: 'eval',
  args: `<${Object.keys(WHAT).join('|')}> [dir]`,
  summary: 'Runs the harness of a challenge, and proves that it judges rightly.',
  options: {
    submission: { type: 'string' },
    private: { type: 'boolean' },
    seed: { type: 'string' },
    state: { type: 'string' },
    force: { type: 'boolean' },
    job: { type: 'boolean' },
    prompts: { type: 'string' },
    exam: { type: 'string' },
    only: { type: 'string' },
    runs: { type: 'string' },
    from: { type: 'string' },
  },
  optionDocs: {
    submission: 'run, preflight: folder of the submission; calibrate --from: whose runs count',
    private: 'run: on the private prompts, as verification does it',
    seed: 'run: which prompts in which order; prepare: seed of the private data',
    state: 'run, preflight: folder for summary.json and logs (default: runs/…)',
    runs: 'calibrate: how many runs of the baseline (default 6)',
    from: 'calibrate: folder with the summary.json of runs made elsewhere',
    only: 'redteam: these cheats alone, with commas between',
    job: 'prepare: make it in a job on the Hub, which a profile with real models needs',
    prompts: 'prepare: file of prompts for such a profile',
    exam: 'prepare: folder with copies of the sets of questions that its exam is made of',
    force: 'prepare: make new private data although there is some',
  },
  run,
};

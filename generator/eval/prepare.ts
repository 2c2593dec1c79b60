import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext, Outcome } from '../command.ts';
import { CollabError } from '../errors.ts';
import { type Challenge, privateDirOf } from './harness.ts';
import { python } from './process.ts';

type Place = Pick<CommandContext, 'io' | 'progress'>;

interface Prepared {
  seed: string;
  files: Record<string, string>;
}

/** Whether the private data in this folder is complete and as it was made. */
export async function isPrepared(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'prepared.json'), 'utf8').catch(() => null);
  if (text === null) return false;
  const { files } = JSON.parse(text) as Prepared;
  const checks = Object.entries(files).map(async ([name, sha256]) => {
    const content = await readFile(join(folder, name)).catch(() => null);
    return content !== null && createHash('sha256').update(content).digest('hex') === sha256;
  });
  return (await Promise.all(checks)).every(Boolean);
}

/** Makes the private data of a challenge unless it is there; does nothing without a private split. */
export async function ensurePrepared(place: Place, challenge: Challenge): Promise<'made' | 'kept' | 'none'> {
  const script = join(challenge.dir, 'harness', 'prepare.py');
  if (!challenge.config.verification.private_split || !existsSync(script)) return 'none';
  if (await isPrepared(privateDirOf(challenge))) return 'kept';
  await make(place, challenge, []);
  return 'made';
}

async function make({ io, progress }: Place, challenge: Challenge, more: string[]): Promise<string> {
  const { dir, config } = challenge;
  if (config.profile === 'full') throw needsTheModels();
  const began = io.now();
  const out = privateDirOf(challenge);
  const args = [join(dir, 'harness', 'prepare.py'), '--out', out, '--profile', config.profile, ...more];
  const { code, output } = await python(io, args, { cwd: dir, timeoutMs: 600_000 });
  if (code !== 0)
    throw new CollabError(
      'PREPARE_FAILED',
      `The private data could not be made: ${output.trim().slice(-400)}`,
    );
  progress({ id: 'prepare', state: 'done', text: `Made the private data in ${out}`, ms: io.now() - began });
  return output.trim();
}

const needsTheModels = () =>
  new CollabError('PREPARE_THERE', 'The data of the full profile is made where the real models are served.', {
    kind: 'action_required',
    next: [
      {
        command: 'python3 harness/prepare_full.py --help',
        why: 'says what it needs; run it in a job on that hardware',
      },
    ],
  });

/** `eval prepare`: makes private prompts and reference outputs once. `--force` makes new ones. */
export async function prepare(context: CommandContext, challenge: Challenge): Promise<Outcome> {
  const { options } = context;
  if (!existsSync(join(challenge.dir, 'harness', 'prepare.py')))
    throw new CollabError('NOTHING_TO_PREPARE', 'The harness of this challenge has no prepare.py.');
  const there = await isPrepared(privateDirOf(challenge));
  if (there && !options.force)
    return {
      status: 'ok',
      text: 'The private data is complete; --force makes new data.',
      data: { made: false },
    };
  const seed = typeof options.seed === 'string' ? ['--seed', options.seed] : [];
  const output = await make(context, challenge, seed);
  return {
    status: 'ok',
    text: 'The private data is in private/. It is never uploaded to a place that participants can read.',
    data: { made: true, ...(JSON.parse(output) as object) },
    next: [
      { command: 'create-collab eval selftest', why: 'proves that the harness accepts and refuses rightly' },
    ],
  };
}

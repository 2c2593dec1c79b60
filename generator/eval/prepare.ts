import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { connect } from '../apply/connect.ts';
import { clientFor } from '../apply/hub-client.ts';
import type { CommandContext, Outcome } from '../command.ts';
import { CollabError } from '../errors.ts';
import { type Challenge, privateDirOf } from './harness.ts';
import { modelsOf, type Pins, type Profile, readPins, readProfile, resolvePins, unpinned } from './pins.ts';
import { prepareByJob, preparePrice } from './prepare-job.ts';
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
  if (needsModels(await readProfile(dir, config.profile))) throw needsAJob();
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

const needsModels = (profile: Profile): boolean => modelsOf(profile).length > 0;

const byJob = {
  command: 'create-collab eval prepare --job --prompts prompts.json',
  why: 'makes it once, in a priced job; prompts.json holds texts or ShareGPT conversations',
};

const needsAJob = (price = '') =>
  new CollabError(
    'PREPARE_THERE',
    `The data of this profile is made by its models, in a job on their hardware${price}.`,
    { kind: 'action_required', next: [byJob] },
  );

/** `eval prepare`: makes private prompts and reference outputs once. `--force` makes new ones, `--job` on the Hub. */
export async function prepare(context: CommandContext, challenge: Challenge): Promise<Outcome> {
  const { options } = context;
  const profile = await readProfile(challenge.dir, challenge.config.profile);
  if (!challenge.config.verification.private_split && !needsModels(profile)) return nothingPrivate;
  if (!existsSync(join(challenge.dir, 'harness', 'prepare.py')))
    throw new CollabError('NOTHING_TO_PREPARE', 'The harness of this challenge has no prepare.py.', {
      next: [
        {
          command: 'create-collab check',
          why: 'after harness/prepare.py was written (harness/README.md), or verification.private_split: false',
        },
      ],
    });
  const there = await isPrepared(privateDirOf(challenge));
  if (there && !options.force)
    return {
      status: 'ok',
      text: 'The private data is complete; --force makes new data.',
      data: { made: false },
    };
  const found =
    options.job || needsModels(profile)
      ? await prepareThere(context, challenge, profile)
      : await prepareHere(context, challenge);
  return {
    status: 'ok',
    text: 'The private data is in private/. It is never uploaded to a place that participants can read.',
    data: { made: true, ...found },
    next: [selftest],
  };
}

const selftest = {
  command: 'create-collab eval selftest',
  why: 'proves that the harness accepts and refuses rightly',
};

const nothingPrivate: Outcome = {
  status: 'ok',
  text: 'Nothing to prepare: this challenge has no private questions (verification.private_split: false).',
  data: { made: false },
  next: [selftest],
};

async function prepareHere(context: CommandContext, challenge: Challenge): Promise<object> {
  const { seed } = context.options;
  return JSON.parse(
    await make(context, challenge, typeof seed === 'string' ? ['--seed', seed] : []),
  ) as object;
}

/** Pins first: what is not pinned is neither priced nor run. Without `--job` it ends with the price. */
async function prepareThere(
  context: CommandContext,
  challenge: Challenge,
  profile: Profile,
): Promise<object> {
  const { io, options, progress } = context;
  const { dir, config } = challenge;
  const say = (text: string) => progress({ id: 'prepare', state: 'info', text });
  const { options: access } = await connect({ ...context, positionals: [dir] });
  const hub = clientFor({ io, hubUrl: access.hubUrl, token: access.spaceToken ?? access.token });
  const pins = await ensurePins({ io, hub, dir }, config, profile);
  for (const [id, { revision, license }] of Object.entries(pins?.models ?? {}))
    say(`${id} is pinned to ${revision}; its licence: ${license ?? 'its card names none'}`);
  if (pins)
    say(`${pins.image.reference} is ${pins.image.digest} now; hardware.image may name it as tag@digest`);
  const cost = await preparePrice(hub, config, profile);
  const price = `, ${cost.flavor}, at most ${cost.minutes} minutes, $${cost.usd.toFixed(2)} or less`;
  if (!options.job) throw needsAJob(price);
  const prompts = typeof options.prompts === 'string' ? resolve(io.cwd, options.prompts) : undefined;
  if (needsModels(profile) && !prompts) throw needsAJob(price);
  const written = await prepareByJob({
    ...{ io, hub, dir, config, profile, say, force: Boolean(options.force) },
    ...(prompts ? { prompts } : {}),
    ...(typeof options.exam === 'string' ? { exam: resolve(io.cwd, options.exam) } : {}),
  });
  if (!(await isPrepared(privateDirOf(challenge))))
    throw new CollabError('PREPARE_FAILED', 'What the job made did not arrive whole.', { next: [byJob] });
  return { files: written, cost, pins };
}

async function ensurePins(
  at: Parameters<typeof resolvePins>[0],
  { hardware }: Challenge['config'],
  profile: Profile,
): Promise<Pins | null> {
  const models = modelsOf(profile);
  if (models.length === 0) return null;
  const pins = await readPins(at.dir);
  return pins && unpinned(pins, models, hardware.image).length === 0
    ? pins
    : resolvePins(at, models, hardware.image);
}

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommandContext } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { Challenge } from './harness.ts';
import { ensurePrepared } from './prepare.ts';

type Place = Pick<CommandContext, 'io' | 'progress'>;

const profileFile = (dir: string, name: string) => join(dir, 'harness', 'profiles', `${name}.json`);

/**
 * The challenge as self-test and red team run it here. The full profile needs hardware that is not here: the same
 * harness is proven with the rehearsal's parameters, and without the gates which those say they cannot measure.
 */
export async function provingGround(place: Place, challenge: Challenge): Promise<Challenge> {
  const { dir, config } = challenge;
  if (config.profile !== 'full' || !existsSync(profileFile(dir, 'rehearsal'))) {
    await ensurePrepared(place, challenge);
    return challenge;
  }
  place.progress({
    id: 'proving-ground',
    state: 'info',
    text: 'The harness of the full profile is proven with the parameters of the rehearsal: same code, tiny model',
  });
  const here: Challenge = {
    dir,
    config: asRehearsal(config, await notApplicable(dir)),
    privateDir: join(dir, 'runs', 'proving-ground'),
  };
  await ensurePrepared(place, here);
  return here;
}

async function notApplicable(dir: string): Promise<string[]> {
  const profile = JSON.parse(await readFile(profileFile(dir, 'rehearsal'), 'utf8')) as {
    not_applicable?: Record<string, string>;
  };
  return Object.keys(profile.not_applicable ?? {});
}

function asRehearsal(config: ChallengeConfig, left: string[]): ChallengeConfig {
  const measured = (id: string) => !left.includes(id);
  return {
    ...config,
    profile: 'rehearsal',
    hardware: { ...config.hardware, extra_args: ['--profile', 'rehearsal'] },
    gates: config.gates.filter(({ id }) => measured(id)),
    divisions: config.divisions.map((division) => ({ ...division, gates: division.gates.filter(measured) })),
  };
}

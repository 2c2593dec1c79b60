import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { modelsOf, readPins, readProfile, unpinned } from '../eval/pins.ts';
import { isPrepared } from '../eval/prepare.ts';
import { prepareHardware } from '../eval/prepare-job.ts';
import type { PrepareFacts } from '../plan/model.ts';

/** What the plan says of `eval prepare`; `null` where there is nothing to prepare. */
export async function prepareFacts(dir: string, config: ChallengeConfig): Promise<PrepareFacts | null> {
  if (!config.verification.private_split || !existsSync(join(dir, 'harness', 'prepare.py'))) return null;
  const profile = await readProfile(dir, config.profile);
  const models = modelsOf(profile);
  return {
    made: await isPrepared(join(dir, 'private')),
    models,
    unpinned: models.length === 0 ? [] : unpinned(await readPins(dir), models, config.hardware.image),
    ...prepareHardware(config, profile),
  };
}

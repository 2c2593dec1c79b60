import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ProgressEvent } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { emitGates } from '../render/emit.ts';
import { writeWhole } from '../whole-file.ts';

/** The copy of metric, gates and divisions that a harness reads: it follows challenge.yaml. */
export const GATES = 'harness/gates.json';

/** Said whenever it happens. */
export const GATES_RENEWED: ProgressEvent = {
  id: 'gates',
  state: 'info',
  text: `${GATES} was written anew: metric or gates of challenge.yaml are others now`,
};

const readIfThere = (path: string) =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/** What the file has to be; `null` when it says that already, or when template or repository has none. */
export async function staleGates(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<string | null> {
  const [found, template] = await Promise.all([
    readIfThere(join(dir, GATES)),
    readIfThere(join(packageRoot, 'challenges', config.template, `${GATES}.hbs`)),
  ]);
  if (found === null || template === null) return null;
  const wanted = await emitGates(config, template);
  return isDeepStrictEqual(parsed(found), JSON.parse(wanted)) ? null : wanted;
}

/** @returns whether it had to be written anew. */
export async function renewGates(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<boolean> {
  const wanted = await staleGates(dir, config, packageRoot);
  if (wanted !== null) await writeWhole(join(dir, GATES), wanted);
  return wanted !== null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

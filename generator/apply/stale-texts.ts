import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { writeChallenge } from '../config/yaml.ts';
import { RECORD, type StaleText, staleLines, TEXT_FILES } from '../plan/texts.ts';
import { emitRepositoryText } from '../render/emit.ts';

/** The organizer's README and SETUP where challenge.yaml has moved on since they were written. */
export async function staleTexts(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<StaleText[]> {
  if (!(await settingsChanged(dir, config))) return [];
  const texts = await Promise.all(TEXT_FILES.map((file) => staleText(dir, file, config, packageRoot)));
  return texts.filter(({ lines }) => lines.length > 0);
}

async function staleText(
  dir: string,
  file: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<StaleText> {
  const [text, template] = await Promise.all([
    orNull(join(dir, file)),
    orNull(join(packageRoot, 'templates/repository', `${file}.hbs`)),
  ]);
  // One that is not there says nothing wrong.
  if (text === null || template === null) return { file, lines: [] };
  return { file, lines: staleLines(text, await emitRepositoryText(config, file, template), config) };
}

/** Against what `new` recorded; without its record nothing is known. */
async function settingsChanged(dir: string, config: ChallengeConfig): Promise<boolean> {
  const record = await orNull(join(dir, RECORD));
  const then = record && /"answers_sha256":\s*"([0-9a-f]{64})"/.exec(record)?.[1];
  return Boolean(then) && then !== createHash('sha256').update(writeChallenge(config)).digest('hex');
}

function orNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

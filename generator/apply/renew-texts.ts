import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { readBucketTemplate } from '../package-files.ts';
import { sha256 } from '../plan/digest.ts';
import { RECORD, SEEDED_README, TEXT_FILES, type TemplateRecord } from '../plan/texts.ts';
import { emitBucketReadme, emitRepositoryText } from '../render/emit.ts';
import { writeWhole } from '../whole-file.ts';
import { readmeComposer } from './bucket-readme.ts';

/**
 * Writes those generated texts anew that nobody edited since they were written, and the managed sections of the bucket's
 * README also where somebody did.
 * @param dir absolute.
 * @returns the files that it wrote.
 */
export async function renewTexts(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<string[]> {
  const record = await readRecord(dir);
  const renewed: string[] = [];
  const texts = { ...record?.texts };
  for (const file of [...TEXT_FILES, SEEDED_README]) {
    const text = await orNull(join(dir, file));
    if (text === null) continue;
    const ours = texts[file] === digest(text);
    const fresh = await freshText(dir, file, { config, packageRoot, text, ours });
    if (fresh === null) continue;
    if (fresh.text !== text) {
      await writeWhole(join(dir, file), fresh.text);
      renewed.push(file);
    }
    if (fresh.whole) texts[file] = digest(fresh.text);
  }
  await writeRecord(dir, record, texts);
  return renewed;
}

interface Found {
  config: ChallengeConfig;
  packageRoot: string;
  text: string;
  /** As it was written, byte for byte. */
  ours: boolean;
}

/** `whole`: all of it is ours. `null`: it is the organizer's. */
async function freshText(
  dir: string,
  file: string,
  { config, packageRoot, text, ours }: Found,
): Promise<{ text: string; whole: boolean } | null> {
  if (file === SEEDED_README) {
    const compose = await readmeComposer(dir, config, packageRoot);
    const whole = compose(await emitBucketReadme(config, await readBucketTemplate(packageRoot)));
    return ours || text === whole ? { text: whole, whole: true } : { text: compose(text), whole: false };
  }
  const template = await orNull(join(packageRoot, 'templates/repository', `${file}.hbs`));
  if (template === null) return null;
  const fresh = await emitRepositoryText(config, file, template);
  return ours || text === fresh ? { text: fresh, whole: true } : null;
}

/** `null` where there is none, or one that cannot be read: then nobody knows what was edited. */
async function readRecord(dir: string): Promise<TemplateRecord | null> {
  const text = await orNull(join(dir, RECORD));
  if (text === null) return null;
  try {
    return JSON.parse(text) as TemplateRecord;
  } catch {
    return null;
  }
}

async function writeRecord(
  dir: string,
  record: TemplateRecord | null,
  texts: Record<string, string>,
): Promise<void> {
  if (!record || JSON.stringify(texts) === JSON.stringify(record.texts ?? {})) return;
  await writeWhole(join(dir, RECORD), `${JSON.stringify({ ...record, texts }, null, 2)}\n`);
}

const digest = (text: string) => sha256(Buffer.from(text));

function orNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

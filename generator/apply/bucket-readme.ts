import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { readBucketTemplate } from '../package-files.ts';
import { sha256 } from '../plan/digest.ts';
import type { LocalFile } from '../plan/model.ts';
import { composeBucketReadme } from '../plan/sections.ts';
import { emitBucketReadme } from '../render/emit.ts';

/** The organizer's own words: name in `task/` → text. */
export async function readTasks(dir: string): Promise<Map<string, string>> {
  const names = await readdir(join(dir, 'task')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const wanted = names.filter((name) => name.endsWith('.md'));
  const texts = await Promise.all(wanted.map((name) => readFile(join(dir, 'task', name), 'utf8')));
  return new Map(wanted.map((name, i) => [name, texts[i] as string]));
}

/** What a README of `bucket/` becomes on its way: the texts of `task/`, the settings and the address as they are now. */
export async function readmeComposer(
  dir: string,
  config: ChallengeConfig,
  packageRoot: string,
): Promise<(readme: string) => string> {
  const [tasks, template] = await Promise.all([readTasks(dir), readBucketTemplate(packageRoot)]);
  const fresh = await emitBucketReadme(config, template);
  return (readme) => composeBucketReadme(readme, tasks, config.hub, fresh);
}

/** `bucket/` as it is to be seeded. */
export async function withComposedReadme(
  dir: string,
  bucket: LocalFile[],
  config: ChallengeConfig,
  packageRoot: string,
): Promise<LocalFile[]> {
  const compose = await readmeComposer(dir, config, packageRoot);
  return bucket.map((file) => {
    if (file.path !== 'README.md') return file;
    const content = new TextEncoder().encode(compose(new TextDecoder().decode(file.content)));
    return { ...file, content, sha256: sha256(content) };
  });
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { sha256 } from '../plan/digest.ts';
import type { LocalFile } from '../plan/model.ts';
import { composeBucketReadme } from '../plan/sections.ts';

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

/** `bucket/` as it is to be seeded: its README carries the texts of `task/` and the address as they are now. */
export async function withTaskTexts(
  dir: string,
  bucket: LocalFile[],
  hub: ChallengeConfig['hub'],
): Promise<LocalFile[]> {
  const tasks = await readTasks(dir);
  return bucket.map((file) => {
    if (file.path !== 'README.md') return file;
    const content = new TextEncoder().encode(
      composeBucketReadme(new TextDecoder().decode(file.content), tasks, hub),
    );
    return { ...file, content, sha256: sha256(content) };
  });
}

import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobStore } from '../store/blobs.ts';
import type { SpaceRow } from '../store/tables.ts';
import { type Launch, readDockerfile } from './dockerfile.ts';

export interface Build {
  sha: string;
  dir: string;
  launch: Launch;
}

/** Writes the repository's files to a folder and reads how to start them. @throws Error for the build log */
export async function buildSpace(blobs: BlobStore, space: SpaceRow, root: string): Promise<Build> {
  const dir = join(root, space.sha);
  await rm(root, { recursive: true, force: true });
  for (const [path, { oid }] of Object.entries(space.files)) {
    const target = join(dir, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await blobs.get(oid));
  }
  const launch = readDockerfile(await readFile(join(dir, 'Dockerfile'), 'utf8'));
  const entries = await readdir(dir);
  const entry = launch.args.find((arg) => !arg.startsWith('-'));
  if (entry?.includes('.') && !entry.includes('/') && !entries.includes(entry))
    throw new Error(`CMD names ${entry}, which is not in the repository.`);
  return { sha: space.sha, dir, launch };
}

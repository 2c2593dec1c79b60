import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rewritePaths } from '../jobs/mounts.ts';
import type { BlobStore } from '../store/blobs.ts';
import type { SpaceRow } from '../store/tables.ts';
import { type Launch, readDockerfile } from './dockerfile.ts';

export interface Build {
  sha: string;
  dir: string;
  /** `null`: the files themselves are served. */
  launch: Launch | null;
  /** For the build log: what was done, and what was not. */
  notes: string[];
}

/** The file a Space of this kind cannot start without; `null` for a kind the hub does not run. */
export function entryFile(sdk: string): string | null {
  return { docker: 'Dockerfile', static: 'index.html' }[sdk] ?? null;
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
  if (space.sdk === 'static')
    return { sha: space.sha, dir, launch: null, notes: ['Serves the files of the repository'] };
  const launch = placed(readDockerfile(await readFile(join(dir, 'Dockerfile'), 'utf8')), dir);
  const entries = await readdir(dir);
  const entry = launch.args.find((arg) => !arg.startsWith('-'));
  if (entry?.includes('.') && !entry.includes('/') && !entries.includes(entry))
    throw new Error(`CMD names ${entry}, which is not in the repository.`);
  const notes = [
    ...launch.skipped.map((line) => `Not done here, nothing is installed: ${line}`),
    `Starts with: ${launch.program} ${launch.args.join(' ')}`,
  ];
  return { sha: space.sha, dir, launch, notes };
}

/** The image's working folder is the checkout: paths below it become paths of this machine. */
function placed(launch: Launch, dir: string): Launch {
  const { workdir } = launch;
  if (workdir === null || workdir === '/') return launch;
  const move = (text: string) => rewritePaths(text, [{ mountPath: workdir, localPath: dir }]);
  const env = Object.fromEntries(Object.entries(launch.env).map(([key, value]) => [key, move(value)]));
  return { ...launch, args: launch.args.map(move), env };
}

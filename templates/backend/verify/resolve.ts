import { scratchBucket } from '@collab/contract/paths.ts';
import type { BucketFile, HubPort } from '@collab/hub/port.ts';
import { tryJson } from '../codec/json.ts';
import { followRun, type Location, locate, type Owner, pointerValues } from '../domain/results/pointer.ts';
import type { SnapshotFile } from '../domain/results/snapshot.ts';
import type { Settings } from '../settings.ts';

export interface Submission {
  location: Location;
  /** Paths relative to the location; dot-files left out. */
  files: SnapshotFile[];
}

type Hub = Pick<HubPort, 'listFiles' | 'readFile'>;

const RUN_FILES = ['run_request.json', 'job_status.json'];
const RUN_FILE_BYTES = 65_536;

export function ownerOf(settings: Settings, agent: string): Owner {
  const bucket = scratchBucket(settings.ORG, settings.COLLAB_SLUG, agent);
  return { agent, bucket, centralBucket: settings.CENTRAL_BUCKET };
}

/**
 * The submission a result points to: the first pointer that leads to a folder with files inside the owner's own
 * places. A run folder leads on to what it ran. `null`: none does. @throws HubError when it could not be told.
 */
export async function resolveSubmission(
  hub: Hub,
  owner: Owner,
  frontmatter: Record<string, unknown>,
  compat: boolean,
  maxFiles?: number,
): Promise<Submission | null> {
  for (const pointer of pointerValues(frontmatter, compat)) {
    const location = locate(pointer, owner);
    const found = location && (await submissionAt(hub, owner, location, maxFiles));
    if (found) return found;
  }
  return null;
}

async function submissionAt(
  hub: Hub,
  owner: Owner,
  location: Location,
  maxFiles?: number,
): Promise<Submission | null> {
  const files = await filesAt(hub, location, maxFiles);
  const run = files.find((file) => RUN_FILES.includes(file.path));
  if (!run) return files.length > 0 ? { location, files } : null;
  const bytes = await hub.readFile(location.bucket, `${location.prefix}/${run.path}`, {
    maxBytes: RUN_FILE_BYTES,
  });
  const next = bytes && followRun(tryJson(new TextDecoder().decode(bytes)), owner);
  if (!next) return { location, files };
  const behind = await filesAt(hub, next, maxFiles);
  return behind.length > 0 ? { location: next, files: behind } : null;
}

async function filesAt(hub: Hub, { bucket, prefix }: Location, maxFiles?: number): Promise<SnapshotFile[]> {
  const listed = (await hub.listFiles(bucket, `${prefix}/`, { maxFiles })) ?? [];
  return listed.map((file) => relative(file, prefix)).filter((file) => !isHidden(file.path));
}

function relative(file: BucketFile, prefix: string): SnapshotFile {
  return { path: file.path.slice(prefix.length + 1), xetHash: file.xetHash, size: file.size };
}

function isHidden(path: string): boolean {
  return path.split('/').some((part) => part === '' || part.startsWith('.'));
}

import { type BucketInfo, HubError, type HubPort } from '@collab/hub/port.ts';
import { sha256 } from '../plan/digest.ts';
import { type BucketRole, bucketId, type Inputs, type LiveFile } from '../plan/model.ts';
import { inParallel } from './parallel.ts';

/** The files we know of, as they are in the bucket; read only where their hash is new to us. */
export async function liveFiles(
  role: BucketRole,
  inputs: Inputs,
  hub: HubPort,
  info: BucketInfo,
): Promise<Record<string, LiveFile>> {
  const mine = new Map(inputs.files[role].map((file) => [file.path, file]));
  const paths = [...new Set([...mine.keys(), ...Object.keys(inputs.state.files[role])])];
  if (paths.length === 0) return {};
  const id = bucketId(inputs.config, role);
  const found = new Map((await hub.pathsInfo(id, paths)).map((file) => [file.path, file]));
  const isEmpty = info.totalFiles === 0;
  const files = await inParallel(8, paths, async (path): Promise<[string, LiveFile] | null> => {
    const file = found.get(path);
    const known = file && inputs.state.hashes[file.xetHash];
    // A file that differs is read even when its hash is known: the plan shows its lines.
    if (file && known && (role === 'private' || known === mine.get(path)?.sha256))
      return [path, { xetHash: file.xetHash, size: file.size, sha256: known }];
    // What one list leaves out may be there all the same; only the file's own 404 says that it is not.
    const content = !file && isEmpty ? null : await hub.readFile(id, path);
    if (content === null && file) throw contradiction(hub, `${id}/${path} was listed, and then not there`);
    if (content !== null && !file) throw contradiction(hub, `${id}/${path} is there, and was not listed`);
    return content && file
      ? [path, { xetHash: file.xetHash, size: file.size, sha256: sha256(content), content }]
      : null;
  });
  return Object.fromEntries(files.filter((file) => file !== null));
}

const contradiction = (hub: HubPort, what: string): HubError =>
  new HubError('unavailable', what, { url: hub.endpoint });

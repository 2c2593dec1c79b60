import type { HubPort } from '@collab/hub/port.ts';
import { hfToken } from './credentials.ts';
import { ClientError } from './errors.ts';
import type { ClientIo } from './io.ts';
import type { Submission } from './submission.ts';
import type { Session } from './verb.ts';

/** The own scratch bucket, with the caller's own token. The Hub client is loaded only when a verb moves files. */
export async function openScratch(io: ClientIo, { profile }: Session) {
  const { createHubClient } = await import('@collab/hub/client.ts');
  const hub = createHubClient({
    endpoint: io.env.HF_ENDPOINT ?? profile.hub,
    token: await hfToken(io),
    fetch: io.fetch,
  });
  const bucket = profile.agent_bucket;
  return {
    bucket,
    upload: (submission: Submission, prefix: string) => upload(hub, bucket, submission, prefix),
    json: <T>(path: string) => readJson<T>(hub, bucket, path),
    text: async (path: string) => decode(await hub.readFile(bucket, path, { maxBytes: 4 * 1024 ** 2 })),
    list: (prefix: string) => hub.listFiles(bucket, prefix),
    write: (path: string, content: string) => store(hub, bucket, [{ path, content }]),
  };
}

export type Scratch = Awaited<ReturnType<typeof openScratch>>;

/** Uploads unless the very same content is already there: the prefix carries the hash of the content. */
async function upload(
  hub: HubPort,
  bucket: string,
  submission: Submission,
  prefix: string,
): Promise<boolean> {
  const there = new Map((await hub.listFiles(bucket, `${prefix}/`))?.map((f) => [f.path, f.size]) ?? []);
  const adds = submission.files
    .map((file) => ({ path: `${prefix}/${file.path}`, content: file.content }))
    .filter((file) => there.get(file.path) !== file.content.byteLength);
  if (adds.length === 0) return false;
  await store(hub, bucket, adds);
  return true;
}

async function store(hub: HubPort, bucket: string, adds: { path: string; content: Uint8Array | string }[]) {
  const { failed } = await hub.write(bucket, { adds });
  if (failed[0])
    throw new ClientError('UPLOAD_REFUSED', `The Hub did not take ${failed[0].path}: ${failed[0].error}`);
}

const decode = (bytes: Uint8Array | null) => (bytes ? new TextDecoder().decode(bytes) : null);

async function readJson<T>(hub: HubPort, bucket: string, path: string): Promise<T | null> {
  const text = decode(await hub.readFile(bucket, path, { maxBytes: 16 * 1024 ** 2 }));
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}

import { z } from 'zod';
import { protocolError } from './failure.ts';
import { contentTypeOf, filePath } from './paths.ts';
import { type BucketWrite, HubError, type RepoId } from './port.ts';
import { parseJson, type Transport } from './transport.ts';
import { EMPTY_FILE_HASH, type XetUploads } from './xet.ts';

const BatchAnswer = z.looseObject({
  success: z.boolean().optional(),
  failed: z.array(z.looseObject({ path: z.string(), error: z.string().default('refused') })).default([]),
});

/** The Hub's own limit of operations per request. */
const OPS_PER_BATCH = 1000;

interface WriteAnswer {
  failed: { path: string; error: string }[];
  /** Hashes under which the added files are now stored. */
  written: { path: string; xetHash: string }[];
}

type BatchLine = Record<string, string | number>;

/**
 * Uploads the contents, then names all of them in one batch request (more than 1,000 operations: one per thousand).
 * Contents are addressed by hash and harmless to send again; the batch is sent once.
 */
export async function writeBucket(
  transport: Transport,
  xet: XetUploads,
  id: RepoId,
  write: BucketWrite,
  token: string | undefined,
): Promise<WriteAnswer> {
  const adds = (write.adds ?? []).map((add) => ({ ...add, bytes: bytesOf(add.content) }));
  for (const path of [...adds.map((a) => a.path), ...(write.copies ?? []).map((c) => c.path)]) filePath(path);
  const hashes = await xet.uploadToBucket(id, adds, token);
  const mtime = transport.clock.now();
  const lines: BatchLine[] = [
    ...adds.map(({ path, bytes, contentType }) => ({
      type: 'addFile',
      path,
      xetHash: bytes.byteLength === 0 ? EMPTY_FILE_HASH : hashOf(hashes, path, id),
      mtime,
      contentType: contentType ?? contentTypeOf(path),
    })),
    ...(write.copies ?? []).map(({ path, xetHash, sourceBucket }) => ({
      type: 'copyFile',
      path,
      xetHash,
      sourceRepoType: 'bucket',
      sourceRepoId: sourceBucket,
      mtime,
    })),
    ...(write.deletes ?? []).map((path) => ({ type: 'deleteFile', path })),
  ];
  const failed = await sendBatches(transport, id, lines, token);
  const refused = new Set(failed.map((failure) => failure.path));
  const written = lines
    .filter((line) => line.type === 'addFile' && !refused.has(String(line.path)))
    .map((line) => ({ path: String(line.path), xetHash: String(line.xetHash) }));
  return { failed, written };
}

async function sendBatches(
  transport: Transport,
  id: RepoId,
  lines: BatchLine[],
  token: string | undefined,
): Promise<{ path: string; error: string }[]> {
  const path = `/api/buckets/${id}/batch`;
  const failed: { path: string; error: string }[] = [];
  for (let at = 0; at < lines.length; at += OPS_PER_BATCH) {
    const part = lines.slice(at, at + OPS_PER_BATCH);
    const answer = await transport.send({
      method: 'POST',
      path,
      effect: 'write',
      body: `${part.map((line) => JSON.stringify(line)).join('\n')}\n`,
      headers: { 'content-type': 'application/x-ndjson' },
      accept: [422],
      ...(token === undefined ? {} : { token }),
    });
    failed.push(...parseJson(answer, BatchAnswer).failed.map(({ path, error }) => ({ path, error })));
  }
  if (lines.length > 0 && failed.length >= lines.length)
    throw new HubError('invalid', `the Hub took none of ${lines.length} operations: ${failed[0]?.error}`, {
      url: `${transport.endpoint}${path}`,
      status: 422,
    });
  return failed;
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

function hashOf(hashes: Map<string, string>, path: string, id: RepoId): string {
  const hash = hashes.get(path);
  if (hash) return hash;
  throw protocolError(`https://hub.invalid/api/buckets/${id}`, `no hash came back for "${path}"`);
}

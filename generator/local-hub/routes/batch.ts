import { getMimeType } from 'hono/utils/mime';
import { z } from 'zod';
import { badRequest, HubFault } from '../faults.ts';
import { check, type HubRequest, parseNdjson, readBody } from '../http.ts';
import { canRead } from '../identity/permissions.ts';
import { put, remove } from '../store/database.ts';
import type { Op } from '../store/records.ts';
import type { BucketRow, FileRow } from '../store/tables.ts';
import { writableBucket } from './buckets.ts';

const HASH = z.string().regex(/^[0-9a-f]{64}$/, 'not a hash');
const MTIME = z.number().int().min(-8.64e15).max(8.64e15).nullish();
const LINE = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('addFile'),
    path: z.string(),
    xetHash: HASH,
    mtime: MTIME,
    contentType: z.string().max(256).nullish(),
  }),
  z.object({
    type: z.literal('copyFile'),
    path: z.string(),
    xetHash: HASH,
    sourceRepoType: z.string(),
    sourceRepoId: z.string(),
    mtime: MTIME,
    contentType: z.string().max(256).nullish(),
  }),
  z.object({ type: z.literal('deleteFile'), path: z.string() }),
]);
type Line = z.infer<typeof LINE>;

const MAX_BATCH_BYTES = 64 * 1024 * 1024;
/** Clients send a thousand lines at a time; what is read as JSON holds up everybody else. */
const MAX_BATCH_LINES = 10_000;
const MAX_LINE_BYTES = 16_384;

export interface BatchAnswer {
  success: boolean;
  processed: number;
  succeeded: number;
  failed: { path: string; error: string }[];
  /** With 422, for clients that show nothing else of an error. */
  error?: string;
}

/**
 * Runs an NDJSON batch on the bucket of the path: what is valid is done in one durable step, the rest is named in
 * `failed`. The bucket is looked up again once the body is there: it may have changed meanwhile.
 */
export async function applyBatch(c: HubRequest): Promise<{ answer: BatchAnswer; status: 200 | 422 }> {
  const { db, options } = c.var.hub;
  writableBucket(c);
  const body = await readBody(c, MAX_BATCH_BYTES);
  checkLines(body);
  const lines = parseNdjson(body.toString('utf8')).map((line) => check(LINE, line));
  checkOrder(lines);
  const bucket = writableBucket(c);
  const now = options.now();
  const sources = new Map<string, Set<string>>();
  const failed: BatchAnswer['failed'] = [];
  const ops = lines.flatMap((line): Op[] => {
    try {
      return [operation(c, bucket, line, now, sources)];
    } catch (error) {
      if (!(error instanceof HubFault)) throw error;
      failed.push({ path: line.path, error: error.message });
      return [];
    }
  });
  if (ops.length > 0) {
    const updated = { ...bucket, updatedAt: new Date(now).toISOString() };
    await db.write(...ops, put('buckets', bucket.repo.toLowerCase(), updated));
  }
  const [first] = failed;
  const answer = {
    success: first === undefined,
    processed: lines.length,
    succeeded: ops.length,
    failed,
  };
  if (first === undefined || ops.length > 0) return { answer, status: 200 };
  const others = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  return { answer: { ...answer, error: `${first.path}: ${first.error}${others}` }, status: 422 };
}

/** @throws 413 before anything is parsed */
function checkLines(body: Buffer): void {
  let lines = 0;
  for (let at = 0, end = 0; at < body.length; at = end + 1) {
    end = body.indexOf(10, at);
    if (end < 0) end = body.length;
    if (++lines > MAX_BATCH_LINES)
      throw new HubFault(413, `The batch has more than ${MAX_BATCH_LINES} lines`);
    if (end - at > MAX_LINE_BYTES) throw new HubFault(413, `Line ${lines} is over ${MAX_LINE_BYTES} bytes`);
  }
}

function checkOrder(lines: Line[]): void {
  const firstDelete = lines.findIndex((line) => line.type === 'deleteFile');
  if (firstDelete >= 0 && lines.slice(firstDelete).some((line) => line.type !== 'deleteFile'))
    throw badRequest('Additions and copies must come before deletions');
}

function operation(
  c: HubRequest,
  bucket: BucketRow,
  line: Line,
  now: number,
  sources: Map<string, Set<string>>,
): Op {
  checkKey(line.path);
  const table = `files:${bucket.id}` as const;
  if (line.type === 'deleteFile') {
    if (!c.var.hub.db.get(table, line.path)) throw new HubFault(404, 'File not found');
    return remove(table, line.path);
  }
  if (line.type === 'copyFile') checkSource(c, line, sources);
  const file = c.var.hub.cas.file(line.xetHash);
  if (!file) throw new HubFault(422, `Unknown xetHash ${line.xetHash}`);
  const row: FileRow = {
    size: file.size,
    xetHash: line.xetHash,
    mtime: new Date(line.mtime ?? now).toISOString(),
    uploadedAt: new Date(now).toISOString(),
    contentType: line.contentType ?? getMimeType(line.path) ?? 'application/octet-stream',
  };
  return put(table, line.path, row);
}

/** A copy needs read access to the source, and the content must be there. */
function checkSource(
  c: HubRequest,
  line: Extract<Line, { type: 'copyFile' }>,
  sources: Map<string, Set<string>>,
): void {
  const { db } = c.var.hub;
  const id = line.sourceRepoId.toLowerCase();
  const source = line.sourceRepoType === 'bucket' ? db.get('buckets', id) : undefined;
  if (!source || !canRead(db, c.var.who, source, 'bucket'))
    throw new HubFault(404, `Source ${line.sourceRepoType} ${line.sourceRepoId} not found`);
  const hashes = sources.get(id) ?? new Set(db.values(`files:${source.id}`).map((file) => file.xetHash));
  sources.set(id, hashes);
  if (!hashes.has(line.xetHash)) throw new HubFault(404, 'The source has no file of that hash');
}

/** @throws 400 for a key that the Hub does not take */
export function checkKey(path: string): void {
  const bad =
    path === '' ||
    path.length > 1024 ||
    /^\/|\/$|\/\/|^\.\/|[\\\0]/.test(path) ||
    path.split('/').some((part) => part === '..');
  if (bad) throw badRequest(`Invalid path: ${JSON.stringify(path)}`);
}

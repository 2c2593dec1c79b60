import { z } from 'zod';
import { badRequest } from '../faults.ts';
import type { HubRequest } from '../http.ts';
import type { SpaceRow } from '../store/tables.ts';
import { checkKey } from './batch.ts';

/** A file that is sent inside a request. */
export const CONTENT = z.object({
  path: z.string(),
  content: z.string(),
  encoding: z.enum(['base64', 'utf-8']).default('utf-8'),
});

/** Side by side, in groups: fsyncs that wait together share the disk's work. */
const STORED_AT_ONCE = 32;

/** Stores contents and gives the entries of a Space's file table. @throws 400 for a path that is not allowed */
export async function storeContents(
  c: HubRequest,
  files: z.infer<typeof CONTENT>[],
): Promise<SpaceRow['files']> {
  const stored: SpaceRow['files'] = {};
  for (const { path } of files) {
    checkKey(path);
    if (path.split('/').includes('.git')) throw badRequest(`Invalid path: ${path}`);
  }
  for (let at = 0; at < files.length; at += STORED_AT_ONCE)
    await Promise.all(
      files.slice(at, at + STORED_AT_ONCE).map(async ({ path, content, encoding }) => {
        const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
        stored[path] = { size: bytes.length, oid: await c.var.hub.blobs.put(bytes) };
      }),
    );
  return stored;
}

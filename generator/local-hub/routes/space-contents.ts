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

/** `a/b/c.txt` → `a`, `a/b`: the folders of a path behind its first `from` characters. */
export function foldersOf(path: string, from: number): string[] {
  return [...path.matchAll(/\//g)].filter((m) => m.index >= from).map((m) => path.slice(0, m.index));
}

/** In a repository, unlike in a bucket, a name is a file or a folder. @throws 400 */
export function requireTree(files: SpaceRow['files']): void {
  for (const path of Object.keys(files)) {
    const both = foldersOf(path, 0).find((folder) => Object.hasOwn(files, folder));
    if (both !== undefined) throw badRequest(`${both} cannot be a file and a folder: delete one of them`);
  }
}

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

import { Hono } from 'hono';
import { z } from 'zod';
import { badRequest } from '../faults.ts';
import { type HubEnv, type HubRequest, intQuery, jsonBody, nextPage, pathBehind } from '../http.ts';
import type { FileRow } from '../store/tables.ts';
import { applyBatch } from './batch.ts';
import { readableBucket, writableBucket } from './buckets.ts';
import { casUrl } from './cas.ts';

const PATHS = z.object({
  paths: z.array(z.string()).max(2000, 'at most 2000 paths in one request'),
  expand: z.boolean().optional(),
});

/** Files of a bucket: tree, paths-info, batch, Xet tokens. */
export function bucketFileRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/:ns/:name/tree', tree);
  app.get('/:ns/:name/tree/*', tree);
  app.post('/:ns/:name/paths-info', pathsInfo);
  app.post('/:ns/:name/batch', async (c) => {
    const { answer, status } = await applyBatch(c);
    return c.json(answer, status);
  });
  app.get('/:ns/:name/xet-read-token', (c) => xetToken(c, 'read'));
  app.get('/:ns/:name/xet-write-token', (c) => xetToken(c, 'write'));
  return app;
}

/** Token for the CAS, in body and headers: clients differ in which they read. */
function xetToken(c: HubRequest, scope: 'read' | 'write'): Response {
  if (scope === 'write') writableBucket(c);
  else readableBucket(c);
  const { accessToken, exp } = c.var.hub.keys.token(scope);
  const url = casUrl(c);
  c.header('X-Xet-Cas-Url', url);
  c.header('X-Xet-Token-Expiration', String(exp));
  c.header('X-Xet-Access-Token', accessToken);
  return c.json({ casUrl: url, exp, accessToken });
}

async function pathsInfo(c: HubRequest): Promise<Response> {
  const bucket = readableBucket(c);
  const { paths } = await jsonBody(c, PATHS);
  const files = c.var.hub.db.table(`files:${bucket.id}`);
  const found = [...new Set(paths)].flatMap((path) => {
    const file = files.get(path);
    return file ? [fileItem(path, file)] : [];
  });
  return c.json(found);
}

function tree(c: HubRequest): Response {
  const bucket = readableBucket(c);
  const prefix = pathBehind(c, 5);
  const recursive = c.req.query('recursive') !== 'false';
  const limit = intQuery(c, 'limit', 1000, 1, 5000);
  const after = decodeCursor(c.req.query('cursor'));
  const files = c.var.hub.db.table(`files:${bucket.id}`);
  const paths = sortedPaths(c, bucket.id).filter((path) => path.startsWith(prefix));
  const folders = recursive ? new Map<string, string>() : foldersOf(paths, prefix, files);
  const entries = recursive ? paths : [...new Set(paths.map((path) => entryOf(path, prefix)))].sort();
  const rest = after === null ? entries : entries.filter((entry) => entry > after);
  const page = rest.slice(0, limit);
  if (rest.length > limit) c.header('link', nextPage(c, encodeCursor(page.at(-1) as string)));
  return c.json(page.map((entry) => treeItem(entry, files, folders)));
}

/**
 * Entry of a file in one level of a tree. For a folder (`dir` or `dir/`) that is what lies in it, for any other string
 * prefix the matching name. Folders are written as `folder/`.
 */
function entryOf(path: string, prefix: string): string {
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const slash = path.indexOf('/', path.startsWith(folder) ? folder.length : prefix.length);
  return slash < 0 ? path : path.slice(0, slash + 1);
}

/** Folders of one level, with the time of the newest file in each. */
function foldersOf(
  paths: string[],
  prefix: string,
  files: ReadonlyMap<string, FileRow>,
): Map<string, string> {
  const newest = new Map<string, string>();
  for (const path of paths) {
    const entry = entryOf(path, prefix);
    if (entry !== path)
      newest.set(entry, maxText(newest.get(entry) ?? '', files.get(path)?.uploadedAt ?? ''));
  }
  return newest;
}

function treeItem(entry: string, files: ReadonlyMap<string, FileRow>, folders: Map<string, string>) {
  const file = files.get(entry);
  if (file) return fileItem(entry, file);
  return { type: 'directory', path: entry.slice(0, -1), uploadedAt: folders.get(entry) };
}

function fileItem(path: string, file: FileRow) {
  const { size, xetHash, mtime, uploadedAt, contentType } = file;
  return { type: 'file', path, size, xetHash, mtime, uploadedAt, contentType };
}

const sorted = new WeakMap<object, Map<string, { version: number; paths: string[] }>>();

function sortedPaths(c: HubRequest, bucket: string): string[] {
  const { db } = c.var.hub;
  const cache = sorted.get(db) ?? new Map();
  sorted.set(db, cache);
  const version = db.version(`files:${bucket}`);
  const known = cache.get(bucket);
  if (known?.version === version) return known.paths;
  const paths = [...db.table(`files:${bucket}`).keys()].sort();
  cache.set(bucket, { version, paths });
  return paths;
}

function encodeCursor(path: string): string {
  return Buffer.from(path).toString('base64url');
}

function decodeCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (text === '') throw badRequest('the cursor is not valid');
  return text;
}

function maxText(a: string, b: string): string {
  return a > b ? a : b;
}

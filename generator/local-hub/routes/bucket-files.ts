import { Hono } from 'hono';
import { z } from 'zod';
import { badRequest } from '../faults.ts';
import { type HubEnv, type HubRequest, intQuery, jsonBody, nextPage, pathBehind } from '../http.ts';
import type { FileRow } from '../store/tables.ts';
import { type TreeEntry, treePage } from '../tree-page.ts';
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
  const paths = sortedPaths(c, bucket.id);
  const { entries, more } = treePage(paths, { prefix, after, limit, recursive });
  if (more) c.header('link', nextPage(c, encodeCursor(entries.at(-1)?.name ?? '')));
  return c.json(entries.map((entry) => treeItem(entry, paths, files)));
}

/** A folder has the time of the newest file in it. */
function treeItem({ name, from, to }: TreeEntry, paths: string[], files: ReadonlyMap<string, FileRow>) {
  const file = files.get(name);
  if (file) return fileItem(name, file);
  const times = paths.slice(from, to).map((path) => files.get(path)?.uploadedAt ?? '');
  const uploadedAt = times.reduce((newest, time) => (time > newest ? time : newest));
  return { type: 'directory', path: name.slice(0, -1), uploadedAt };
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

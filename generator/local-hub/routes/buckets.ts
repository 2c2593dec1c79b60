import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { badRequest, forbidden, HubFault } from '../faults.ts';
import { baseUrl, type HubEnv, type HubRequest, jsonBody, notHere, repoParam } from '../http.ts';
import {
  canCreate,
  canRead,
  namespaceOf,
  requireRead,
  requireUser,
  requireWrite,
} from '../identity/permissions.ts';
import { drop, put, remove } from '../store/database.ts';
import type { BucketRow } from '../store/tables.ts';

const REGION = z.object({ provider: z.enum(['gcp', 'aws']), region: z.enum(['us', 'eu']) });
const CREATE = z.object({
  private: z.boolean().nullish(),
  visibility: z.enum(['public', 'private']).nullish(),
  cdn: z.array(REGION).nullish(),
  region: z.enum(['us', 'eu']).nullish(),
  resourceGroupId: notHere('resource groups'),
});
const SETTINGS = z.object({ private: z.boolean().nullish(), cdnRegions: z.array(REGION).nullish() });
export const REPO_NAME = /^(?!.*(--|\.\.))[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?$/;

/** Buckets themselves: create, read, list, change, delete. */
export function bucketRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/:ns', (c) => c.json(listBuckets(c)));
  app.post('/:ns/:name', createBucket);
  app.get('/:ns/:name', (c) => c.json(bucketInfo(c, readableBucket(c))));
  app.delete('/:ns/:name', deleteBucket);
  app.put('/:ns/:name/settings', changeSettings);
  return app;
}

/** The bucket of the path, when the caller may see it. @throws 401, 404 */
export function readableBucket(c: HubRequest): BucketRow {
  const { db } = c.var.hub;
  return requireRead(db, c.var.who, db.get('buckets', repoParam(c).toLowerCase()), 'bucket');
}

/** The bucket of the path, when the caller may write it. @throws 401, 403, 404 */
export function writableBucket(c: HubRequest): BucketRow {
  const { db } = c.var.hub;
  return requireWrite(db, c.var.who, db.get('buckets', repoParam(c).toLowerCase()), 'bucket');
}

/** Makes sure that somebody may create `repo` and that its name is allowed. @throws 400, 403 */
export function requireCreatable(c: HubRequest, repo: string, type: 'bucket' | 'space'): string {
  const who = requireUser(c.var.who);
  const name = repo.slice(repo.indexOf('/') + 1);
  if (!REPO_NAME.test(name)) throw badRequest(`"${name}" is not a valid name`);
  if (!canCreate(c.var.hub.db, who, repo, type))
    throw forbidden(
      `You don't have the rights to create a ${type} under the namespace "${namespaceOf(repo)}"`,
    );
  return who.user.name;
}

async function createBucket(c: HubRequest): Promise<Response> {
  const { db, options } = c.var.hub;
  const who = requireUser(c.var.who);
  const namespace = c.req.param('ns') === 'me' ? who.user.name : c.req.param('ns');
  const repo = `${namespace}/${c.req.param('name')}`;
  const body = await jsonBody(c, CREATE);
  const author = requireCreatable(c, repo, 'bucket');
  const existing = db.get('buckets', repo.toLowerCase());
  if (existing) {
    const known = { url: bucketUrl(c, existing), name: existing.repo, id: existing.id };
    throw new HubFault(409, 'You already created this bucket', undefined, known);
  }
  const now = new Date(options.now()).toISOString();
  const bucket: BucketRow = {
    id: randomBytes(12).toString('hex'),
    repo,
    author,
    private: body.private ?? body.visibility === 'private',
    createdAt: now,
    updatedAt: now,
    cdnRegions: body.cdn ?? [],
  };
  await db.write(put('buckets', repo.toLowerCase(), bucket));
  return c.json({ url: bucketUrl(c, bucket), name: repo, id: bucket.id });
}

function listBuckets(c: HubRequest) {
  const { db } = c.var.hub;
  const namespace = c.req.param('ns') === 'me' ? requireUser(c.var.who).user.name : c.req.param('ns');
  const search = c.req.query('search')?.toLowerCase() ?? '';
  return db
    .values('buckets')
    .filter((bucket) => namespaceOf(bucket.repo).toLowerCase() === namespace?.toLowerCase())
    .filter((bucket) => bucket.repo.toLowerCase().includes(search))
    .filter((bucket) => canRead(db, c.var.who, bucket, 'bucket'))
    .map((bucket) => bucketInfo(c, bucket));
}

function bucketInfo(c: HubRequest, bucket: BucketRow) {
  let size = 0;
  const files = c.var.hub.db.table(`files:${bucket.id}`);
  for (const file of files.values()) size += file.size;
  const { id: _id, repo: id, author, createdAt, updatedAt, cdnRegions } = bucket;
  return {
    _id,
    id,
    author,
    private: bucket.private,
    createdAt,
    updatedAt,
    size,
    totalFiles: files.size,
    repoType: 'bucket',
    cdnRegions,
    likes: 0,
  };
}

async function deleteBucket(c: HubRequest): Promise<Response> {
  const bucket = writableBucket(c);
  await c.var.hub.db.write(drop(`files:${bucket.id}`), remove('buckets', bucket.repo.toLowerCase()));
  return c.json({ success: true });
}

async function changeSettings(c: HubRequest): Promise<Response> {
  const body = await jsonBody(c, SETTINGS);
  const bucket = writableBucket(c);
  const changed = {
    ...bucket,
    private: body.private ?? bucket.private,
    cdnRegions: body.cdnRegions ?? bucket.cdnRegions,
  };
  await c.var.hub.db.write(put('buckets', bucket.repo.toLowerCase(), changed));
  return c.json(bucketInfo(c, changed));
}

function bucketUrl(c: HubRequest, bucket: BucketRow): string {
  return `${baseUrl(c)}/buckets/${bucket.repo}`;
}

import { Hono } from 'hono';
import { entryNotFound, HubFault } from '../faults.ts';
import { baseUrl, type HubEnv, type HubRequest, pathBehind, streamOf } from '../http.ts';
import { askedRange } from '../ranges.ts';
import type { BucketRow, FileRow, ReconstructionRow } from '../store/tables.ts';
import type { Cas } from '../xet/cas.ts';
import { readableBucket } from './buckets.ts';
import { casUrl } from './cas.ts';

const XET_INFO = 'application/vnd.xet-fileinfo+json';

/** Plain reads of bucket files: `/buckets/{ns}/{name}/resolve/{path}`, with ranges and the Xet headers. */
export function resolveRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/buckets/:ns/:name/resolve/*', resolve);
  return app;
}

function resolve(c: HubRequest): Response {
  const { db, cas } = c.var.hub;
  const bucket = readableBucket(c);
  const path = pathBehind(c, 4);
  const row = db.get(`files:${bucket.id}`, path);
  if (!row) throw entryNotFound(path);
  const headers = describe(c, bucket, row);
  if (c.req.header('accept')?.includes(XET_INFO)) return xetInfo(c, bucket, row, headers);
  const file = cas.file(row.xetHash);
  if (!file) throw new Error(`no reconstruction of ${row.xetHash}`);
  return content(c, cas, file, { ...headers, 'content-type': row.contentType });
}

function describe(c: HubRequest, bucket: BucketRow, row: FileRow): Record<string, string> {
  const etag = `"${row.xetHash}"`;
  return {
    etag,
    'x-linked-etag': etag,
    'x-linked-size': String(row.size),
    'x-xet-hash': row.xetHash,
    'accept-ranges': 'bytes',
    'last-modified': new Date(row.uploadedAt).toUTCString(),
    'cache-control': 'no-cache',
    'content-security-policy': "default-src 'none'; sandbox",
    'x-content-type-options': 'nosniff',
    link: `<${tokenUrl(c, bucket)}>; rel="xet-auth", <${reconstructionUrl(c, row)}>; rel="xet-reconstruction-info"`,
  };
}

function xetInfo(c: HubRequest, bucket: BucketRow, row: FileRow, headers: Record<string, string>): Response {
  const info = {
    hash: row.xetHash,
    refreshUrl: tokenUrl(c, bucket),
    reconstructionUrl: reconstructionUrl(c, row),
    etag: headers.etag,
    size: row.size,
    contentType: row.contentType,
  };
  return c.body(JSON.stringify(info), 200, { ...headers, 'content-type': XET_INFO });
}

function content(
  c: HubRequest,
  cas: Cas,
  file: ReconstructionRow,
  headers: Record<string, string>,
): Response {
  const etags = c.req.header('if-none-match')?.split(/,\s*/);
  if (etags?.includes(headers.etag as string)) return c.body(null, 304, headers);
  const asked = askedRange(c, headers.etag as string, file.size);
  if (asked === 'invalid' && file.size === 0)
    return c.body(null, 206, { ...headers, 'content-range': 'bytes */0', 'content-length': '0' });
  if (asked === 'invalid')
    throw new HubFault(416, `The range is behind the end: the file has ${file.size} bytes`);
  const { start, end } = asked ?? { start: 0, end: file.size };
  const sized: Record<string, string> = { ...headers, 'content-length': String(end - start) };
  if (asked) sized['content-range'] = `bytes ${start}-${end - 1}/${file.size}`;
  const status = asked ? 206 : 200;
  if (c.req.method === 'HEAD' || start === end) return c.body(null, status, sized);
  return c.body(streamOf(cas.read(file, start, end)), status, sized);
}

function tokenUrl(c: HubRequest, bucket: BucketRow): string {
  return `${baseUrl(c)}/api/buckets/${bucket.repo}/xet-read-token`;
}

function reconstructionUrl(c: HubRequest, row: FileRow): string {
  return `${casUrl(c)}/v1/reconstructions/${row.xetHash}`;
}

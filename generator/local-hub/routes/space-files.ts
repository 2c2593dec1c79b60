import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import { z } from 'zod';
import { absent, entryNotFound, HubFault } from '../faults.ts';
import { check, type HubEnv, type HubRequest, jsonBody, parseNdjson, pathBehind, readBody } from '../http.ts';
import { namespaceOf } from '../identity/permissions.ts';
import { askedRange } from '../ranges.ts';
import { readCard } from '../spaces/card.ts';
import { put } from '../store/database.ts';
import type { SpaceRow } from '../store/tables.ts';
import { requirePlan, spaceUrl } from './repos.ts';
import { CONTENT, foldersOf, requireTree, storeContents } from './space-contents.ts';
import { readableSpace, requireRevision, writableSpace } from './spaces.ts';

const MAX_COMMIT_BYTES = 512 * 1024 * 1024;
const PREUPLOAD = z.object({ files: z.array(z.object({ path: z.string(), size: z.number() })).max(1000) });
const PATHS = z.object({ paths: z.union([z.string(), z.array(z.string())]) });
const PATH = z.object({ path: z.string() });
const LINE = z.discriminatedUnion('key', [
  z.object({
    key: z.literal('header'),
    value: z.object({ summary: z.string().nullish(), parentCommit: z.string().nullish() }),
  }),
  z.object({
    key: z.literal('file'),
    value: CONTENT,
  }),
  z.object({ key: z.enum(['deletedFile', 'deletedFolder', 'deletedEntry']), value: PATH }),
  z.object({
    key: z.literal('lfsFile'),
    value: z.unknown().refine(() => false, { error: 'large-file storage', params: { absent: true } }),
  }),
]);

/** Files of a Space repository: preupload, commit, tree, paths-info. */
export function spaceFileRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.post('/:ns/:name/preupload/:rev', preupload);
  app.post('/:ns/:name/commit/:rev', commit);
  app.get('/:ns/:name/tree/:rev', (c) => c.json(tree(c, '')));
  app.get('/:ns/:name/tree/:rev/*', (c) => c.json(tree(c, pathBehind(c, 6))));
  app.post('/:ns/:name/paths-info/:rev', pathsInfo);
  return app;
}

/** Plain reads: `/spaces/{ns}/{name}/{resolve|raw}/{rev}/{path}`. */
export function spaceResolveRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/:ns/:name/resolve/:rev/*', readFile);
  app.get('/:ns/:name/raw/:rev/*', readFile);
  return app;
}

/** Everything goes inline ("regular"), so that no LFS or Xet upload follows. */
async function preupload(c: HubRequest): Promise<Response> {
  const space = writableSpace(c);
  requireMain(c, space);
  const { files } = await jsonBody(c, PREUPLOAD, 64 * 1024 * 1024);
  const answer = files.map(({ path }) => ({
    path,
    uploadMode: 'regular',
    shouldIgnore: false,
    ...(space.files[path] && { oid: space.files[path].oid }),
  }));
  return c.json({ files: answer, commitOid: space.sha });
}

async function commit(c: HubRequest): Promise<Response> {
  const { db, spaces, options } = c.var.hub;
  requireMain(c, writableSpace(c));
  const lines = parseNdjson((await readBody(c, MAX_COMMIT_BYTES)).toString('utf8')).map((l) =>
    check(LINE, l),
  );
  const contents = lines.flatMap((line) => (line.key === 'file' ? [line.value] : []));
  const stored = await storeContents(c, contents);
  const asked = await askedSdk(c, stored);
  const space = writableSpace(c);
  const sdk = asked ?? space.sdk;
  const parent = lines.flatMap((line) => (line.key === 'header' ? (line.value.parentCommit ?? []) : []))[0];
  if (parent && parent !== space.sha)
    throw new HubFault(412, 'A commit has happened since. Please refresh and try again.');
  const files = nextFiles(space.files, lines, stored);
  requireTree(files);
  if (space.sdk === 'static' && sdk !== 'static') requirePlan(c, namespaceOf(space.repo));
  const now = new Date(options.now()).toISOString();
  const sha = createHash('sha1')
    .update(JSON.stringify([space.sha, now, files]))
    .digest('hex');
  const changed = { ...space, sdk, files, sha, lastModified: now };
  await db.write(put('spaces', space.repo.toLowerCase(), changed));
  spaces.touch(changed);
  const commitUrl = `${spaceUrl(c, space)}/commit/${sha}`;
  return c.json({ success: true, commitOid: sha, commitUrl, hookOutput: '' });
}

/** The kind of Space a new README asks for in its front matter. */
async function askedSdk(c: HubRequest, stored: Files): Promise<string | null> {
  const readme = stored['README.md'];
  if (!readme) return null;
  const { sdk } = readCard((await c.var.hub.blobs.get(readme.oid)).toString('utf8'));
  return typeof sdk === 'string' ? sdk : null;
}

type Files = SpaceRow['files'];
type Line = z.infer<typeof LINE>;

function nextFiles(before: Files, lines: Line[], stored: Files): Files {
  const gone = lines.flatMap((line) =>
    line.key.startsWith('deleted') ? [(line.value as { path: string }).path] : [],
  );
  const kept = Object.entries(before).filter(
    ([path]) => !gone.some((g) => path === g || path.startsWith(g.endsWith('/') ? g : `${g}/`)),
  );
  const merged = [...kept, ...Object.entries(stored)].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(new Map(merged));
}

function tree(c: HubRequest, folder: string) {
  const space = readableSpace(c);
  requireRevision(c, space);
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const below = Object.entries(space.files).filter(([path]) => path.startsWith(prefix));
  const recursive = c.req.query('recursive') === 'true' || c.req.query('recursive') === '1';
  const folders = new Set<string>();
  const items = below.flatMap(([path, { size, oid }]) => {
    const parents = foldersOf(path, prefix.length);
    for (const parent of recursive ? parents : parents.slice(0, 1)) folders.add(parent);
    return parents.length > 0 && !recursive ? [] : [{ type: 'file', path, size, oid }];
  });
  if (below.length === 0 && prefix !== '') throw entryNotFound(folder);
  const oid = '0'.repeat(40);
  return [...[...folders].map((path) => ({ type: 'directory', path, size: 0, oid })), ...items];
}

async function pathsInfo(c: HubRequest): Promise<Response> {
  const space = readableSpace(c);
  const type = c.req.header('content-type') ?? '';
  const { paths } = type.includes('x-www-form-urlencoded')
    ? { paths: new URLSearchParams((await readBody(c, 1 << 20)).toString('utf8')).getAll('paths') }
    : await jsonBody(c, PATHS);
  const found = [paths].flat().flatMap((path) => {
    const file = space.files[path];
    return file ? [{ type: 'file', path, ...file }] : [];
  });
  return c.json(found);
}

async function readFile(c: HubRequest): Promise<Response> {
  const space = readableSpace(c);
  requireRevision(c, space);
  c.header('X-Repo-Commit', space.sha);
  const path = pathBehind(c, 5);
  const file = Object.hasOwn(space.files, path) ? space.files[path] : undefined;
  if (!file) throw entryNotFound(path);
  const content = await c.var.hub.blobs.get(file.oid);
  const range = askedRange(c, `"${file.oid}"`, file.size);
  if (range === 'invalid' && file.size > 0)
    throw new HubFault(416, 'The range is behind the end of the file');
  const { start, end } = range === null || range === 'invalid' ? { start: 0, end: file.size } : range;
  const asked = range !== null;
  if (asked)
    c.header('Content-Range', file.size === 0 ? 'bytes */0' : `bytes ${start}-${end - 1}/${file.size}`);
  c.header('ETag', `"${file.oid}"`);
  c.header('Accept-Ranges', 'bytes');
  c.header('Content-Security-Policy', "default-src 'none'; sandbox");
  c.header('Content-Length', String(end - start));
  c.header('Content-Type', getMimeType(path) ?? 'application/octet-stream');
  return c.body(new Uint8Array(content.subarray(start, end)), asked ? 206 : 200);
}

/** @throws 404, 501 for a change that is not meant for `main` itself */
function requireMain(c: HubRequest, space: SpaceRow): void {
  requireRevision(c, space);
  if (['1', 'true'].includes(c.req.query('create_pr') ?? '')) throw absent('pull requests');
  if (c.req.query('hot_reload')) throw absent('hot reloading');
}

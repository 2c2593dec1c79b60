/** Read-only view of what belongs to results: artifacts, snapshots of submissions, shared resources. */
import { ApiError } from '@collab/contract/errors.ts';
import { pathProblem } from '@collab/contract/paths.ts';
import { getFile, listFiles } from '@collab/contract/routes/files.ts';
import type { BucketFile } from '@collab/hub/port.ts';
import { contentTag, isCurrent } from '../http/conditional.ts';
import { handle, type Reply, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import { limiter } from '../store/bodies.ts';
import { hubFailure, isBeyondBound } from '../store/hub-failure.ts';
import { readerLimit } from './reader-limit.ts';

const AREAS = ['artifacts', 'submissions', 'shared_resources'];
const SHOWN = 500;
/** Two pages of the Hub's. */
const MAX_LISTED = 10_000;
const MAX_BYTES = 1024 * 1024;
const PER_MINUTE = 240;

export const routes: RouteModule = (s) => {
  const admit = readerLimit(s, PER_MINUTE, 'files');
  const slot = limiter(4);
  return [
    handle(listFiles, ({ query, ip }) => {
      const prefix = allowed(query.prefix.replace(/\/+$/, ''));
      admit(ip);
      return slot(() => listing(s, prefix));
    }),
    handle(getFile, ({ params, ip, ifNoneMatch }) => {
      const path = allowed(params.path);
      admit(ip);
      return slot(() => content(s, path, ifNoneMatch));
    }),
  ];
};

/** Something below an area, never an area itself. @throws ApiError INVALID_PATH */
function allowed(path: string): string {
  const problem = pathProblem(path);
  if (problem) throw new ApiError('INVALID_PATH', problem);
  const [area, ...rest] = path.split('/');
  if (path.endsWith('/') || rest.length === 0 || !AREAS.includes(area as string))
    throw new ApiError('INVALID_PATH', 'not a file or folder that is shown here', {
      hint: `below ${AREAS.join('/, ')}/`,
    });
  return path;
}

async function listing(s: Services, prefix: string) {
  const all = await s.hub
    .listFiles(s.settings.CENTRAL_BUCKET, `${prefix}/`, { maxFiles: MAX_LISTED })
    .catch((error: unknown) => {
      if (!isBeyondBound(error)) return hubFailure('list the folder')(error);
      throw new ApiError('TOO_LARGE', `the folder has more than ${MAX_LISTED} files`, {
        hint: `hf buckets list ${s.settings.CENTRAL_BUCKET}/${prefix} -R`,
      });
    });
  const files = (all ?? [])
    .filter((file) => file.path.startsWith(`${prefix}/`))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const items = files.slice(0, SHOWN).map(({ path, size }) => ({ path, size }));
  return { body: { prefix, count: files.length, items } };
}

async function content(s: Services, path: string, ifNoneMatch?: string): Promise<Reply<never>> {
  const found = await s.hub.pathsInfo(s.settings.CENTRAL_BUCKET, [path]).catch(hubFailure('find the file'));
  const file = found.find((each) => each.path === path);
  if (!file) throw new ApiError('NOT_FOUND', 'no such file');
  const tag = contentTag(file.xetHash);
  const caching = { ETag: tag, 'Cache-Control': 'no-cache' };
  if (isCurrent(ifNoneMatch, tag)) return { status: 304, headers: caching };
  const bytes = await smallEnough(s, file);
  if (!bytes) throw new ApiError('NOT_FOUND', 'no such file');
  const plain = isText(bytes);
  const headers = {
    ...caching,
    'Content-Type': plain ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    'Content-Disposition': plain ? 'inline' : 'attachment',
    'Content-Security-Policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
  };
  return { headers, raw: bytes };
}

function smallEnough(s: Services, file: BucketFile): Promise<Uint8Array | null> {
  if (file.size > MAX_BYTES)
    throw new ApiError('TOO_LARGE', `the file has ${file.size} bytes, over ${MAX_BYTES}`, {
      hint: `hf buckets cp hf://buckets/${s.settings.CENTRAL_BUCKET}/${file.path} .`,
    });
  return s.store.bytes(file.path, MAX_BYTES);
}

/** UTF-8 without a NUL. */
function isText(bytes: Uint8Array): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0');
  } catch {
    return false;
  }
}

import { z } from 'zod';
import { writeBucket } from './bucket-write.ts';
import { protocolError } from './failure.ts';
import { makeRepo } from './make-repo.ts';
import { allPages } from './pages.ts';
import { filePath, repo, segment } from './paths.ts';
import type { BucketFile, BucketInfo, HubPort } from './port.ts';
import { parseJson, type Transport } from './transport.ts';
import type { XetUploads } from './xet.ts';

const Info = z.looseObject({
  id: z.string(),
  author: z.string().optional(),
  private: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string().optional(),
  size: z.number(),
  totalFiles: z.number(),
});
const Entry = z.looseObject({
  type: z.string(),
  path: z.string(),
  size: z.number().optional(),
  xetHash: z.string().optional(),
  mtime: z.string().nullish(),
  uploadedAt: z.string().nullish(),
  contentType: z.string().nullish(),
});
const Entries = z.array(Entry);
const TREE_PAGE = 5000;
const PATHS_PER_CALL = 1000;

type BucketPort = Pick<
  HubPort,
  'bucketInfo' | 'createBucket' | 'deleteBucket' | 'listFiles' | 'pathsInfo' | 'readFile' | 'write'
>;

export function bucketCalls(transport: Transport, xet: XetUploads): BucketPort {
  const api = (id: string) => `/api/buckets/${repo(id)}`;

  const info = async (id: string, token?: string): Promise<BucketInfo | null> => {
    const answer = await transport.sendOrNull({ method: 'GET', path: api(id), effect: 'read', ...as(token) });
    return answer && infoOf(parseJson(answer, Info));
  };

  const create = (id: string, options: { private: boolean }, token?: string): Promise<BucketInfo> =>
    // Said in any case: an organization may make what is not said private. As the clients of huggingface_hub 2.4 and
    // @huggingface/hub 2.17 say it; its settings take the other way to say it.
    makeRepo(transport, {
      private: options.private,
      post: { path: api(id), json: { visibility: options.private ? 'private' : 'public' } },
      look: () => info(id, token),
      settings: { path: `${api(id)}/settings`, json: { private: options.private } },
      token,
    });

  async function pathsInfo(id: string, paths: string[]): Promise<BucketFile[]> {
    const found: BucketFile[] = [];
    for (let at = 0; at < paths.length; at += PATHS_PER_CALL) {
      const json = { paths: paths.slice(at, at + PATHS_PER_CALL) };
      const answer = await transport.send({
        method: 'POST',
        path: `${api(id)}/paths-info`,
        effect: 'read',
        json,
      });
      found.push(...filesOf(parseJson(answer, Entries), answer.url));
    }
    return found;
  }

  return {
    bucketInfo: info,
    createBucket: create,
    deleteBucket: async (id) => {
      await transport.send({ method: 'DELETE', path: api(id), effect: 'upsert' });
    },
    listFiles: async (id, prefix, options = {}) => {
      const path = `${api(id)}/tree${prefix ? `/${segment(prefix)}` : ''}?recursive=true&limit=${TREE_PAGE}`;
      const entries = await allPages(
        transport,
        { method: 'GET', path, effect: 'read' },
        Entries,
        options.maxFiles,
      );
      return entries && filesOf(entries, `${transport.endpoint}${path}`);
    },
    pathsInfo,
    readFile: async (id, path, options = {}) => {
      const answer = await transport.sendOrNull({
        method: 'GET',
        path: `/buckets/${repo(id)}/resolve/${filePath(path)}`,
        effect: 'read',
        kind: 'resolve',
        headers: { 'accept-encoding': 'identity' },
        ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
        ...as(options.token),
      });
      return answer && answer.bytes;
    },
    write: (id, write, token) => writeBucket(transport, xet, repo(id), write, token),
  };
}

const as = (token: string | undefined) => (token === undefined ? {} : { token });

function infoOf(raw: z.infer<typeof Info>): BucketInfo {
  const { id, createdAt, size, totalFiles } = raw;
  return {
    id,
    author: raw.author ?? '',
    private: raw.private,
    createdAt,
    ...(raw.updatedAt ? { updatedAt: raw.updatedAt } : {}),
    size,
    totalFiles,
  };
}

function filesOf(entries: z.infer<typeof Entries>, url: string): BucketFile[] {
  return entries
    .filter((entry) => entry.type === 'file')
    .map(({ path, size, xetHash, mtime, uploadedAt, contentType }) => {
      if (size === undefined || xetHash === undefined)
        throw protocolError(url, `"${path}" has no size or hash`);
      return {
        path,
        size,
        xetHash,
        ...(mtime ? { mtime } : {}),
        ...(uploadedAt ? { uploadedAt } : {}),
        ...(contentType ? { contentType } : {}),
      };
    });
}

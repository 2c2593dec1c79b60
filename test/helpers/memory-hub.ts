/** A Hub in memory behind the port, with faults on demand: for tests that need a failure at an exact moment. */
import { createHash } from 'node:crypto';
import {
  type BucketFile,
  type BucketInfo,
  type BucketWrite,
  HubError,
  type HubErrorKind,
  type HubPort,
  type Identity,
} from '@collab/hub/port.ts';

interface Stored {
  bytes: Uint8Array;
  hash: string;
  mtime: number;
}

interface Bucket {
  private: boolean;
  author: string;
  files: Map<string, Stored>;
}

export interface MemoryUser {
  name: string;
  token: string;
  /** Role by org. */
  orgs: Record<string, string>;
  /** May write these buckets; `*` for all. */
  writes?: string[];
  email?: string;
}

/** Called before each port method; throw to make it fail. */
export type Fault = (call: string, args: unknown[]) => void | Promise<void>;

/** The methods the server's core uses; the rest throw. */
export interface MemoryHub extends HubPort {
  buckets: Map<string, Bucket>;
  users: MemoryUser[];
  /** How often each method was called. */
  calls: Record<string, number>;
  fault: Fault;
  /** Runs after a write was applied; throw to lose the answer. */
  afterWrite: (bucket: string, write: BucketWrite) => void | Promise<void>;
  /** Paths the Hub refuses inside a batch that it otherwise takes. */
  refuse: (path: string) => boolean;
  seed(bucket: string, files: Record<string, string | Uint8Array>): void;
  textOf(bucket: string, path: string): string | null;
}

export const hubError = (kind: HubErrorKind, message = kind as string) =>
  new HubError(kind, message, { url: 'http://hub.test/x' });

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (content: string | Uint8Array) =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

export function memoryHub(options: { now(): number; serverToken: string; users?: MemoryUser[] }): MemoryHub {
  const buckets = new Map<string, Bucket>();
  const calls: Record<string, number> = {};
  const enter = async (name: string, ...args: unknown[]) => {
    calls[name] = (calls[name] ?? 0) + 1;
    await hub.fault(name, args);
  };
  const info = (id: string, b: Bucket): BucketInfo => ({
    id,
    author: b.author,
    private: b.private,
    createdAt: new Date(0).toISOString(),
    size: [...b.files.values()].reduce((sum, f) => sum + f.bytes.byteLength, 0),
    totalFiles: b.files.size,
  });
  const fileOf = (path: string, f: Stored): BucketFile => ({
    path,
    size: f.bytes.byteLength,
    xetHash: f.hash,
    mtime: new Date(f.mtime).toISOString(),
    uploadedAt: new Date(f.mtime).toISOString(),
  });
  const mayWrite = (token: string | undefined, bucket: string) => {
    if (token === undefined || token === options.serverToken) return;
    const user = hub.users.find((u) => u.token === token);
    if (!user) throw hubError('unauthorized');
    const namespace = bucket.split('/')[0] as string;
    const member = ['write', 'admin', 'contributor'].includes(user.orgs[namespace] ?? '');
    if (!member && !user.writes?.includes(bucket)) throw hubError('forbidden');
  };
  const absent = (name: string) => async (): Promise<never> => {
    throw new Error(`memory hub: ${name} is not part of it`);
  };

  const apply = (bucket: Bucket, write: BucketWrite) => {
    const failed: { path: string; error: string }[] = [];
    const put = (path: string, stored: Stored | undefined) => {
      if (!stored || hub.refuse(path)) failed.push({ path, error: stored ? 'refused' : 'unknown hash' });
      else bucket.files.set(path, stored);
    };
    const mtime = options.now();
    for (const { path, content } of write.adds ?? []) {
      const bytes = bytesOf(content);
      put(path, { bytes, hash: hashOf(bytes), mtime });
    }
    for (const { path, xetHash, sourceBucket } of write.copies ?? []) {
      const from = [...(buckets.get(sourceBucket)?.files.values() ?? [])].find((f) => f.hash === xetHash);
      put(path, from && { ...from, mtime });
    }
    for (const path of write.deletes ?? []) {
      if (hub.refuse(path)) failed.push({ path, error: 'refused' });
      else bucket.files.delete(path);
    }
    return failed;
  };

  const hub: MemoryHub = {
    endpoint: 'http://hub.test',
    buckets,
    calls,
    users: options.users ?? [],
    fault: () => {},
    afterWrite: () => {},
    refuse: () => false,
    seed(id, files) {
      const bucket = buckets.get(id) ?? { private: false, author: 'seed', files: new Map() };
      buckets.set(id, bucket);
      for (const [path, content] of Object.entries(files)) {
        const bytes = bytesOf(content);
        bucket.files.set(path, { bytes, hash: hashOf(bytes), mtime: options.now() });
      }
    },
    textOf(id, path) {
      const file = buckets.get(id)?.files.get(path);
      return file ? new TextDecoder().decode(file.bytes) : null;
    },

    async whoami(token): Promise<Identity> {
      await enter('whoami', token);
      const user = hub.users.find((u) => u.token === (token ?? options.serverToken));
      if (!user) throw hubError('unauthorized');
      return {
        name: user.name,
        type: 'user',
        ...(user.email !== undefined && { email: user.email }),
        isPro: false,
        canPay: false,
        tokenRole: 'write',
        scopes: [],
        orgs: Object.entries(user.orgs).map(([name, role]) => ({ name, role })),
      };
    },
    async orgMembers(org) {
      await enter('orgMembers', org);
      return new Map(
        hub.users.filter((u) => org in u.orgs).map((u) => [u.name.toLowerCase(), u.orgs[org] as string]),
      );
    },
    async memberByEmail(org, email) {
      await enter('memberByEmail', org, email);
      const user = hub.users.find((u) => u.email === email && org in u.orgs);
      return user ? { user: user.name, role: user.orgs[org] } : null;
    },
    async orgExists(org) {
      await enter('orgExists', org);
      return hub.users.some((u) => org in u.orgs);
    },
    async bucketInfo(id, token) {
      await enter('bucketInfo', id, token);
      const bucket = buckets.get(id);
      return bucket ? info(id, bucket) : null;
    },
    async createBucket(id, { private: isPrivate }, token) {
      await enter('createBucket', id, token);
      mayWrite(token, id);
      if (buckets.has(id)) throw hubError('conflict');
      const bucket: Bucket = { private: isPrivate, author: 'x', files: new Map() };
      buckets.set(id, bucket);
      return info(id, bucket);
    },
    async deleteBucket(id) {
      await enter('deleteBucket', id);
      buckets.delete(id);
    },
    async listFiles(id, prefix = '', options = {}) {
      await enter('listFiles', id, prefix);
      const bucket = buckets.get(id);
      if (!bucket) return null;
      const count = [...bucket.files.keys()].filter((path) => path.startsWith(prefix)).length;
      if (count > (options.maxFiles ?? count)) throw hubError('invalid', 'too many files');
      return [...bucket.files]
        .filter(([path]) => path.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, f]) => fileOf(path, f));
    },
    async pathsInfo(id, paths) {
      await enter('pathsInfo', id, paths);
      const files = buckets.get(id)?.files;
      return paths.flatMap((path) => {
        const f = files?.get(path);
        return f ? [fileOf(path, f)] : [];
      });
    },
    async readFile(id, path, more) {
      await enter('readFile', id, path);
      const f = buckets.get(id)?.files.get(path);
      if (!f) return null;
      if (more?.maxBytes !== undefined && f.bytes.byteLength > more.maxBytes)
        throw hubError('invalid', 'too large');
      return f.bytes;
    },
    async write(id, write, token) {
      await enter('write', id, write);
      mayWrite(token, id);
      const bucket = buckets.get(id);
      if (!bucket) throw hubError('missing');
      const failed = apply(bucket, write);
      await hub.afterWrite(id, write);
      return { failed };
    },
    spaceInfo: absent('spaceInfo'),
    createSpace: absent('createSpace'),
    deleteSpace: absent('deleteSpace'),
    spaceFiles: absent('spaceFiles'),
    readSpaceFile: absent('readSpaceFile'),
    commitSpace: absent('commitSpace'),
    spaceRuntime: absent('spaceRuntime'),
    spaceVariables: absent('spaceVariables'),
    setSpaceVariable: absent('setSpaceVariable'),
    deleteSpaceVariable: absent('deleteSpaceVariable'),
    spaceSecrets: absent('spaceSecrets'),
    setSpaceSecret: absent('setSpaceSecret'),
    deleteSpaceSecret: absent('deleteSpaceSecret'),
    restartSpace: absent('restartSpace'),
    pauseSpace: absent('pauseSpace'),
    spaceLogs: absent('spaceLogs'),
    runJob: absent('runJob'),
    job: absent('job'),
    jobs: absent('jobs'),
    jobLogs: absent('jobLogs'),
    cancelJob: absent('cancelJob'),
    jobHardware: absent('jobHardware'),
    modelInfo: absent('modelInfo'),
    spaceHardware: absent('spaceHardware'),
    hubTime: absent('hubTime'),
    orgPlan: absent('orgPlan'),
  };
  return hub;
}

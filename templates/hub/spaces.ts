import { z } from 'zod';
import { makeRepo } from './make-repo.ts';
import { allPages } from './pages.ts';
import { filePath, repo, splitRepo } from './paths.ts';
import { HubError, type HubPort, type SpaceInfo } from './port.ts';
import { readLogs } from './sse.ts';
import { parseJson, type Transport } from './transport.ts';
import type { XetUploads } from './xet.ts';

const Info = z.looseObject({
  id: z.string(),
  author: z.string().optional(),
  createdAt: z.string().nullish(),
  sha: z.string().nullish(),
  private: z.boolean().default(false),
  sdk: z.string().nullish(),
  host: z.string().nullish(),
  subdomain: z.string().nullish(),
});
const Runtime = z.looseObject({
  stage: z.string(),
  hardware: z.looseObject({ current: z.string().nullish(), requested: z.string().nullish() }).nullish(),
  errorMessage: z.string().nullish(),
  sha: z.string().nullish(),
});
const Tree = z.array(
  z.looseObject({
    type: z.string(),
    path: z.string(),
    size: z.number().default(0),
    oid: z.string().default(''),
    lfs: z.looseObject({ oid: z.string() }).nullish(),
  }),
);
const Variables = z.record(
  z.string(),
  z.looseObject({ value: z.string(), description: z.string().nullish() }),
);
const Secrets = z.record(z.string(), z.unknown());
const LOG_WAIT_MS = 1_500;

type SpacePort = Pick<
  HubPort,
  | 'spaceInfo'
  | 'createSpace'
  | 'deleteSpace'
  | 'spaceFiles'
  | 'readSpaceFile'
  | 'commitSpace'
  | 'spaceRuntime'
  | 'spaceVariables'
  | 'setSpaceVariable'
  | 'deleteSpaceVariable'
  | 'spaceSecrets'
  | 'setSpaceSecret'
  | 'deleteSpaceSecret'
  | 'restartSpace'
  | 'pauseSpace'
  | 'spaceLogs'
>;

export function spaceCalls(transport: Transport, xet: XetUploads): SpacePort {
  const api = (id: string) => `/api/spaces/${repo(id)}`;
  const read = (path: string) => transport.send({ method: 'GET', path, effect: 'read' });
  /** Setting, deleting and restarting come to the same however often they are sent. */
  const upsert = async (method: 'POST' | 'DELETE', path: string, json?: unknown) => {
    await transport.send({ method, path, effect: 'upsert', ...(json === undefined ? {} : { json }) });
  };
  const info = async (id: string): Promise<SpaceInfo | null> => {
    const answer = await transport.sendOrNull({ method: 'GET', path: api(id), effect: 'read' });
    return answer && infoOf(parseJson(answer, Info));
  };

  return {
    spaceInfo: info,
    createSpace: (id, options) =>
      makeRepo(transport, {
        private: options.private,
        post: { path: '/api/repos/create', json: newSpace(id, options) },
        look: () => info(id),
        settings: { path: `${api(id)}/settings`, json: { visibility: visibilityOf(options) } },
      }),
    deleteSpace: async (id) => {
      const { namespace, name } = splitRepo(id);
      await upsert('DELETE', '/api/repos/delete', { name, organization: namespace, type: 'space' });
    },
    spaceFiles: async (id) => {
      const path = `${api(id)}/tree/main?recursive=true&expand=false`;
      const entries = await allPages(transport, { method: 'GET', path, effect: 'read' }, Tree);
      if (entries === null) throw missing(transport, api(id));
      return entries
        .filter((entry) => entry.type === 'file')
        .map(({ path, size, oid, lfs }) => ({ path, size, oid, ...(lfs ? { sha256: lfs.oid } : {}) }));
    },
    readSpaceFile: async (id, path) => {
      const answer = await transport.sendOrNull({
        method: 'GET',
        path: `/spaces/${repo(id)}/resolve/main/${filePath(path)}`,
        effect: 'read',
        kind: 'resolve',
      });
      return answer && answer.bytes;
    },
    commitSpace: async (id, files, deletes, title) => ({
      sha: await xet.commitToSpace(repo(id), files, deletes, title),
    }),
    spaceRuntime: async (id) => runtimeOf(parseJson(await read(`${api(id)}/runtime`), Runtime)),
    spaceVariables: async (id) =>
      Object.entries(parseJson(await read(`${api(id)}/variables`), Variables)).map(([key, entry]) => ({
        key,
        value: entry.value,
        ...(entry.description ? { description: entry.description } : {}),
      })),
    setSpaceVariable: (id, entry) => upsert('POST', `${api(id)}/variables`, entry),
    deleteSpaceVariable: (id, key) => upsert('DELETE', `${api(id)}/variables`, { key }),
    spaceSecrets: async (id) => Object.keys(parseJson(await read(`${api(id)}/secrets`), Secrets)),
    setSpaceSecret: (id, key, value) => upsert('POST', `${api(id)}/secrets`, { key, value }),
    deleteSpaceSecret: (id, key) => upsert('DELETE', `${api(id)}/secrets`, { key }),
    restartSpace: (id) => upsert('POST', `${api(id)}/restart`),
    pauseSpace: (id) => upsert('POST', `${api(id)}/pause`),
    spaceLogs: (id, kind, tail) =>
      readLogs(transport, `${api(id)}/logs/${kind}`, { tail, idleMs: LOG_WAIT_MS }),
  };
}

const visibilityOf = (options: { private: boolean }) => (options.private ? 'private' : 'public');

function newSpace(id: string, options: Parameters<HubPort['createSpace']>[1]) {
  const { namespace, name } = splitRepo(id);
  const variables = Object.entries(options.variables ?? {}).map(([key, value]) => ({ key, value }));
  return {
    type: 'space',
    name,
    organization: namespace,
    sdk: options.sdk,
    visibility: visibilityOf(options),
    ...(options.hardware ? { hardware: options.hardware } : {}),
    ...(variables.length > 0 ? { variables } : {}),
  };
}

function infoOf(raw: z.infer<typeof Info>): SpaceInfo {
  const host = raw.host ?? (raw.subdomain ? `https://${raw.subdomain}.hf.space` : '');
  return {
    id: raw.id,
    author: raw.author ?? raw.id.split('/')[0] ?? '',
    ...(raw.createdAt ? { createdAt: raw.createdAt } : {}),
    sha: raw.sha ?? '',
    private: raw.private,
    sdk: raw.sdk ?? '',
    host: host.replace(/\/+$/, ''),
  };
}

function runtimeOf(raw: z.infer<typeof Runtime>) {
  return {
    stage: raw.stage,
    hardware: raw.hardware?.current ?? raw.hardware?.requested ?? null,
    ...(raw.errorMessage ? { errorMessage: raw.errorMessage } : {}),
    ...(raw.sha ? { sha: raw.sha } : {}),
  };
}

function missing(transport: Transport, path: string): HubError {
  const url = `${transport.endpoint}${path}`;
  return new HubError('missing', `${url} does not exist`, { url, status: 404 });
}

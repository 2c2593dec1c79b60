import { randomUUID } from 'node:crypto';
import { HubError, type RepoId } from './port.ts';
import type { HubRequest, Transport } from './transport.ts';
import { createSmallUploads, SMALL_UPLOAD_BYTES } from './xet-small.ts';

/** The hash under which the Hub stores an empty file. */
export const EMPTY_FILE_HASH = '0'.repeat(64);

export interface XetUploads {
  /** Sends contents to the store, names nothing. @returns path → hash. */
  uploadToBucket(
    id: RepoId,
    files: { path: string; bytes: Uint8Array }[],
    token: string | undefined,
  ): Promise<Map<string, string>>;
  /** One commit to a Space repository, large files through the store. @returns the new revision. */
  commitToSpace(
    id: RepoId,
    files: { path: string; content: Uint8Array }[],
    deletes: string[],
    title: string,
  ): Promise<string>;
}

/**
 * Uploads through `@huggingface/hub` with a fetch of ours beneath it. The library keeps store tokens per URL for the
 * whole process, whoever asked for them; here each Hub token gets URLs of its own (`{endpoint}/~{session}/…`,
 * rewritten before sending), and a new session after the store refused one.
 */
export function createXetUploads(transport: Transport): XetUploads {
  const sessions = new Map<string, string>();
  const sessionOf = (token: string) => {
    const known = sessions.get(token) ?? randomUUID();
    // Somebody else's is there for this call alone.
    if (token === transport.token) sessions.set(token, known);
    return known;
  };

  const tokenOr = (token: string | undefined): string => {
    const as = token ?? transport.token;
    if (as) return as;
    throw new HubError('unauthorized', 'a token is needed to write', { url: transport.endpoint });
  };
  const sendSmall = createSmallUploads(transport);

  async function withSession<T>(
    token: string | undefined,
    run: (hubUrl: string, token: string) => Promise<T>,
  ) {
    const as = tokenOr(token);
    try {
      return await run(`${transport.endpoint}/~${sessionOf(as)}`, as);
    } catch (error) {
      const refused = error instanceof StoreRefused;
      if (!refused) throw error;
      sessions.delete(as);
      try {
        return await run(`${transport.endpoint}/~${sessionOf(as)}`, as);
      } catch (again) {
        sessions.delete(as);
        throw again instanceof StoreRefused ? again.reason : again;
      }
    }
  }

  return {
    uploadToBucket: async (id, files, token) => {
      const filled = files.filter((file) => file.bytes.byteLength > 0);
      if (filled.length === 0) return new Map();
      const bytes = filled.reduce((sum, file) => sum + file.bytes.byteLength, 0);
      if (bytes <= SMALL_UPLOAD_BYTES) return sendSmall(id, filled, tokenOr(token));
      return withSession(token, (hubUrl, as) => uploadContents(transport, hubUrl, id, filled, as));
    },
    commitToSpace: (id, files, deletes, title) =>
      withSession(undefined, (hubUrl, as) => commitFiles(transport, hubUrl, id, files, deletes, title, as)),
  };
}

async function uploadContents(
  transport: Transport,
  hubUrl: string,
  id: RepoId,
  files: { path: string; bytes: Uint8Array }[],
  token: string,
): Promise<Map<string, string>> {
  const { commit } = await import('@huggingface/hub');
  const hashes = new Map<string, string>();
  const captureBatch = (body: string): Response => {
    for (const line of body.split('\n').filter(Boolean)) {
      const { path, xetHash } = JSON.parse(line) as { path: string; xetHash: string };
      hashes.set(path, xetHash);
    }
    return Response.json({ success: true, processed: hashes.size, succeeded: hashes.size, failed: [] });
  };
  await guarded((signal) =>
    commit({
      repo: { type: 'bucket', name: id },
      title: 'upload',
      accessToken: token,
      hubUrl,
      operations: files.map((file) => ({
        operation: 'addOrUpdate',
        path: file.path,
        content: new Blob([file.bytes as BlobPart]),
      })),
      fetch: storeFetch({ transport, hubUrl, token, signal, captureBatch }),
    }),
  );
  return hashes;
}

async function commitFiles(
  transport: Transport,
  hubUrl: string,
  id: RepoId,
  files: { path: string; content: Uint8Array }[],
  deletes: string[],
  title: string,
  token: string,
): Promise<string> {
  const { commit } = await import('@huggingface/hub');
  const done = await guarded((signal) =>
    commit({
      repo: { type: 'space', name: id },
      title,
      accessToken: token,
      hubUrl,
      operations: [
        ...files.map((file) => ({
          operation: 'addOrUpdate' as const,
          path: file.path,
          content: new Blob([file.content as BlobPart]),
        })),
        ...deletes.map((path) => ({ operation: 'delete' as const, path })),
      ],
      fetch: storeFetch({ transport, hubUrl, token, signal }),
    }),
  );
  return done?.commit.oid ?? '';
}

/** The library leaves sibling uploads running when one fails: this ends them. */
async function guarded<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  try {
    return await run(abort.signal);
  } finally {
    abort.abort();
  }
}

/** The store did not take its own token: a fresh one may do. */
class StoreRefused extends Error {
  readonly reason: HubError;
  constructor(reason: HubError) {
    super(reason.message);
    this.reason = reason;
  }
}

interface StoreFetch {
  transport: Transport;
  hubUrl: string;
  token: string;
  signal: AbortSignal;
  captureBatch?: (body: string) => Response;
}

/** A fetch for the library that goes through our transport: its retries, time limits, counts and errors. */
function storeFetch(options: StoreFetch): typeof fetch {
  return async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    if (options.captureBatch && url.endsWith('/batch')) return options.captureBatch(String(init?.body ?? ''));
    const onHub = url.startsWith(options.hubUrl);
    const request = requestOf(options, url, onHub, init);
    try {
      const answer = await options.transport.send(request);
      return new Response(answer.bytes.byteLength > 0 ? (answer.bytes as BodyInit) : null, {
        status: answer.status,
        headers: answer.headers,
      });
    } catch (error) {
      const refused = error instanceof HubError && ['unauthorized', 'forbidden'].includes(error.kind);
      throw refused && !onHub ? new StoreRefused(error) : error;
    }
  };
}

function requestOf(options: StoreFetch, url: string, onHub: boolean, init?: RequestInit): HubRequest {
  const { hubUrl, token, signal } = options;
  const headers = Object.fromEntries(new Headers(init?.headers).entries());
  delete headers.authorization;
  const own = new Headers(init?.headers).get('authorization');
  const method = (init?.method ?? 'GET') as HubRequest['method'];
  // Contents are stored under their hash and a preupload only asks: only a commit has an effect of its own.
  const effect = onHub && url.includes('/commit/') ? 'write' : method === 'GET' ? 'read' : 'upsert';
  return {
    method,
    path: onHub ? url.slice(hubUrl.length) : url,
    effect,
    kind: onHub ? 'api' : 'cas',
    token: onHub ? token : null,
    headers: { ...headers, ...(onHub || !own ? {} : { authorization: own }) },
    ...(init?.body === undefined || init.body === null ? {} : { body: init.body }),
    accept: /\/v1\/chunks\//.test(url) ? [404] : [],
    signal,
  };
}

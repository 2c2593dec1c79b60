import { z } from 'zod';
import { HubError, type RepoId } from './port.ts';
import { parseJson, type Transport } from './transport.ts';

/** Above this the client library uploads: it splits, compresses and asks the store what it knows already. */
export const SMALL_UPLOAD_BYTES = 8 * 1024 * 1024;

const WriteToken = z.looseObject({ casUrl: z.string(), accessToken: z.string(), exp: z.number() });
type WriteToken = z.infer<typeof WriteToken>;

/** A token that ends sooner than this is renewed first. */
const SPARE_S = 60;

interface SmallFile {
  path: string;
  bytes: Uint8Array;
}

/** Uploads a few small files in three calls: token (the client's own is kept while it is good), xorb, shard. @returns path → hash. */
export function createSmallUploads(transport: Transport) {
  const tokens = new Map<string, WriteToken>();

  async function writeToken(id: RepoId, token: string): Promise<WriteToken> {
    const key = `${id} ${token}`;
    const known = tokens.get(key);
    if (known && known.exp - SPARE_S > transport.clock.now() / 1000) return known;
    const answer = await transport.send({
      method: 'GET',
      path: `/api/buckets/${id}/xet-write-token`,
      effect: 'read',
      token,
    });
    const fresh = parseJson(answer, WriteToken);
    // Somebody else's is there for this call alone.
    if (token === transport.token) tokens.set(key, fresh);
    return fresh;
  }

  async function send(id: RepoId, files: SmallFile[], token: string): Promise<Map<string, string>> {
    const { encodeFiles } = await import('./xet-encode.ts');
    const encoded = encodeFiles(files);
    const { casUrl, accessToken } = await writeToken(id, token);
    // Both are stored under their hash: sending one again changes nothing.
    const store = (path: string, body: Uint8Array) =>
      transport.send({
        method: 'POST',
        path: `${casUrl}${path}`,
        effect: 'upsert',
        kind: 'cas',
        token: accessToken,
        body: body as BodyInit,
      });
    await store(`/v1/xorbs/default/${encoded.xorbHash}`, encoded.xorb);
    await store('/v1/shards', encoded.shard);
    return encoded.hashes;
  }

  /** A store that refuses its own token is asked once more with a fresh one; nothing of it is kept after that. */
  return async (id: RepoId, files: SmallFile[], token: string): Promise<Map<string, string>> => {
    const had = tokens.has(`${id} ${token}`);
    try {
      return await send(id, files, token);
    } catch (error) {
      const refused = error instanceof HubError && ['unauthorized', 'forbidden'].includes(error.kind);
      tokens.delete(`${id} ${token}`);
      if (!refused || !had) throw error;
      return send(id, files, token);
    }
  };
}

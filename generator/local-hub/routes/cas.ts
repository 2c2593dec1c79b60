import { Hono } from 'hono';
import { forbidden, HubFault, notFound, unauthorized } from '../faults.ts';
import { baseUrl, bodyStream, type HubEnv, type HubRequest, readBody, streamOf } from '../http.ts';
import { parseRange } from '../ranges.ts';
import type { ReconstructionRow } from '../store/tables.ts';
import { CasFault } from '../xet/cas.ts';
import type { CasScope } from '../xet/keys.ts';
import { type Plan, planRead } from '../xet/plan.ts';
import { readStored } from '../xet/xorb.ts';

const HASH = /^[0-9a-f]{64}$/;
const MAX_SHARD_BYTES = 64 * 1024 * 1024;

/** URL of the CAS of this hub, for token answers. */
export function casUrl(c: HubRequest): string {
  return `${baseUrl(c)}/_cas/${c.var.hub.keys.storeId}`;
}

/** The Xet CAS protocol (xet-core openapi/cas.openapi.yaml), below `/_cas/{store}`. */
export function casRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.use('/:store/*', async (c, next) => {
    if (c.req.param('store') !== c.var.hub.keys.storeId) throw notFound('unknown store');
    await next();
  });
  app.post('/:store/v1/xorbs/:prefix/:hash', async (c) => {
    requireScope(c, 'write');
    const fresh = await asClientFault(() => c.var.hub.cas.putXorb(hashParam(c), bodyStream(c)));
    return c.json({ was_inserted: fresh });
  });
  app.get('/:store/v1/xorbs/:prefix/:hash', (c) => {
    requireScope(c, 'read');
    if (!c.var.hub.cas.has(hashParam(c))) throw notFound('unknown xorb');
    return c.body(null, 200);
  });
  app.post('/:store/v1/shards', async (c) => {
    requireScope(c, 'write');
    const bytes = await readBody(c, MAX_SHARD_BYTES);
    const fresh = await asClientFault(() => c.var.hub.cas.putShard(bytes));
    return c.json({ result: fresh ? 1 : 0 });
  });
  app.get('/:store/v1/chunks/:prefix/:hash', () => {
    throw notFound('not known as a chunk');
  });
  app.get('/:store/v2/reconstructions/:hash', async (c) => {
    const plan = await requestedPlan(c);
    const xorbs = Object.fromEntries(
      [...plan.fetch].map(([hash, { chunks, bytes }]) => [
        hash,
        [{ url: dataUrl(c, hash), ranges: [{ chunks, bytes }] }],
      ]),
    );
    return c.json({ offset_into_first_range: plan.offset, terms: plan.terms, xorbs });
  });
  app.get('/:store/v1/reconstructions/:hash', async (c) => {
    const plan = await requestedPlan(c);
    const fetch_info = Object.fromEntries(
      [...plan.fetch].map(([hash, { chunks, bytes }]) => [
        hash,
        [{ range: chunks, url: dataUrl(c, hash), url_range: bytes }],
      ]),
    );
    return c.json({ offset_into_first_range: plan.offset, terms: plan.terms, fetch_info });
  });
  app.post('/:store/v1/telemetry', (c) => c.json({}));
  app.get('/:store/data/:hash', (c) => serveXorb(c));
  return app;
}

async function requestedPlan(c: HubRequest): Promise<Plan> {
  requireScope(c, 'read');
  const { cas } = c.var.hub;
  const file: ReconstructionRow | undefined = cas.file(hashParam(c));
  if (!file) throw notFound('unknown file');
  const range = parseRange(c.req.header('range'), file.size);
  if (range === 'invalid') throw new HubFault(416, 'the range is behind the end of the file');
  return planRead(cas, file, range?.start ?? 0, range?.end ?? file.size);
}

async function serveXorb(c: HubRequest): Promise<Response> {
  const hash = hashParam(c);
  const { keys, cas } = c.var.hub;
  if (!keys.allowsData(hash, c.req.query('e') ?? '', c.req.query('s') ?? ''))
    throw forbidden('the signature of the URL is not valid any more');
  if (!cas.has(hash)) throw notFound('unknown xorb');
  const { starts } = await cas.table(hash);
  const size = starts.at(-1) as number;
  const range = parseRange(c.req.header('range'), size);
  if (range === 'invalid') throw new HubFault(416, 'the range is behind the end of the xorb');
  const { start, end } = range ?? { start: 0, end: size };
  const headers: Record<string, string> = {
    'content-type': 'application/octet-stream',
    'content-length': String(end - start),
    'accept-ranges': 'bytes',
  };
  if (range) headers['content-range'] = `bytes ${start}-${end - 1}/${size}`;
  if (c.req.method === 'HEAD') return c.body(null, range ? 206 : 200, headers);
  const content = readStored(cas.xorbPath(hash), await cas.table(hash), start, end);
  return c.body(streamOf(content), range ? 206 : 200, headers);
}

function dataUrl(c: HubRequest, hash: string): string {
  return `${casUrl(c)}/data/${hash}?${c.var.hub.keys.dataQuery(hash)}`;
}

function hashParam(c: HubRequest): string {
  const hash = c.req.param('hash') ?? '';
  if (!HASH.test(hash)) throw new HubFault(400, 'not a hash');
  return hash;
}

function requireScope(c: HubRequest, scope: CasScope): void {
  const token = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
  const has = c.var.hub.keys.scopeOf(token);
  if (!has) throw unauthorized('the CAS token is missing or no longer valid');
  if (scope === 'write' && has !== 'write') throw forbidden('this CAS token may only read');
}

async function asClientFault<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CasFault) throw new HubFault(400, error.message);
    throw error;
  }
}

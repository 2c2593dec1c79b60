import { Hono } from 'hono';
import { z } from 'zod';
import { isEveryAddress } from '../../address.ts';
import { HubFault } from '../faults.ts';
import {
  decodePath,
  type HubEnv,
  type HubRequest,
  intQuery,
  jsonBody,
  nextPage,
  notHere,
  repoParam,
} from '../http.ts';
import { canRead, canWrite, namespaceOf, requireRead, requireWrite } from '../identity/permissions.ts';
import { readCard } from '../spaces/card.ts';
import { defaultSleep, FREE, spaceHardwareAnswer } from '../spaces/hardware.ts';
import { sseLog } from '../sse.ts';
import { put } from '../store/database.ts';
import type { JobVolume, SpaceRow, VariableRow } from '../store/tables.ts';
import { requireHardware, requirePlan } from './repos.ts';
import { requireMountable, VOLUME, volumeRows } from './volumes.ts';

const KEY = z
  .string()
  .regex(/^[a-zA-Z][_a-zA-Z0-9]*$/, 'letters, digits and underscores, starting with a letter');
const ENTRY = z.object({ key: KEY, value: z.string(), description: z.string().nullish() });
const NAMED = z.object({ key: z.string() });

/** Spaces: info, variables, secrets, runtime, logs. */
export function spaceRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/', listSpaces);
  app.get('/hardware', (c) => c.json(spaceHardwareAnswer()));
  app.get('/:ns/:name', async (c) => c.json(await spaceInfo(c, readableSpace(c))));
  app.get('/:ns/:name/revision/:rev', async (c) => {
    const space = readableSpace(c);
    requireRevision(c, space);
    return c.json(await spaceInfo(c, space));
  });
  app.get('/:ns/:name/auth-check', (c) => c.json({ id: readableSpace(c).repo }));
  for (const kind of ['variables', 'secrets'] as const) {
    app.get(`/:ns/:name/${kind}`, (c) => c.json(shown(kind, writableSpace(c)[kind])));
    app.post(`/:ns/:name/${kind}`, (c) => setEntry(c, kind));
    app.delete(`/:ns/:name/${kind}`, (c) => deleteEntry(c, kind));
  }
  app.get('/:ns/:name/runtime', (c) => c.json(runtime(c, readableSpace(c))));
  app.post('/:ns/:name/restart', restart);
  app.post('/:ns/:name/pause', pause);
  app.post('/:ns/:name/sleeptime', setSleepTime);
  app.post('/:ns/:name/hardware', setHardware);
  app.put('/:ns/:name/settings', setVisibility);
  app.put('/:ns/:name/volumes', async (c) => {
    const { volumes } = await jsonBody(c, z.object({ volumes: z.array(VOLUME).min(1) }));
    return setVolumes(c, volumeRows(volumes));
  });
  app.delete('/:ns/:name/volumes', (c) => setVolumes(c, []));
  app.get('/:ns/:name/logs/:kind', logs);
  return app;
}

/** The Space of the path, when the caller may see it. @throws 401, 404 */
export function readableSpace(c: HubRequest): SpaceRow {
  const { db } = c.var.hub;
  return requireRead(db, c.var.who, db.get('spaces', repoParam(c).toLowerCase()), 'space');
}

/** The Space of the path, when the caller may write it. @throws 401, 403, 404 */
export function writableSpace(c: HubRequest): SpaceRow {
  const { db } = c.var.hub;
  return requireWrite(db, c.var.who, db.get('spaces', repoParam(c).toLowerCase()), 'space');
}

/** Only `main` is kept, under its names and its sha. @throws 404 */
export function requireRevision(c: HubRequest, space: SpaceRow): void {
  const revision = decodePath(c.req.param('rev') ?? '');
  if (!['main', 'HEAD', 'refs/heads/main', space.sha].includes(revision))
    throw new HubFault(404, `Invalid rev id: ${revision}`, 'RevisionNotFound');
}

const SORTS = ['createdAt', 'lastModified'] as const;

function listSpaces(c: HubRequest): Response {
  const author = c.req.query('author')?.toLowerCase();
  const search = c.req.query('search')?.toLowerCase() ?? '';
  const tags = c.req.queries('filter') ?? [];
  const sort = SORTS.find((name) => name === c.req.query('sort'));
  const { db } = c.var.hub;
  const rows = db
    .values('spaces')
    .filter((space) => !author || namespaceOf(space.repo).toLowerCase() === author)
    .filter((space) => space.repo.toLowerCase().includes(search))
    .filter((space) => tags.every((tag) => tag === space.sdk))
    .filter((space) => canRead(db, c.var.who, space, 'space'));
  if (sort) rows.sort((a, b) => (a[sort] < b[sort] ? 1 : -1));
  const limit = intQuery(c, 'limit', 1000, 1, 1000);
  const end = intQuery(c, 'cursor', 0, 0, rows.length) + limit;
  if (rows.length > end) c.header('link', nextPage(c, String(end)));
  return c.json(rows.slice(end - limit, end).map((space) => basicInfo(c, space)));
}

function basicInfo(c: HubRequest, space: SpaceRow) {
  const { id: _id, repo: id, sha, lastModified, createdAt, sdk } = space;
  const host = `http://${spaceHost(c)}:${space.port}`;
  const subdomain = id.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase();
  return {
    _id,
    id,
    author: namespaceOf(id),
    sha,
    lastModified,
    createdAt,
    private: space.private,
    disabled: false,
    gated: false,
    sdk,
    subdomain,
    host,
    likes: 0,
    tags: [sdk],
    models: [],
    datasets: [],
  };
}

async function spaceInfo(c: HubRequest, space: SpaceRow) {
  const readme = space.files['README.md'];
  const text = readme ? (await c.var.hub.blobs.get(readme.oid)).toString('utf8') : '';
  return {
    ...basicInfo(c, space),
    siblings: siblings(space, c.req.query('blobs') === 'true'),
    runtime: runtime(c, space),
    cardData: readCard(text),
  };
}

function siblings({ files }: SpaceRow, withBlobs: boolean) {
  return Object.entries(files).map(([rfilename, { size, oid }]) => ({
    rfilename,
    ...(withBlobs && { size, blobId: oid }),
  }));
}

/** Spaces on loopback are reached there; a hub that serves others gives the name it was called by. */
function spaceHost(c: HubRequest): string {
  const { host } = c.var.hub.options;
  if (!isEveryAddress(host)) return host;
  return new URL(`http://${c.req.header('host') ?? '127.0.0.1'}`).hostname;
}

function runtime(c: HubRequest, space: SpaceRow) {
  const live = c.var.hub.spaces.of(space);
  const running = live.stage.startsWith('RUNNING');
  // The rest of the message is the app's output, which only those who may read its logs may see.
  const whole = canWrite(c.var.hub.db, c.var.who, space, 'space');
  const errorMessage = whole ? live.errorMessage : live.errorMessage?.split('\n')[0];
  return {
    stage: live.stage,
    hardware: { current: running ? space.hardware : null, requested: space.hardware },
    gcTimeout: space.sleepTime < 0 ? null : space.sleepTime,
    storage: null,
    devMode: false,
    ...(space.volumes?.length && { volumes: space.volumes }),
    replicas: { current: running ? 1 : 0, requested: 1 },
    domains: [{ domain: `${spaceHost(c)}:${space.port}`, stage: 'READY' }],
    ...(live.sha && { sha: live.sha }),
    ...(errorMessage && { errorMessage }),
  };
}

async function change(c: HubRequest, update: (space: SpaceRow) => Partial<SpaceRow>): Promise<SpaceRow> {
  const space = writableSpace(c);
  const changed = { ...space, ...update(space) };
  await c.var.hub.db.write(put('spaces', space.repo.toLowerCase(), changed));
  return changed;
}

async function setEntry(c: HubRequest, kind: 'variables' | 'secrets'): Promise<Response> {
  const { key, value, description } = await jsonBody(c, ENTRY);
  const updatedAt = new Date(c.var.hub.options.now()).toISOString();
  const row: VariableRow = { key, value, ...(description ? { description } : {}), updatedAt };
  const before = writableSpace(c);
  const other = kind === 'variables' ? before.secrets : before.variables;
  if (other[key]) throw new HubFault(400, `Collision: ${key} exists already as the other kind`);
  if (before[kind][key]?.value === value && before[kind][key]?.description === row.description)
    return c.json(shown(kind, before[kind]));
  const space = await change(c, (s) => ({ [kind]: { ...s[kind], [key]: row } }));
  c.var.hub.spaces.touch(space);
  return c.json(shown(kind, space[kind]));
}

async function deleteEntry(c: HubRequest, kind: 'variables' | 'secrets'): Promise<Response> {
  const { key } = await jsonBody(c, NAMED);
  if (!Object.hasOwn(writableSpace(c)[kind], key)) return c.json(shown(kind, writableSpace(c)[kind]));
  const space = await change(c, (s) => {
    const { [key]: _gone, ...rest } = s[kind];
    return { [kind]: rest };
  });
  c.var.hub.spaces.touch(space);
  return c.json(shown(kind, space[kind]));
}

/** Variables with their values; of secrets the names only. */
function shown(kind: 'variables' | 'secrets', rows: Record<string, VariableRow>) {
  if (kind === 'variables') return rows;
  return Object.fromEntries(Object.values(rows).map(({ value: _, ...row }) => [row.key, row]));
}

async function restart(c: HubRequest): Promise<Response> {
  const space = await change(c, () => ({ paused: false }));
  c.var.hub.spaces.touch(space, 0);
  return c.json(runtime(c, space));
}

async function pause(c: HubRequest): Promise<Response> {
  const space = await change(c, () => ({ paused: true }));
  await c.var.hub.spaces.of(space).stop('PAUSED');
  return c.json(runtime(c, space));
}

/** Free hardware keeps its fixed sleep time, as on the Hub, which answers as if it had been changed. */
async function setSleepTime(c: HubRequest): Promise<Response> {
  const { seconds } = await jsonBody(c, z.object({ seconds: z.number().int().min(-1) }));
  const space = await change(c, (s) => (s.hardware === FREE ? {} : { sleepTime: seconds }));
  if (space.hardware !== FREE) c.var.hub.spaces.touch(space, 0);
  return c.json(runtime(c, space));
}

async function setHardware(c: HubRequest): Promise<Response> {
  const schema = z.object({ flavor: z.string(), sleepTimeSeconds: z.number().int().min(-1).nullish() });
  const { flavor, sleepTimeSeconds } = await jsonBody(c, schema);
  const hardware = requireHardware(c, namespaceOf(writableSpace(c).repo), flavor);
  const asked = hardware === FREE ? null : sleepTimeSeconds;
  const sleepTime = asked ?? defaultSleep(hardware);
  const before = writableSpace(c);
  const space = await change(c, () => ({ hardware, sleepTime }));
  if (hardware !== before.hardware || sleepTime !== before.sleepTime) c.var.hub.spaces.touch(space, 0);
  return c.json(runtime(c, space));
}

async function setVolumes(c: HubRequest, volumes: JobVolume[]): Promise<Response> {
  requireMountable(c, volumes);
  const space = await change(c, () => ({ volumes }));
  c.var.hub.spaces.touch(space, 0);
  return c.json(runtime(c, space));
}

async function setVisibility(c: HubRequest): Promise<Response> {
  const schema = z.object({
    private: z.boolean().nullish(),
    visibility: z.enum(['public', 'private', 'protected']).nullish(),
    gated: notHere('gated repositories'),
  });
  const body = await jsonBody(c, schema);
  const asked = body.visibility ? body.visibility !== 'public' : body.private;
  if (body.visibility === 'protected')
    requirePlan(c, namespaceOf(writableSpace(c).repo), 'A protected Space');
  const space = await change(c, (s) => ({ private: asked ?? s.private }));
  return c.json({ private: space.private });
}

function logs(c: HubRequest): Response {
  const space = writableSpace(c);
  const kind = c.req.param('kind');
  if (kind !== 'build' && kind !== 'run') throw new HubFault(404, 'logs are build or run');
  const tail = c.req.query('tail') === undefined ? undefined : intQuery(c, 'tail', 0, 1, 100_000);
  const live = c.var.hub.spaces.of(space);
  const log = kind === 'build' ? live.buildLog : live.runLog;
  return sseLog(c, (signal) => log.follow(signal, tail));
}

import { createHash, randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { absent, badRequest, forbidden, HubFault, repoNotFound } from '../faults.ts';
import { baseUrl, type HubEnv, type HubRequest, jsonBody, notHere } from '../http.ts';
import { canCreate, namespaceOf, requireUser, requireWrite } from '../identity/permissions.ts';
import { defaultSleep, FREE, SPACE_HARDWARE } from '../spaces/hardware.ts';
import { drop, put, remove } from '../store/database.ts';
import type { Op } from '../store/records.ts';
import type { SpaceRow, VariableRow } from '../store/tables.ts';
import { REPO_NAME, requireCreatable } from './buckets.ts';
import { CONTENT, requireTree, storeContents } from './space-contents.ts';
import { requireMountable, VOLUME, volumeRows } from './volumes.ts';

const KEY = z.string().regex(/^[a-zA-Z][_a-zA-Z0-9]*$/, 'letters, digits and underscores');
const ENTRY = z.object({ key: KEY, value: z.string(), description: z.string().nullish() });
const TYPE = z.enum(['space', 'bucket', 'model', 'dataset']).default('model');
const CREATE = z.object({
  name: z.string(),
  organization: z.string().nullish(),
  type: TYPE,
  sdk: z.string().nullish(),
  visibility: z.enum(['public', 'private', 'protected']).nullish(),
  private: z.boolean().nullish(),
  hardware: z.string().nullish(),
  sleepTimeSeconds: z.number().int().nullish(),
  secrets: z.array(ENTRY).nullish(),
  variables: z.array(ENTRY).nullish(),
  files: z.array(CONTENT).nullish(),
  volumes: z.array(VOLUME).nullish(),
  devModeEnabled: notHere('dev mode of Spaces'),
  template: notHere('templates of Spaces'),
  resourceGroupId: notHere('resource groups'),
});
const TARGET = z.object({ name: z.string(), organization: z.string().nullish(), type: TYPE });
const MOVE = z.object({ fromRepo: z.string(), toRepo: z.string(), type: TYPE });

/** Creating, deleting and moving repositories of kind Space (and moving buckets). */
export function repoRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.post('/create', createRepo);
  app.delete('/delete', deleteRepo);
  app.post('/move', moveRepo);
  return app;
}

async function createRepo(c: HubRequest): Promise<Response> {
  const { db, spaces, options } = c.var.hub;
  const body = await jsonBody(c, CREATE);
  const repo = fullName(c, body);
  if (body.type !== 'space')
    throw absent(`repositories of type ${body.type}, only Spaces, and buckets by POST /api/buckets`);
  const author = requireCreatable(c, repo, 'space');
  const existing = db.get('spaces', repo.toLowerCase());
  if (existing) {
    const known = { url: spaceUrl(c, existing), name: existing.repo, id: existing.id };
    throw new HubFault(409, 'You already created this space repo', undefined, known);
  }
  const sdk = body.sdk ?? 'static';
  const hardware = requireHardware(c, namespaceOf(repo), body.hardware ?? FREE);
  if (sdk !== 'static' && hardware === FREE) requirePlan(c, namespaceOf(repo));
  if (body.visibility === 'protected') requirePlan(c, namespaceOf(repo), 'A protected Space');
  const volumes = volumeRows(body.volumes);
  requireMountable(c, volumes);
  const [port, files] = [await spaces.pickPort(null), await storeContents(c, body.files ?? [])];
  requireTree(files);
  if (db.get('spaces', repo.toLowerCase())) throw new HubFault(409, 'You already created this space repo');
  const now = new Date(options.now()).toISOString();
  const space: SpaceRow = {
    id: randomBytes(12).toString('hex'),
    repo,
    author,
    private: body.visibility ? body.visibility !== 'public' : (body.private ?? false),
    sdk,
    createdAt: now,
    lastModified: now,
    sha: createHash('sha1').update(`${repo} ${now}`).digest('hex'),
    files,
    variables: entries(body.variables, now),
    secrets: entries(body.secrets, now),
    hardware,
    sleepTime: body.sleepTimeSeconds ?? defaultSleep(hardware),
    paused: false,
    port,
    ...(volumes.length > 0 && { volumes }),
    oauth: { clientId: randomBytes(16).toString('hex'), clientSecret: randomBytes(24).toString('hex') },
  };
  await db.write(put('spaces', repo.toLowerCase(), space));
  spaces.touch(space);
  return c.json({ url: spaceUrl(c, space), name: repo, id: space.id });
}

async function deleteRepo(c: HubRequest): Promise<Response> {
  const { db, spaces } = c.var.hub;
  const body = await jsonBody(c, TARGET);
  const key = fullName(c, body).toLowerCase();
  if (body.type === 'bucket') {
    const bucket = requireWrite(db, c.var.who, db.get('buckets', key), 'bucket');
    await db.write(drop(`files:${bucket.id}`), remove('buckets', key));
    return c.json({ success: true });
  }
  const space = requireWrite(
    db,
    c.var.who,
    body.type === 'space' ? db.get('spaces', key) : undefined,
    'space',
  );
  await db.write(remove('spaces', key));
  await spaces.forget(space);
  return c.json({ success: true });
}

async function moveRepo(c: HubRequest): Promise<Response> {
  const { db } = c.var.hub;
  const { fromRepo, toRepo, type } = await jsonBody(c, MOVE);
  if (type !== 'bucket' && type !== 'space') throw repoNotFound();
  const who = requireUser(c.var.who);
  const table = type === 'bucket' ? 'buckets' : 'spaces';
  const row = requireWrite(db, who, db.get(table, fromRepo.toLowerCase()), type);
  const [, name] = /^[\w.-]+\/([\w.-]+)$/.exec(toRepo) ?? [];
  if (!name || !REPO_NAME.test(name)) throw badRequest(`"${toRepo}" is not a valid name`);
  if (!canCreate(db, who, toRepo, type)) throw forbidden('You may not create in that namespace');
  if (db.get(table, toRepo.toLowerCase())) throw new HubFault(409, `${toRepo} already exists`);
  const to: Op = { t: table, k: toRepo.toLowerCase(), v: { ...row, repo: toRepo } };
  await db.write(remove(table, fromRepo.toLowerCase()), to);
  return c.json({ success: true });
}

/** A Docker or Gradio Space on free hardware needs PRO or a Team or Enterprise plan. @throws 402 */
export function requirePlan(
  c: HubRequest,
  namespace: string,
  what = 'Creating a Docker or Gradio Space',
): void {
  const { db } = c.var.hub;
  const pro = db.get('users', namespace.toLowerCase())?.pro;
  if (pro || db.get('orgs', namespace.toLowerCase())?.plan) return;
  throw new HubFault(402, `${what} needs a PRO subscription or a Team or Enterprise plan`);
}

/** A flavor of the catalogue that the namespace can pay. @throws 400, 402 */
export function requireHardware(c: HubRequest, namespace: string, flavor: string): string {
  const { db } = c.var.hub;
  const known = SPACE_HARDWARE.find((entry) => entry.name === flavor);
  if (!known) throw badRequest(`Unknown hardware ${flavor}`);
  const owner = db.get('orgs', namespace.toLowerCase()) ?? db.get('users', namespace.toLowerCase());
  if (known.usdPerHour > 0 && owner?.credits !== undefined && owner.credits <= 0)
    throw new HubFault(402, `${namespace} has no credits: ${flavor} needs a positive balance`);
  return flavor;
}

function fullName(
  c: HubRequest,
  { name, organization }: { name: string; organization?: string | null },
): string {
  if (name.includes('/')) return name;
  return `${organization ?? requireUser(c.var.who).user.name}/${name}`;
}

function entries(list: z.infer<typeof ENTRY>[] | null | undefined, now: string): Record<string, VariableRow> {
  const rows = (list ?? []).map(({ key, value, description }) => ({
    key,
    value,
    ...(description ? { description } : {}),
    updatedAt: now,
  }));
  return Object.fromEntries(rows.map((row) => [row.key, row]));
}

export function spaceUrl(c: HubRequest, space: SpaceRow): string {
  return `${baseUrl(c)}/spaces/${space.repo}`;
}

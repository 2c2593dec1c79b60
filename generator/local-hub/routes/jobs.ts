import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { z } from 'zod';
import { badRequest, forbidden, HubFault, notFound } from '../faults.ts';
import { baseUrl, type HubEnv, type HubRequest, intQuery, jsonBody, nextPage, notHere } from '../http.ts';
import { canRunJobs, requireUser, roleIn } from '../identity/permissions.ts';
import { hardwareAnswer, JOB_HARDWARE } from '../jobs/hardware.ts';
import { hostsWrapper } from '../jobs/network.ts';
import { sseLog } from '../sse.ts';
import { put } from '../store/database.ts';
import type { JobRow } from '../store/tables.ts';
import { requireMountable, VOLUME, volumeRows } from './volumes.ts';

const ENV = z.record(
  z
    .string()
    .regex(
      /^[a-zA-Z][_a-zA-Z0-9]+$/,
      'a name is a letter, then at least one more letter, digit or underscore',
    ),
  z.string(),
);
const LABELS = z.record(
  z
    .string()
    .regex(
      /^[A-Za-z0-9._-]{1,100}$/,
      'a label has letters, digits, dots, underscores and dashes, at most 100',
    ),
  z
    .string()
    .regex(
      /^[A-Za-z0-9._-]{0,100}$/,
      'a value has letters, digits, dots, underscores and dashes, at most 100',
    ),
);
/** Names and lengths: Python client 2.4, `run_job`. */
const NETWORK = z.object({
  group: z.string().regex(/^[a-z0-9-]{1,46}$/, 'lowercase letters, digits and dashes, at most 46'),
  aliases: z
    .array(z.string().regex(/^[a-z0-9-]{1,34}$/, 'lowercase letters, digits and dashes, at most 34'))
    .refine((names) => new Set(names).size === names.length, 'an alias stands there twice')
    .optional(),
});
const SPEC = z.object({
  spaceId: notHere('jobs in the image of a Space: name a Docker image'),
  dockerImage: z.string().min(1),
  command: z.array(z.string()).min(1),
  arguments: z.array(z.string()).default([]),
  environment: ENV.nullish(),
  secrets: ENV.nullish(),
  flavor: z.string(),
  timeoutSeconds: z.number().int().positive().max(604_800).nullish(),
  attempts: z.number().int().min(1).nullish(),
  labels: LABELS.nullish(),
  volumes: z.array(VOLUME).nullish(),
  expose: notHere('exposed ports of jobs'),
  ssh: notHere('SSH into jobs'),
  resourceGroupId: notHere('resource groups'),
  network: NETWORK.nullish(),
});

/** Jobs: run, inspect, list, logs, cancel, labels, duplicate, prices. */
export function jobRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.get('/hardware', (c) => c.json(hardwareAnswer()));
  app.post('/:ns', runJob);
  app.get('/:ns', listJobs);
  app.get('/:ns/:id', (c) => c.json(jobAnswer(c, jobOf(c))));
  app.get('/:ns/:id/logs', (c) => {
    const { id } = jobOf(c);
    const tail = c.req.query('tail') === undefined ? undefined : intQuery(c, 'tail', 0, 1, 1_000_000);
    return sseLog(c, (signal) => c.var.hub.jobs.follow(id, signal, tail));
  });
  app.post('/:ns/:id/cancel', async (c) => c.json(jobAnswer(c, await c.var.hub.jobs.cancel(jobOf(c)))));
  app.put('/:ns/:id/labels', setLabels);
  app.post('/:ns/:id/duplicate', duplicate);
  return app;
}

async function runJob(c: HubRequest): Promise<Response> {
  const spec = await jsonBody(c, SPEC);
  if (spec.network?.aliases?.length && !(await hostsWrapper()))
    throw badRequest('This machine lets no job have aliases: use HF_NETWORK_GROUP_HOSTNAME');
  const job = newJob(c, {
    dockerImage: spec.dockerImage,
    spaceId: null,
    command: spec.command,
    arguments: spec.arguments,
    environment: spec.environment ?? {},
    secrets: Object.keys(spec.secrets ?? {}),
    flavor: spec.flavor,
    timeoutSeconds: spec.timeoutSeconds ?? 1800,
    attempts: spec.attempts ?? 1,
    labels: spec.labels ?? {},
    volumes: volumeRows(spec.volumes),
    ...(spec.network && { network: spec.network }),
  });
  await c.var.hub.jobs.submit(job, spec.secrets ?? {});
  return c.json(jobAnswer(c, job));
}

type Spec = Omit<
  JobRow,
  'id' | 'namespace' | 'createdBy' | 'createdAt' | 'stage' | 'message' | 'failureCount'
>;

/** Checks rights, credits, hardware and volumes of a new job. @throws 400, 402, 403, 404 */
function newJob(c: HubRequest, spec: Spec): JobRow {
  const { db, options } = c.var.hub;
  const who = requireUser(c.var.who);
  const namespace = namespaceParam(c);
  if (!canRunJobs(db, who, namespace)) throw forbidden(`You may not run jobs in ${namespace}`);
  const owner = db.get('orgs', namespace.toLowerCase()) ?? db.get('users', namespace.toLowerCase());
  if (owner?.credits !== undefined && owner.credits <= 0)
    throw new HubFault(402, `${namespace} has no credits: jobs need a positive balance`);
  if (!JOB_HARDWARE.some((entry) => entry.name === spec.flavor))
    throw badRequest(`Unknown flavor ${spec.flavor}`);
  requireMountable(c, spec.volumes);
  return {
    ...spec,
    id: randomBytes(12).toString('hex'),
    namespace,
    createdBy: who.user.name,
    createdAt: new Date(options.now()).toISOString(),
    stage: 'SCHEDULING',
    message: null,
    failureCount: 0,
  };
}

function listJobs(c: HubRequest): Response {
  requireJobReader(c);
  const namespace = namespaceParam(c).toLowerCase();
  const stages = c.req.queries('stage') ?? [];
  const labels = (c.req.queries('label') ?? []).map(
    (text) => text.split('=') as [string, string | undefined],
  );
  const rows = c.var.hub.db
    .values('jobs')
    .filter((job) => job.namespace.toLowerCase() === namespace)
    .filter((job) => stages.length === 0 || stages.includes(job.stage))
    .filter((job) => labels.every(([k, v]) => k in job.labels && (v === undefined || job.labels[k] === v)))
    .reverse();
  const limit = intQuery(c, 'limit', 500, 1, 1000);
  const cursor = c.req.query('cursor');
  const start = cursor === undefined ? 0 : rows.findIndex((job) => job.id === cursor) + 1;
  const page = rows.slice(start, start + limit);
  if (rows.length > start + limit) c.header('link', nextPage(c, page.at(-1)?.id ?? ''));
  return c.json(page.map((job) => jobAnswer(c, job)));
}

async function setLabels(c: HubRequest): Promise<Response> {
  const body = await jsonBody(c, z.object({ labels: LABELS }));
  const job = { ...jobOf(c), labels: body.labels };
  if (!canRunJobs(c.var.hub.db, requireUser(c.var.who), job.namespace)) throw forbidden('Not your job');
  await c.var.hub.db.write(put('jobs', job.id, job));
  return c.json(jobAnswer(c, job));
}

async function duplicate(c: HubRequest): Promise<Response> {
  const source = jobOf(c);
  const secrets = c.var.hub.jobs.secretsOf(source.id) ?? {};
  if (source.secrets.some((name) => !(name in secrets)))
    throw new HubFault(409, 'The secrets of this job are gone: run it anew with them');
  const { finishedAt: _f, startedAt: _s, ...spec } = source;
  const job = newJob(c, spec);
  await c.var.hub.jobs.submit(job, secrets);
  return c.json(jobAnswer(c, job));
}

function jobOf(c: HubRequest): JobRow {
  requireJobReader(c);
  const job = c.var.hub.db.get('jobs', c.req.param('id') ?? '');
  if (!job || job.namespace.toLowerCase() !== namespaceParam(c).toLowerCase())
    throw notFound('Job not found');
  if (c.req.method === 'POST' && !canRunJobs(c.var.hub.db, requireUser(c.var.who), job.namespace))
    throw forbidden('You may not change jobs of this namespace');
  return job;
}

/** Members who may at least write see the jobs of a namespace. @throws 401, 404 */
function requireJobReader(c: HubRequest): void {
  const role = roleIn(c.var.hub.db, requireUser(c.var.who), namespaceParam(c));
  if (role === 'admin' || role === 'write') return;
  throw notFound(`You see no jobs of ${namespaceParam(c)}: that takes the role write there`);
}

function namespaceParam(c: HubRequest): string {
  const namespace = c.req.param('ns') ?? '';
  return namespace === 'me' ? requireUser(c.var.who).user.name : namespace;
}

function jobAnswer(c: HubRequest, job: JobRow) {
  const { db } = c.var.hub;
  const org = db.get('orgs', job.namespace.toLowerCase());
  const owner = org ?? db.get('users', job.namespace.toLowerCase());
  const creator = db.get('users', job.createdBy.toLowerCase());
  const { stage, message, failureCount, createdBy, namespace: _n, timeoutSeconds, ...rest } = job;
  return {
    ...rest,
    type: 'job',
    timeout: timeoutSeconds,
    durations: durations(job, c.var.hub.options.now()),
    createdBy: { id: creator?.id ?? '', name: createdBy },
    owner: {
      id: owner?.id ?? '',
      name: owner?.name ?? job.namespace,
      type: org ? 'org' : 'user',
      avatarUrl: `${baseUrl(c)}/avatars/${job.namespace}.svg`,
    },
    initiator: { type: 'user', id: creator?.id ?? '', name: createdBy },
    status: { stage, message, failureCount },
  };
}

/** Whole seconds; what has not ended counts until now. */
function durations({ createdAt, startedAt, finishedAt }: JobRow, now: number) {
  const end = finishedAt ? Date.parse(finishedAt) : now;
  const seconds = (from: string, to: number) => Math.max(0, Math.round((to - Date.parse(from)) / 1000));
  return {
    schedulingSecs: startedAt ? seconds(createdAt, Date.parse(startedAt)) : null,
    runningSecs: startedAt ? seconds(startedAt, end) : null,
    totalSecs: seconds(createdAt, end),
  };
}

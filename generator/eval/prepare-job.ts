import { readdir, readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { HubError, type HubPort, type JobInfo } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { digest, sha256 } from '../plan/digest.ts';
import { DRAFT, writeWhole } from '../whole-file.ts';
import type { Profile } from './pins.ts';

/** Folder of the private bucket with what prepare jobs read and wrote. */
const PREPARE_PREFIX = 'prepare';
const MAX_BYTES = 268_435_456;
const ENDED = new Set(['COMPLETED', 'CANCELED', 'ERROR', 'DELETED']);
const LEFT_OUT = /(?:^|\/)(?:__pycache__|tests|redteam|\.DS_Store)(?:\/|$)|\.pyc$/;

export interface PrepareJob {
  io: Io;
  /** With a token that writes the private bucket and starts jobs of the organization. */
  hub: HubPort;
  dir: string;
  config: ChallengeConfig;
  profile: Profile;
  /** File of prompts, where the profile takes some; absolute. */
  prompts?: string;
  /** Folder with one folder for each set of exam questions, named as an option of prepare.py; absolute. */
  exam?: string;
  /** New data even where an earlier job has made some of the same inputs. */
  force: boolean;
  say(text: string): void;
}

export interface PrepareCost {
  flavor: string;
  minutes: number;
  /** Most that the job can cost, in US dollars. */
  usd: number;
}

/** Hardware and time of the job: the profile's own, else those of a run. */
export const prepareHardware = (config: ChallengeConfig, profile: Profile) => ({
  flavor: profile.prepare?.flavor ?? config.hardware.flavor,
  minutes: profile.prepare?.timeout_minutes ?? config.hardware.timeout_minutes,
});

/** @throws CollabError PRICE_UNKNOWN: what has no price is not started. */
export async function preparePrice(
  hub: HubPort,
  config: ChallengeConfig,
  profile: Profile,
): Promise<PrepareCost> {
  const { flavor, minutes } = prepareHardware(config, profile);
  const offer = (await hub.jobHardware()).find(({ name }) => name === flavor);
  if (offer) return { flavor, minutes, usd: (offer.usdPerHour * minutes) / 60 };
  throw new CollabError('PRICE_UNKNOWN', `${hub.endpoint} names no price for ${flavor}.`, {
    next: [{ command: 'hf jobs hardware', why: 'lists what there is; profiles/*.json names the flavor' }],
  });
}

/**
 * Runs prepare.py as a job and brings what it made here: into `private/`, and the public part into the profile's data.
 * The same inputs are one job: cut off and started again, it waits for the one that is going, or takes what it has made.
 * @throws CollabError PREPARE_FAILED. @throws HubError
 */
export async function prepareByJob(at: PrepareJob): Promise<string[]> {
  const inputs = await inputFiles(at);
  // What is brought here lies among the inputs: half of it makes others of them.
  const asked = keyOf(at, inputs, (path) => !path.startsWith(`harness/${at.profile.data}/`));
  const folder = (await begun(at, asked)) ?? `${PREPARE_PREFIX}/${keyOf(at, inputs).slice(0, 16)}`;
  if (at.force || !(await made(at, folder))) {
    const job = await endOf(at, await launch(at, folder, inputs));
    if (!(await made(at, folder))) throw await failed(at, job);
  }
  await writeWhole(recordOf(at), JSON.stringify({ folder, asked }));
  const written = await fetched(at, folder);
  await rm(recordOf(at));
  return written;
}

const keyOf = ({ config }: PrepareJob, inputs: Map<string, Uint8Array>, wanted = (_path: string) => true) =>
  digest([
    config.profile,
    [...inputs].filter(([path]) => wanted(path)).map(([path, content]) => [path, sha256(content)]),
  ]);

/** There while data is brought here. */
const recordOf = ({ dir }: PrepareJob): string => join(dir, '.collab', 'prepare.json');

/** The folder whose data a run that was cut off began to bring here; `null`: none, or it was asked for something else. */
async function begun(at: PrepareJob, asked: string): Promise<string | null> {
  const text = await readFile(recordOf(at), 'utf8').catch(() => null);
  if (text === null || at.force) return null;
  const record = JSON.parse(text) as { folder: string; asked: string };
  return record.asked === asked ? record.folder : null;
}

const bucketOf = ({ config }: PrepareJob): string => config.hub.private_bucket;

const made = async (at: PrepareJob, folder: string): Promise<boolean> =>
  (await at.hub.pathsInfo(bucketOf(at), [`${folder}/state/private/prepared.json`])).length > 0;

/** The harness but its tests, and the prompts: path in the job's folder → content, sorted. */
async function inputFiles({ dir, prompts, exam }: PrepareJob): Promise<Map<string, Uint8Array>> {
  const files = await filesOf(join(dir, 'harness'), 'harness');
  if (prompts) files.set('input/prompts.json', await readFile(prompts));
  return exam ? new Map([...files, ...(await filesOf(exam, 'input'))]) : files;
}

async function filesOf(root: string, prefix: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !LEFT_OUT.test(path) && !DRAFT.test(path))
    .sort();
  const files = new Map<string, Uint8Array>();
  for (const path of paths) files.set(`${prefix}/${path}`, await readFile(join(root, path)));
  return files;
}

/** Names of the sets of exam questions. */
const setsIn = (inputs: Map<string, Uint8Array>): string[] => [
  ...new Set([...inputs.keys()].flatMap((path) => /^input\/([a-z0-9-]+)\//.exec(path)?.[1] ?? [])),
];

async function launch(at: PrepareJob, folder: string, inputs: Map<string, Uint8Array>): Promise<JobInfo> {
  const { hub, config, profile } = at;
  const { flavor, minutes } = prepareHardware(config, profile);
  const run = folder.replace('/', '-');
  const going = (await hub.jobs(config.hub.org, { run })).find((job) => !ENDED.has(job.stage));
  if (going) return going;
  const adds = [...inputs].map(([path, content]) => ({ path: `${folder}/${path}`, content }));
  const request = `${JSON.stringify({ requested_at: new Date(at.io.now()).toISOString(), flavor, minutes })}\n`;
  // A folder must hold a file before it can be mounted, and an older answer must not be taken for the new one.
  const { failed: refused } = await hub.write(bucketOf(at), {
    adds: [...adds, { path: `${folder}/state/request.json`, content: request }],
    deletes: [`${folder}/state/private/prepared.json`],
  });
  const first = refused.find(({ path }) => !path.endsWith('/prepared.json'));
  if (first) throw new HubError('invalid', `${first.path}: ${first.error}`, { url: hub.endpoint });
  at.say(`Starting a job on ${flavor}, at most ${minutes} minutes`);
  const volume = (part: string, readOnly: boolean) => ({
    source: bucketOf(at),
    path: `${folder}/${part}`,
    mountPath: `/${part}`,
    readOnly,
  });
  return hub.runJob(config.hub.org, {
    image: config.hardware.image,
    flavor,
    timeoutSeconds: minutes * 60,
    command: commandOf(at, setsIn(inputs)),
    labels: { task: `${config.challenge.slug}-prepare`, run },
    volumes: [
      volume('harness', true),
      ...(at.prompts || at.exam ? [volume('input', true)] : []),
      volume('state', false),
    ],
  });
}

const commandOf = ({ config, prompts }: PrepareJob, sets: string[]): string[] => [
  ...['python3', '/harness/prepare.py', '--profile', config.profile, '--out', '/state/private'],
  ...(prompts ? ['--prompts', '/input/prompts.json', '--public-out', '/state/public'] : []),
  ...sets.flatMap((name) => [`--${name}`, `/input/${name}`]),
];

async function endOf({ io, hub, config, say }: PrepareJob, started: JobInfo): Promise<JobInfo> {
  const every = config.hub.endpoint === 'local' ? 250 : 15_000;
  let job: JobInfo | null = started;
  let stage = '';
  while (job !== null && !ENDED.has(job.stage)) {
    if (job.stage !== stage) say(`The job is ${job.stage.toLowerCase()}: ${job.url}`);
    stage = job.stage;
    await io.sleep(every, io.signal);
    job = await hub.job(config.hub.org, started.id);
  }
  return job ?? { ...started, stage: 'DELETED' };
}

async function failed({ hub, config }: PrepareJob, job: JobInfo): Promise<CollabError> {
  const logs = await hub.jobLogs(config.hub.org, job.id, 5).catch(() => [] as string[]);
  const said = logs.join(' ').trim().slice(-600) || job.message || 'it said nothing';
  return new CollabError('PREPARE_FAILED', `The job ended as ${job.stage}: ${said}`, {
    next: [{ command: job.url, why: 'the job and its log' }],
  });
}

/** Last of all the file that says that everything is there. @returns paths that were written, relative to the challenge. */
async function fetched(at: PrepareJob, folder: string): Promise<string[]> {
  const into = { public: join('harness', at.profile.data), private: 'private' };
  const written: string[] = [];
  for (const [part, target] of Object.entries(into)) {
    const prefix = `${folder}/state/${part}/`;
    const last = `${prefix}prepared.json`;
    const files = (await at.hub.listFiles(bucketOf(at), prefix)) ?? [];
    for (const { path } of files.sort((a, b) => Number(a.path === last) - Number(b.path === last))) {
      const content = await at.hub.readFile(bucketOf(at), path, { maxBytes: MAX_BYTES });
      if (content === null) throw new HubError('missing', `${path} is gone`, { url: at.hub.endpoint });
      const place = join(target, path.slice(prefix.length));
      await writeWhole(join(at.dir, place), content);
      written.push(place);
    }
  }
  return written;
}

import type { Server } from 'node:http';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { urlAt } from '../address.ts';
import { CollabError } from '../errors.ts';
import { createLocalHub } from './app.ts';
import type { HubContext } from './context.ts';
import { type MachineLayers, machineOf, reachesLoopback, sampleGuard } from './jobs/guard.ts';
import type { JobLimits } from './jobs/limits.ts';
import { JobRunner } from './jobs/runner.ts';
import { isLoopback } from './loopback.ts';
import { applySeed, type Seed } from './seed.ts';
import { SpaceRuntimes } from './spaces/runtimes.ts';
import { BlobStore } from './store/blobs.ts';
import { Database } from './store/database.ts';
import { lockStore } from './store/lock.ts';
import { removeUnfinished } from './store/unfinished.ts';
import { Cas } from './xet/cas.ts';
import { CasKeys } from './xet/keys.ts';

/** Longer than clients keep idle connections: no request meets a connection that is just being closed. */
const KEEP_ALIVE_MS = 75_000;

export interface HubServerOptions {
  dir: string;
  /** 0: any free port. */
  port: number;
  /** Default 127.0.0.1. */
  host?: string;
  seed?: Seed;
  enforceLimits?: boolean;
  /** Default: `pick` on loopback. A hub that serves other machines always asks for a token. */
  login?: 'pick' | 'token';
  /** Jobs at once, members of one network group counted as one; default 1. */
  jobConcurrency?: number;
  /** Default: what a job's hardware has. */
  jobLimits?: JobLimits;
  /** Folder of a challenge: its samples alone run where nothing separates a submission from this machine. */
  challenge?: string;
  /** What can be had on this machine; default: asks the challenge's harness. For tests. */
  machine?: () => Promise<MachineLayers>;
  now?: () => number;
}

export interface HubServer {
  /** What clients set HF_ENDPOINT or hubUrl to. */
  url: string;
  dir: string;
  /** Stops listening, Spaces and jobs; everything acknowledged is on disk. */
  close(): Promise<void>;
}

/**
 * Opens the store and listens.
 * @throws CollabError PORT_IN_USE, HUB_RUNNING, STORE_CORRUPT, BAD_SEED
 */
export async function startHub(options: HubServerOptions): Promise<HubServer> {
  const unlock = await lockStore(options.dir);
  try {
    return await open(options, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function open(options: HubServerOptions, unlock: () => Promise<void>): Promise<HubServer> {
  const host = options.host ?? '127.0.0.1';
  let endpoint = '';
  const hub = await openContext(options, host, () => endpoint);
  const app = createLocalHub(hub);
  const { server, port } = await listen(app.fetch, options.port, host).catch(async (error) => {
    await hub.db.close();
    throw error;
  });
  endpoint = urlAt(host, port);
  hub.spaces.startAll();
  const close = async () => {
    await Promise.all([hub.spaces.stopAll(), hub.jobs.stopAll()]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await hub.db.close();
    await unlock();
  };
  return { url: endpoint, dir: options.dir, close };
}

async function openContext(
  options: HubServerOptions,
  host: string,
  endpoint: () => string,
): Promise<HubContext> {
  const { dir, now = Date.now, enforceLimits = false } = options;
  for (const part of ['', 'xorbs', 'blobs']) await removeUnfinished(join(dir, part));
  const db = await Database.open(join(dir, 'journal.ndjson'));
  try {
    if (options.seed) await applySeed(db, options.seed, now());
    const keys = await CasKeys.open(db, now);
    const cas = new Cas(db, join(dir, 'xorbs'));
    const blobs = new BlobStore(join(dir, 'blobs'));
    const guarded = Boolean(options.challenge);
    const ofSpaces = { dir: join(dir, 'spaces'), now, host, endpoint, guarded };
    const spaces = new SpaceRuntimes({ db, cas, blobs, ...ofSpaces });
    const login = isLoopback(host) ? (options.login ?? 'pick') : 'token';
    const { jobConcurrency: concurrency = 1, jobLimits: limits } = options;
    const machine = options.machine ?? (options.challenge ? machineOf(options.challenge) : undefined);
    const guard = options.challenge && machine ? sampleGuard(options.challenge, db, machine) : undefined;
    const own = { dir: join(dir, 'jobs'), now, endpoint };
    const jobs = new JobRunner({ db, cas, ...own, concurrency, limits, guard });
    await jobs.recover();
    // Who runs beside us unseparated could click on a name as well.
    const mayPick = async () =>
      login === 'pick' && (!jobs.busy || (machine !== undefined && !reachesLoopback(await machine())));
    return { db, cas, keys, blobs, spaces, jobs, mayPick, options: { now, enforceLimits, host, login } };
  } catch (error) {
    await db.close();
    throw error;
  }
}

type Fetch = (request: Request) => Response | Promise<Response>;

function listen(fetch: Fetch, port: number, hostname: string): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname }, (info) => resolve({ server, port: info.port })) as Server;
    server.requestTimeout = 0;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const next = [{ command: 'create-collab hub --port 0', why: 'takes a free port' }];
      reject(new CollabError('PORT_IN_USE', `Port ${port} on ${hostname} is taken.`, { next }));
    });
  });
}

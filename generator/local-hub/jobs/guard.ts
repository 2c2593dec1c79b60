import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folderSha256 } from '../../content-hash.ts';
import type { Database } from '../store/database.ts';
import type { JobRow } from '../store/tables.ts';
import type { Mount } from './mounts.ts';

/** Layers that close this machine's files to a submission; one is enough. */
const CLOSING = ['landlock', 'unprivileged_user'];
/** Made to do harm, for the self-test alone. */
const HARMFUL = 'hostile';
const TRUST = 'Start with --trust-submissions to run it all the same.';
const PROBE_MS = 60_000;

/** What a program can be kept from on this machine, as the harness's own probe finds it. */
export interface MachineLayers {
  layers: string[];
  /** Layer → why it cannot be had. */
  missing: Record<string, string>;
  landlock_abi?: number;
}

/** A machine that is looked at once, when somebody asks. */
export function machineOf(challenge: string): () => Promise<MachineLayers> {
  let seen: Promise<MachineLayers> | undefined;
  return () => {
    seen ??= probeMachine(challenge);
    return seen;
  };
}

/** Whether a submission can reach a server on this machine's loopback (Landlock rules TCP from its version 4 on). */
export const reachesLoopback = ({ layers, landlock_abi: abi = 0 }: MachineLayers): boolean =>
  !layers.includes('network_namespace') && !(layers.includes('landlock') && abi >= 4);

/** Decides whether a job may run on this machine. */
export interface JobGuard {
  /** Why not, or `null`. */
  refuse(job: JobRow, mounts: readonly Mount[]): Promise<string | null>;
}

/**
 * The organization's jobs alone are run, and where nothing separates a submission from the owner's files, with the
 * shipped samples of the challenge alone.
 */
export function sampleGuard(
  challenge: string,
  db: Pick<Database, 'get'>,
  machine: () => Promise<MachineLayers>,
): JobGuard {
  return {
    async refuse(job, mounts) {
      // A harness puts the layers around a submission; around any other command nobody does.
      if (!db.get('orgs', job.namespace.toLowerCase()))
        return `Only jobs of the organization run here: nothing keeps another from your files. ${TRUST}`;
      const { layers, missing } = await machine();
      if (CLOSING.some((layer) => layers.includes(layer))) return null;
      const why = CLOSING.map((layer) => `${layer}: ${missing[layer] ?? 'not there'}`).join('; ');
      const refusal = (what: string) =>
        `${what}: nothing on this machine keeps a submission from your files (${why}). ${TRUST}`;
      const submission = mounts.find(({ mountPath }) => mountPath === '/submission');
      if (!submission) return null;
      const known = await sampleHashes(challenge);
      return known.has(await folderSha256(submission.localPath))
        ? null
        : refusal('Only the shipped samples run here');
    },
  };
}

/** Content hashes of the folders below `submissions/` that are submissions. */
async function sampleHashes(challenge: string): Promise<Set<string>> {
  const root = join(challenge, 'submissions');
  const entries = await readdir(root, { withFileTypes: true, recursive: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isFile() && entry.name === 'manifest.json');
  const harmless = folders.filter(({ parentPath }) => !parentPath.startsWith(join(root, HARMFUL)));
  return new Set(await Promise.all(harmless.map(({ parentPath }) => folderSha256(parentPath))));
}

/** Asks the probe of the challenge's own harness. A harness without one separates nothing, as far as anybody knows. */
async function probeMachine(challenge: string): Promise<MachineLayers> {
  const program = join(challenge, 'harness', 'collab_harness', 'probe.py');
  const out = await mkdtemp(join(tmpdir(), 'collab-probe-'));
  try {
    await promisify(execFile)('python3', [program, '--state-dir', out], {
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' },
      timeout: PROBE_MS,
    });
    return JSON.parse(await readFile(join(out, 'isolation.json'), 'utf8')) as MachineLayers;
  } catch (error) {
    const said = `could not be told: ${(error as Error).message.split('\n')[0]}`;
    return { layers: [], missing: Object.fromEntries(CLOSING.map((layer) => [layer, said])) };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

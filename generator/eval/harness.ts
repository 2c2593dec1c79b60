import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { EXAM_ENTRYPOINT } from '../plan/places.ts';
import { type Finished, python } from './process.ts';
import { HARNESS_LOG } from './run-folder.ts';
import { failedGates, Summary } from './summary.ts';

/** A challenge repository with its settings. `dir` is absolute. */
export interface Challenge {
  dir: string;
  config: ChallengeConfig;
  /** Where the private data is, absolute. Default: `private/` of the challenge. */
  privateDir?: string;
}

export const privateDirOf = ({ dir, privateDir }: Pick<Challenge, 'dir' | 'privateDir'>): string =>
  privateDir ?? join(dir, 'private');

export interface RunRequest {
  /** Folder of the submission, absolute. */
  submission: string;
  /** Where summary.json and the logs go, absolute. */
  state: string;
  /** As verification does it: on the private prompts, where the challenge has some. */
  private?: boolean;
  seed?: number;
  preflight?: boolean;
  /** The exam of results near the top instead: gates whose `when` is not `every`, and no score. */
  exam?: boolean;
  /** Another parameter set than the challenge's own. */
  profile?: string;
  /** Layers, gates or behaviours that the red team switches off for this run. */
  mutate?: string[];
  onLine?(line: string): void;
}

/** `measured`: there is a score. `submission-fault`: its own fault. `harness-fault`: nobody's fault who submits. */
export type RunState = 'measured' | 'submission-fault' | 'harness-fault';

export interface Ran {
  state: RunState;
  summary: Summary | null;
  /** Deciding gates that do not hold; empty unless measured. */
  failed: string[];
  valid: boolean;
  score: number | null;
  error: string | null;
  finished: Finished;
}

/** Runs the harness of the challenge on one submission, as a job would; what it prints stays in `harness.log`. */
export async function runHarness(io: Io, challenge: Challenge, request: RunRequest): Promise<Ran> {
  await mkdir(request.state, { recursive: true });
  const finished = await python(io, command(challenge, request), {
    cwd: request.state,
    timeoutMs: challenge.config.hardware.timeout_minutes * 60_000,
    onLine: request.onLine,
  });
  if (finished.output) await writeFile(join(request.state, HARNESS_LOG), finished.output);
  return outcome(challenge.config, request, finished, await readSummary(request.state));
}

function command(challenge: Challenge, request: RunRequest): string[] {
  const { dir, config } = challenge;
  const harness = join(dir, 'harness');
  const entry = join(harness, request.exam ? EXAM_ENTRYPOINT : config.hardware.entrypoint);
  if (!existsSync(entry)) throw noHarness(entry);
  const mutate = request.mutate?.length
    ? [join(harness, 'redteam', 'mutate.py'), request.mutate.join(',')]
    : [];
  return [
    ...mutate,
    entry,
    ...['--submission-dir', request.submission, '--state-dir', request.state],
    ...(request.private && config.verification.private_split
      ? ['--private-dir', preparedDir(challenge)]
      : []),
    ...config.hardware.extra_args,
    ...(request.private ? config.verification.extra_args : []),
    ...(request.seed === undefined ? [] : ['--seed', String(request.seed)]),
    ...(request.profile ? ['--profile', request.profile] : []),
    ...(request.preflight ? ['--preflight'] : []),
  ];
}

function preparedDir(challenge: Challenge): string {
  const folder = privateDirOf(challenge);
  if (existsSync(join(folder, 'prepared.json'))) return folder;
  throw new CollabError('PRIVATE_DATA_MISSING', 'This challenge has no private data yet.', {
    next: [{ command: 'create-collab eval prepare', why: 'makes it, once' }],
  });
}

const noHarness = (entry: string) =>
  new CollabError('HARNESS_MISSING', `There is no harness here: ${entry} is missing.`, {
    next: [{ command: 'create-collab check', why: 'lists what belongs to a challenge' }],
  });

async function readSummary(state: string): Promise<Summary | null> {
  const text = await readFile(join(state, 'summary.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = Summary.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

function outcome(
  config: ChallengeConfig,
  { exam = false }: RunRequest,
  finished: Finished,
  summary: Summary | null,
): Ran {
  const state = finished.code === 0 ? 'measured' : finished.code === 3 ? 'submission-fault' : 'harness-fault';
  const told = state === 'measured' && summary !== null && (exam || summary.score !== undefined);
  const failed = told ? failedGates(config, summary, exam) : [];
  const score = state === 'measured' ? (summary?.score?.mean ?? null) : null;
  const error = summary?.error ?? (state === 'harness-fault' ? lastLine(finished) : null);
  return {
    state,
    summary,
    failed,
    score,
    error,
    finished,
    valid: told && (exam || score !== null) && failed.length === 0,
  };
}

const lastLine = ({ output, signal }: Finished) =>
  output.trim().split('\n').at(-1) || (signal ? `ended by ${signal}` : 'the harness said nothing');

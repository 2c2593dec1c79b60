import { join } from 'node:path';
import { sourceHash } from '../../templates/space/source-hash.mjs';
import { spaceVariables } from '../config/env.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readEvaluator } from '../package-files.ts';
import { sha256 } from '../plan/digest.ts';
import { hasEvaluator } from '../plan/evaluator.ts';
import {
  type EvaluatorInputs,
  type InputProblem,
  type Inputs,
  isLocal,
  type LocalFile,
} from '../plan/model.ts';
import { emitEvaluator } from '../render/emit.ts';
import { EVALUATOR_FOLDER, readChallengeFiles } from './directory.ts';
import { GATES, staleGates } from './gates.ts';
import { harnessFacts } from './harness-facts.ts';
import { staleTexts } from './stale-texts.ts';
import { loadState } from './state.ts';
import type { ApplyOptions } from './types.ts';

type InputOptions = Pick<
  ApplyOptions,
  | 'io'
  | 'dir'
  | 'token'
  | 'spaceToken'
  | 'evaluatorToken'
  | 'participantToken'
  | 'takeMine'
  | 'takeTheirs'
  | 'allowBroadToken'
  | 'adopt'
  | 'skipProofs'
  | 'probe'
>;

/** Everything on this side that a plan is made from. */
export async function readInputs(config: ChallengeConfig, options: InputOptions): Promise<Inputs> {
  const [files, state, harness, stale, texts] = await Promise.all([
    readChallengeFiles(options.dir, config, options.io.packageRoot),
    loadState(options.dir, config.hub.endpoint),
    harnessFacts(options.dir, config),
    staleGates(options.dir, config, options.io.packageRoot),
    staleTexts(options.dir, config, options.io.packageRoot),
  ]);
  return {
    config,
    variables: spaceVariables(config),
    files: { central: files.central, private: files.private },
    space: files.space,
    evaluator: await evaluatorInputs(config, options, files.evaluator),
    problems: [
      ...spaceProblems(options.dir, files.space),
      ...harnessProblems(config, files.central),
      ...(stale === null ? [] : [OTHER_GATES]),
      ...privateProblems(config, files.private),
    ],
    state,
    spaceToken: options.spaceToken ? fingerprint(options.spaceToken) : null,
    tokensShared: options.spaceToken === options.token,
    participantTokenGiven: Boolean(options.participantToken),
    takeMine: options.takeMine ?? false,
    takeTheirs: options.takeTheirs ?? false,
    allowBroadToken: options.allowBroadToken ?? false,
    adopt: options.adopt ?? false,
    texts,
    harness,
    skipProofs: options.skipProofs ?? false,
    probe: options.probe ?? false,
  };
}

/** @param files those of the directory; without any, those of create-collab. */
async function evaluatorInputs(
  config: ChallengeConfig,
  { io, evaluatorToken }: InputOptions,
  files: LocalFile[],
): Promise<EvaluatorInputs | null> {
  if (!hasEvaluator(config)) return null;
  const { hub, hardware } = config;
  const written = files.length > 0;
  return {
    files: written ? files : await shippedEvaluator(config, io.packageRoot),
    written,
    variables: {
      EVALUATOR_POLL_S: String(hardware.watch_poll_s),
      JOB_IMAGE: hardware.image,
      API_PRIVATE: String(hub.private && !isLocal(config)),
    },
    token: evaluatorToken ? fingerprint(evaluatorToken) : null,
  };
}

async function shippedEvaluator(config: ChallengeConfig, packageRoot: string): Promise<LocalFile[]> {
  const files = await emitEvaluator(config, readEvaluator(packageRoot));
  return files.map(({ path, content }) => ({
    path: path.slice(EVALUATOR_FOLDER.length + 1),
    source: path,
    content,
    sha256: sha256(content),
  }));
}

/** Tells two tokens apart without giving either away: a token's 150 and more random bits cannot be searched for. */
const fingerprint = (token: string): string => sha256(`collab space token\0${token}`).slice(0, 16);

/** The build in `space/` must have been made from the source beside it. */
export function spaceProblems(dir: string, space: LocalFile[]): InputProblem[] {
  const renew = {
    part: 'space' as const,
    command: 'npm run build:space',
    why: 'builds space/ from space/src',
  };
  const has = (path: string) => space.some((file) => file.path === path);
  if (!has('server.mjs')) return [{ ...renew, problem: 'space/server.mjs is missing' }];
  const build = space.find((file) => file.path === 'build.json');
  if (!build) return [{ ...renew, problem: 'space/build.json is missing' }];
  if (recordedSource(build) === sourceHash(join(dir, 'space', 'src'))) return [];
  return [{ ...renew, problem: 'space/ was built from another source than the one in space/src' }];
}

function recordedSource(build: LocalFile): unknown {
  try {
    return (JSON.parse(new TextDecoder().decode(build.content)) as { source?: unknown }).source;
  } catch {
    return null;
  }
}

const OTHER_GATES: InputProblem = {
  part: 'harness',
  problem: `${GATES} does not say what challenge.yaml says of metric and gates`,
  command: 'create-collab check',
  why: 'writes it anew; then prove the harness again',
};

function harnessProblems(config: ChallengeConfig, central: LocalFile[]): InputProblem[] {
  if (!config.hardware.jobs_enabled && !hasEvaluator(config)) return [];
  const entry = `harness/${config.hardware.entrypoint}`;
  if (central.some((file) => file.source === entry)) return [];
  return [
    {
      part: 'harness',
      problem: `${entry} is not among the files that harness/upload.json allows to be uploaded`,
      command: 'create-collab check',
      why: 'jobs start this file; add it to harness/upload.json',
    },
  ];
}

/** A re-run judges on private data: without any, no result can be verified. */
function privateProblems(config: ChallengeConfig, files: LocalFile[]): InputProblem[] {
  const { mode, private_split } = config.verification;
  if ((mode !== 'jobs' && mode !== 'eval-space') || !private_split || files.length > 0) return [];
  return [
    {
      part: 'private',
      problem: 'private/ is empty, and verification runs on private data',
      command: 'create-collab eval prepare',
      why: 'makes it once, on this machine',
    },
  ];
}

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { CommandContext } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readChallenge } from '../config/yaml.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CommandOf } from '../plan/commands.ts';
import { newTokenPage } from '../plan/model.ts';
import { spaceTokenScope } from '../plan/tokens.ts';
import { savedToken } from '../saved-token.ts';
import { runningHub } from './local-hub.ts';
import { readTokens } from './local-users.ts';
import type { ApplyOptions } from './types.ts';

/** Options every verb that talks to a Hub understands. */
export const HUB_OPTIONS = {
  'allow-broad-token': { type: 'boolean' },
  'take-mine': { type: 'boolean' },
  'take-theirs': { type: 'boolean' },
  adopt: { type: 'boolean' },
  'skip-proofs': { type: 'boolean' },
  probe: { type: 'boolean' },
} as const;

export const HUB_OPTION_DOCS = {
  'allow-broad-token': 'accept a token that is not fine-grained',
  'take-mine': 'where bucket and directory both changed a file, the directory wins',
  'take-theirs': 'where bucket and directory both changed a file, the bucket wins and comes here',
  adopt: 'take over buckets and Spaces that are there already and that no apply of this directory made',
  'skip-proofs': 'deploy a harness that eval selftest and eval redteam did not pass on; this is recorded',
  probe: 'allow the priced job that tells which layers of isolation exist on the hardware',
};

export interface Connection {
  dir: string;
  config: ChallengeConfig;
  options: ApplyOptions;
}

/**
 * The challenge of a command line, and the Hub it lives on, with the tokens at hand.
 * @throws CollabError of challenge.yaml; HUB_NOT_RUNNING; TOKEN_MISSING (exit 2).
 */
export async function connect(context: CommandContext): Promise<Connection> {
  const { io, options } = context;
  if (options['take-mine'] && options['take-theirs'])
    throw new CollabError('BAD_FLAG', '--take-mine and --take-theirs exclude each other.');
  const dir = resolve(io.cwd, context.positionals[0] ?? '.');
  const config = await readChallenge(dir);
  const access =
    config.hub.endpoint === 'local' ? await localAccess(io, dir) : await remoteAccess(io, dir, config);
  const flags = {
    takeMine: Boolean(options['take-mine']),
    takeTheirs: Boolean(options['take-theirs']),
    allowBroadToken: Boolean(options['allow-broad-token']),
    adopt: Boolean(options.adopt),
    skipProofs: Boolean(options['skip-proofs']),
    probe: Boolean(options.probe),
  };
  return { dir, config, options: { io, dir, ...access, ...flags, progress: context.progress } };
}

/**
 * The Hub of a challenge and the server's own token: what `apply` would make the secret of the Space. The organizer's
 * token is not needed.
 * @throws CollabError HUB_NOT_RUNNING; TOKEN_MISSING (exit 2).
 */
export async function serverAccess(io: Io, dir: string, config: ChallengeConfig): Promise<ServerAccess> {
  if (config.hub.endpoint === 'local') {
    const { hubUrl, spaceToken } = await localAccess(io, dir);
    if (spaceToken) return { hubUrl, token: spaceToken };
    throw hubNotRunning();
  }
  const { SPACE_TOKEN: token } = { ...(await dotEnv(dir)), ...definedOnly(io.env) };
  if (token) return { hubUrl: config.hub.endpoint, token };
  throw new CollabError('TOKEN_MISSING', 'No token for the server: set SPACE_TOKEN.', {
    kind: 'action_required',
    next: [
      {
        command: newTokenPage(config),
        why: `a fine-grained token with ${spaceTokenScope(config)}`,
      },
    ],
  });
}

export interface ServerAccess {
  hubUrl: string;
  token: string;
}

type Access = Pick<ApplyOptions, 'hubUrl' | 'token' | 'spaceToken' | 'evaluatorToken' | 'participantToken'>;

async function localAccess(io: Io, dir: string): Promise<Access> {
  const hub = await runningHub(io, dir);
  const tokens = hub && (await readTokens(dir));
  if (!hub || !tokens?.organizer) throw hubNotRunning();
  return { hubUrl: hub.url, token: tokens.organizer, ...localAccessTokens(tokens) };
}

const hubNotRunning = () =>
  new CollabError('HUB_NOT_RUNNING', 'The embedded hub of this challenge is not running.', {
    next: [CommandOf.dev],
  });

export function localAccessTokens(tokens: Record<string, string>) {
  return given({
    spaceToken: tokens['collab-server'],
    evaluatorToken: tokens['collab-evaluator'],
    participantToken: tokens['participant-1'],
  });
}

type OwnTokens = Pick<ApplyOptions, 'spaceToken' | 'evaluatorToken' | 'participantToken'>;

const given = (tokens: Record<keyof OwnTokens, string | undefined>): OwnTokens => definedOnly(tokens);

async function remoteAccess(io: Io, dir: string, config: ChallengeConfig): Promise<Access> {
  const env = { ...(await dotEnv(dir)), ...definedOnly(io.env) };
  const token = env.HF_TOKEN || (await savedToken(env));
  const hubUrl = config.hub.endpoint;
  if (!token)
    throw new CollabError(
      'TOKEN_MISSING',
      'No Hugging Face token: put HF_TOKEN into .env, or save a fine-grained one with `hf auth login --token`.',
      {
        kind: 'action_required',
        next: [
          {
            command: newTokenPage(config),
            why: `a fine-grained token with repo.write on ${config.hub.org} and ${config.hub.private_namespace}`,
          },
        ],
      },
    );
  const {
    SPACE_TOKEN: spaceToken,
    EVALUATOR_TOKEN: evaluatorToken,
    PARTICIPANT_TOKEN: participantToken,
  } = env;
  return { hubUrl, token, ...given({ spaceToken, evaluatorToken, participantToken }) };
}

async function dotEnv(dir: string): Promise<Record<string, string | undefined>> {
  const text = await readFile(join(dir, '.env'), 'utf8').catch(() => '');
  return parseEnv(text) as Record<string, string | undefined>;
}

const definedOnly = (env: Io['env']): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])));

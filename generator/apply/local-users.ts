import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import { writeWhole } from '../whole-file.ts';
import type { LocalTokens } from './types.ts';

const PARTICIPANTS = ['participant-1', 'participant-2', 'participant-3'];
const NAMES = ['organizer', 'collab-server', 'collab-evaluator', ...PARTICIPANTS];
const WRITE = ['repo.content.read', 'repo.write'];

const tokensFile = (dir: string): string => join(dir, '.collab', 'tokens.json');
export const seedFile = (dir: string): string => join(dir, '.collab', 'hub-seed.yaml');

/** Tokens of the embedded hub's users, made on first use. Both files are the owner's alone and never under version control. */
export async function localUsers(dir: string, hub: LocalNames): Promise<LocalTokens> {
  const tokens = (await readTokens(dir)) ?? {};
  for (const name of NAMES)
    tokens[name] ??= `hf_${randomBytes(24).toString('base64url').replace(/[-_]/g, 'x')}`;
  await writeWhole(tokensFile(dir), `${JSON.stringify(tokens, null, 2)}\n`, 0o600);
  await writeWhole(seedFile(dir), stringify(localSeed(hub, tokens)), 0o600);
  return tokens;
}

/** `null`: the embedded hub was never started for this challenge. */
export async function readTokens(dir: string): Promise<LocalTokens | null> {
  const text = await readFile(tokensFile(dir), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return JSON.parse(text) as LocalTokens;
  } catch {
    throw new CollabError('TOKENS_UNREADABLE', `${tokensFile(dir)} is not JSON.`, {
      next: [{ command: 'rm .collab/tokens.json', why: 'new tokens are made at the next start' }],
    });
  }
}

type LocalNames = Pick<
  ChallengeConfig['hub'],
  'org' | 'private_namespace' | 'space' | 'central_bucket' | 'private_bucket'
>;

/**
 * As on huggingface.co: the private namespace is the organizer's own, so the server's token is a second, narrower
 * token of the organizer; participants are contributors.
 */
export function localSeed(hub: LocalNames, tokens: LocalTokens) {
  const { org, private_namespace, space } = hub;
  // A challenge that is meant for huggingface.co has names of there: the organizer's own, as organizations here.
  const own = [...new Set([private_namespace, space.split('/')[0] ?? ''])].filter(
    (name) => name !== '' && name !== 'organizer' && name !== org,
  );
  const both = (permissions: string[]) => [
    { name: org, type: 'org', permissions },
    { name: 'organizer', type: 'user', permissions },
    ...own.map((name) => ({ name, type: 'org', permissions })),
  ];
  return {
    users: [
      {
        name: 'organizer',
        pro: true,
        token: tokens.organizer,
        role: 'fineGrained',
        scopes: both([...WRITE, 'job.write']),
        tokens: [
          {
            token: tokens['collab-server'],
            name: 'collab-server',
            role: 'fineGrained',
            scopes: both([...WRITE, 'job.write']),
          },
          {
            token: tokens['collab-evaluator'],
            name: 'collab-evaluator',
            role: 'fineGrained',
            scopes: [hub.central_bucket, hub.private_bucket].map((name) => {
              return { name, type: 'bucket', permissions: ['repo.content.read'] };
            }),
          },
        ],
      },
      ...PARTICIPANTS.map((name) => ({
        name,
        token: tokens[name],
        role: 'fineGrained',
        scopes: [{ name: org, type: 'org', permissions: WRITE }],
      })),
    ],
    orgs: [
      {
        name: org,
        plan: 'team',
        members: [
          { user: 'organizer', role: 'admin' },
          ...PARTICIPANTS.map((user) => ({ user, role: 'contributor' })),
        ],
      },
      ...own.map((name) => ({ name, plan: 'team', members: [{ user: 'organizer', role: 'admin' }] })),
    ],
  };
}

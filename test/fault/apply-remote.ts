import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Io } from '../../generator/io.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import { main } from '../../generator/main.ts';
import { put, testIo, writeChallenge } from './apply-fixture.ts';

/** An organizer on huggingface.co: every call to it goes to an embedded hub with this world. */

export const HF = 'https://huggingface.co';
export const WRITE = ['repo.content.read', 'repo.write'];
export const TOKEN = {
  own: 'hf_own000000000',
  space: 'hf_space0000000',
  read: 'hf_read00000000',
  revoked: 'hf_revoked00000',
  participant: 'hf_participant0',
};
export const scope = (name: string, type: string, permissions = WRITE) => ({ name, type, permissions });
export const users: NonNullable<Seed['users']> = [
  {
    name: 'ada',
    token: TOKEN.own,
    role: 'fineGrained',
    scopes: [scope('acme', 'org'), scope('ada', 'user')],
    tokens: [
      {
        token: TOKEN.space,
        role: 'fineGrained',
        scopes: [
          scope('acme/gemma-main-bucket', 'bucket'),
          scope('ada/gemma-private', 'bucket'),
          scope('acme', 'org', [...WRITE, 'job.write']),
        ],
      },
      { token: TOKEN.read, role: 'read', scopes: [] },
    ],
  },
  { name: 'cy', token: TOKEN.participant, role: 'write' },
];
export const acme: NonNullable<Seed['orgs']> = [
  {
    name: 'acme',
    plan: 'team',
    credits: 5,
    members: [
      { user: 'ada', role: 'admin' },
      { user: 'cy', role: 'contributor' },
    ],
  },
];

/** A challenge for huggingface.co, below `parent`. @returns its directory. */
export async function remoteChallenge(parent: string): Promise<string> {
  const dir = join(parent, 'challenge');
  await writeChallenge(dir);
  const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
  const hub = `hub:\n  endpoint: ${HF}\n  org: acme\n  private_namespace: ada\n`;
  await put(dir, 'challenge.yaml', `${yaml.replace(/^hub:[\s\S]*?(?=^\S|$(?![\s\S]))/m, '')}\n${hub}`);
  return dir;
}

/** Adds to the `hub:` of its challenge.yaml, or changes what stands there. */
export async function edit(dir: string, change: (yaml: string) => string): Promise<void> {
  await put(dir, 'challenge.yaml', change(await readFile(join(dir, 'challenge.yaml'), 'utf8')));
}

export interface Ran {
  code: number;
  out: string;
  json: any;
}
export type Collab = (env: Record<string, string>, ...argv: string[]) => Promise<Ran>;

/** Runs command lines while huggingface.co is a hub with that seed. Nothing they print holds a token. */
export async function onHub(
  dir: string,
  seed: Seed,
  work: (collab: Collab, hubUrl: string) => Promise<void>,
  more: Partial<Io> = {},
): Promise<void> {
  const hub = await startHub({ dir: join(dir, '../hub'), port: 0, host: '127.0.0.1', seed });
  try {
    await work((env, ...argv) => collabOn(dir, hub.url, env, argv, more), hub.url);
  } finally {
    await hub.close();
  }
}

/** One command line; `--json` unless the first word is `text`. */
export async function collabOn(
  dir: string,
  hubUrl: string,
  env: Record<string, string>,
  argv: string[],
  more: Partial<Io> = {},
): Promise<Ran> {
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write: (chunk, _encoding, done) => {
        texts[name] += String(chunk);
        done();
      },
    });
  const forPeople = argv[0] === 'text';
  const io = testIo({
    argv: forPeople ? argv.slice(1) : [...argv, '--json'],
    cwd: dir,
    env: { HOME: join(dir, '..'), ...env },
    fetch: (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      return fetch(url.startsWith(HF) ? hubUrl + url.slice(HF.length) : url, init);
    },
    sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
    stdout: into('out'),
    stderr: into('err'),
    ...more,
  });
  const code = await main(io, '0.0.0');
  for (const token of Object.values(TOKEN)) expect(texts.out + texts.err).not.toContain(token);
  return { code, out: texts.out, json: forPeople ? null : JSON.parse(texts.out) };
}

export const states = ({ json }: Ran) =>
  Object.fromEntries(json.findings.map(({ id, state }: { id: string; state: string }) => [id, state]));
export const commands = ({ json }: Ran): string[] =>
  json.next.map(({ command }: { command: string }) => command);
export const own = { HF_TOKEN: TOKEN.own };

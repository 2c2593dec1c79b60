import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Io } from '../../generator/io.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { put } from './apply-fixture.ts';
import {
  acme,
  type Collab,
  edit,
  HF,
  onHub,
  own,
  type Ran,
  remoteChallenge,
  states,
  TOKEN,
  users,
} from './apply-remote.ts';

/** Everything that product says an organizer can have wrong, broken on purpose, and what doctor says to it. */

let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-doctor-'));
  dir = await remoteChallenge(parent);
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 5 }));

const ALL = { ...own, SPACE_TOKEN: TOKEN.space, PARTICIPANT_TOKEN: TOKEN.participant };
const seed = (more: Partial<Seed> = {}): Seed => ({ users, orgs: acme, ...more });
const member = (user: string, role: 'write' | 'read' | 'contributor') => ({ user, role });
const orgWith = (...more: ReturnType<typeof member>[]): NonNullable<Seed['orgs']> =>
  acme.map((org) => ({ ...org, members: [{ user: 'ada', role: 'admin' }, ...more] }));

const finding = ({ json }: Ran, id: string): { state: string; text: string; fix?: { command: string } } =>
  json.findings.find((found: { id: string }) => found.id === id);

/** What doctor says of one thing, for these tokens and this outside world. */
async function asked(id: string, world: Seed, env: Record<string, string> = ALL, more: Partial<Io> = {}) {
  let said: { code: number; state: string; text: string; fix: string | undefined } | undefined;
  await onHub(
    dir,
    world,
    async (collab) => {
      const ran = await collab(env, 'doctor');
      const { state, text, fix } = finding(ran, id);
      said = { code: ran.code, state, text, fix: fix?.command };
    },
    more,
  );
  return said;
}

async function fakePython(script: string): Promise<string> {
  const bin = join(parent, 'bin');
  await mkdir(bin);
  await put(bin, 'python3', `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, 'python3'), 0o755);
  return bin;
}

describe('doctor, one fault at a time', () => {
  it.each([
    ['not there', null, /there is none/],
    ['there, but does not run', 'exit 127', /there is none/],
    ['too old', 'echo 3.6.9; exit 1', /3\.9 or newer/],
  ])('Python is %s', async (_name, script, text) => {
    const PATH = script === null ? parent : await fakePython(script);
    const said = await asked('python', seed(), { ...ALL, PATH });
    expect(said).toMatchObject({ code: 1, state: 'wrong', text: expect.stringMatching(text) });
    expect(said?.fix).toMatch(/python/i);
  });

  it.each([
    [600, '600 s ahead of'],
    [-90, '90 s behind'],
  ])('the clock is %i s off', async (off, text) => {
    const now = () => Date.now() + off * 1000;
    const said = await asked('clock', seed(), ALL, { now });
    expect(said).toMatchObject({
      code: 1,
      state: 'wrong',
      text: expect.stringMatching(text.replace(/\d+/, '\\d+')),
    });
    expect(said?.fix).toMatch(/ntp/);
  });

  it('no token at all: said with the rest that can be looked at', async () => {
    await onHub(dir, seed(), async (collab) => {
      const ran = await collab({}, 'doctor');
      expect(ran.code).toBe(1);
      expect(states(ran)).toMatchObject({ python: 'ok', challenge: 'wrong', clock: 'ok' });
      expect(finding(ran, 'challenge').fix?.command).toBe(`${HF}/settings/tokens/new?tokenType=fineGrained`);
    });
  });

  it('a token of the wrong kind, and one that lacks a scope', async () => {
    const readOnly = await asked('check:token', seed(), { ...ALL, HF_TOKEN: TOKEN.read });
    expect(readOnly).toMatchObject({ code: 1, state: 'wrong', text: expect.stringContaining('read-only') });
    const [ada, ...rest] = users;
    const narrow = seed({
      users: [{ ...ada, scopes: [], tokens: ada?.tokens } as (typeof users)[number], ...rest],
    });
    const lacking = await asked('check:token', narrow);
    expect(lacking).toMatchObject({
      code: 1,
      text: expect.stringContaining('it lacks repo.write on acme, repo.write on ada'),
    });
  });

  it("members' roles: write is too much, read too little", async () => {
    const more = ['bo', 'dee'].map((name) => ({
      name,
      token: `hf_${name}0000000000`,
      role: 'write' as const,
    }));
    const world = seed({
      users: [...users, ...more],
      orgs: orgWith(member('bo', 'write'), member('dee', 'read'), member('cy', 'contributor')),
    });
    expect(await asked('roles', world)).toMatchObject({
      state: 'warning',
      text: expect.stringMatching(/3 besides you, 1 of them contributors; bo with write.*; dee without/),
      fix: `${HF}/organizations/acme/settings/members`,
    });
  });

  it.each([
    ['has another role', [member('cy', 'write')], 'has the role write in acme, not contributor'],
    ['is no member', [], 'no member of acme'],
  ])('the participant at hand %s', async (_name, members, said) => {
    const found = await asked('participant', seed({ orgs: orgWith(...members) }));
    expect(found).toMatchObject({ code: 1, state: 'wrong', text: `Participant cy: ${said}` });
    expect(found?.fix).toBe(`${HF}/organizations/acme/settings/members`);
  });

  it('a build that fails: the stage, the end of the log, what renews it', async () => {
    await put(dir, 'space/Dockerfile', 'FROM node:24-slim\nCMD ["bash", "start.sh"]\n');
    const look = async (collab: Collab) => {
      await collab(ALL, 'apply');
      const { state, text, fix } = finding(await collab(ALL, 'doctor'), 'space');
      expect([state, text]).toEqual(['wrong', expect.stringMatching(/BUILD_ERROR[\s\S]*CMD/)]);
      expect(fix?.command).toBe('npm run build:space && create-collab apply');
    };
    await onHub(dir, seed(), look, faster(20));
  });
});

/** A stage has to last before it is believed of huggingface.co: time goes so many times faster. */
function faster(times: number): Pick<Io, 'now' | 'sleep'> {
  const began = Date.now();
  return { now: () => began + (Date.now() - began) * times, sleep: (ms) => delay(ms / times) };
}

describe('doctor, everything at once', () => {
  it('names each fault with its fix, whatever else is broken', async () => {
    await put(dir, 'space/src/hub/index.ts', 'export const edited = true;\n');
    await edit(dir, (yaml) =>
      yaml.replace('private_namespace: ada', 'private_namespace: ada\n  private: true'),
    );
    const world = seed({
      orgs: orgWith(member('cy', 'write')).map((org) => ({ ...org, plan: null, credits: 0 })),
    });
    const more = { now: () => Date.now() + 600_000 };
    await onHub(
      dir,
      world,
      async (collab, hubUrl) => {
        await fetch(`${hubUrl}/api/buckets/acme/gemma-main-bucket`, {
          method: 'POST',
          headers: { authorization: `Bearer ${TOKEN.own}`, 'content-type': 'application/json' },
          body: '{"private":false}',
        });
        const ran = await collab({ ...ALL, HF_TOKEN: TOKEN.read, PATH: parent }, 'doctor');
        expect(ran.code).toBe(1);
        expect(states(ran)).toMatchObject({
          python: 'wrong',
          clock: 'wrong',
          'check:token': 'wrong',
          'check:plan': 'wrong',
          'check:credits': 'wrong',
          'check:space': 'wrong',
          'bucket:central': 'wrong',
          participant: 'wrong',
          'human:invite': 'warning',
          space: 'warning',
        });
        for (const { state, fix, id } of ran.json.findings)
          if (state === 'wrong')
            expect([id, fix?.command.length > 5, fix?.why.length > 5]).toEqual([id, true, true]);
        const text = await collab({ ...ALL, HF_TOKEN: TOKEN.read, PATH: parent }, 'text', 'doctor');
        if (process.env.SHOW) process.stderr.write(text.out);
        expect(text.out).toMatch(/\d+ things are wrong\./);
      },
      more,
    );
  });
});

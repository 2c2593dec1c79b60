import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHub } from '../../generator/local-hub/serve.ts';
import { createBudget } from './budget.ts';
import { createHubClient } from './client.ts';
import type { HubPort } from './port.ts';

const ORGANIZER = 'hf_organizer0000';
const MEMBER = 'hf_member00000';
const seed = {
  users: [
    { name: 'organizer', token: ORGANIZER, role: 'write' as const, email: 'o@example.org', pro: true },
    { name: 'member', token: MEMBER, role: 'write' as const },
  ],
  orgs: [
    {
      name: 'acme',
      plan: 'team' as const,
      members: [
        { user: 'organizer', role: 'admin' as const },
        { user: 'member', role: 'contributor' as const },
      ],
    },
  ],
};

let dir: string;
let running: Awaited<ReturnType<typeof startHub>>;
let hub: HubPort;
const budget = createBudget();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hub-client-'));
  running = await startHub({ dir, port: 0, host: '127.0.0.1', seed, enforceLimits: false });
  hub = createHubClient({ endpoint: running.url, token: ORGANIZER, budget });
});
afterAll(async () => {
  await running.close();
  await rm(dir, { recursive: true, force: true });
});

const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);

describe('identity', () => {
  it('says who a token belongs to', async () => {
    expect(await hub.whoami()).toMatchObject({
      name: 'organizer',
      isPro: true,
      tokenRole: 'write',
      orgs: [{ name: 'acme', role: 'admin', plan: 'team' }],
    });
    expect((await hub.whoami(MEMBER)).name).toBe('member');
  });
  it('refuses an unknown token without repeating it', async () => {
    const failure = await hub.whoami('hf_wrongtoken').catch((error) => error);
    expect(failure).toMatchObject({ kind: 'unauthorized', status: 401 });
    expect(String(failure)).not.toContain('hf_wrongtoken');
  });
  it('lists members with their roles', async () => {
    expect(await hub.orgMembers('acme')).toEqual(
      new Map([
        ['organizer', 'admin'],
        ['member', 'contributor'],
      ]),
    );
  });
  it('tells an organization that is not there', async () => {
    expect([await hub.orgExists('acme'), await hub.orgExists('nobody')]).toEqual([true, false]);
  });
});

describe('buckets', () => {
  it('creates a private one that a contributor cannot see', async () => {
    const made = await hub.createBucket('organizer/closed', { private: true });
    expect(made).toMatchObject({ id: 'organizer/closed', private: true, author: 'organizer' });
    expect(await hub.bucketInfo('organizer/closed', MEMBER)).toBeNull();
    await expect(hub.createBucket('organizer/closed', { private: true })).rejects.toMatchObject({
      kind: 'conflict',
    });
  });

  it('answers null for what is missing', async () => {
    expect(await hub.bucketInfo('acme/none')).toBeNull();
    expect(await hub.listFiles('acme/none')).toBeNull();
    expect(await hub.readFile('acme/none', 'a.md')).toBeNull();
  });

  it('writes, lists, copies, reads and deletes in one batch each', async () => {
    await hub.createBucket('acme/files', { private: false });
    const before = budget.snapshot().calls.api;
    const { failed, written } = await hub.write('acme/files', {
      adds: [
        { path: 'README.md', content: '# Hello\n' },
        { path: 'a/b c é.txt', content: 'one' },
        { path: 'a/empty.bin', content: new Uint8Array() },
        { path: 'ab.txt', content: 'x'.repeat(300_000) },
      ],
    });
    expect(failed).toEqual([]);
    expect(budget.snapshot().calls.api - before, 'token and batch').toBe(2);
    const files = await hub.listFiles('acme/files');
    expect(files?.map(({ path, size }) => [path, size]).sort()).toEqual([
      ['README.md', 8],
      ['a/b c é.txt', 3],
      ['a/empty.bin', 0],
      ['ab.txt', 300_000],
    ]);
    expect(files?.every((file) => file.mtime)).toBe(true);
    expect(files?.find((file) => file.path === 'README.md')?.contentType).toBe('text/markdown');
    expect((await hub.listFiles('acme/files', 'a/'))?.map((file) => file.path).sort()).toEqual([
      'a/b c é.txt',
      'a/empty.bin',
    ]);
    expect(text(await hub.readFile('acme/files', 'a/b c é.txt'))).toBe('one');
    expect((await hub.readFile('acme/files', 'a/empty.bin'))?.byteLength).toBe(0);
    const readme = written?.find((file) => file.path === 'README.md');
    await hub.write('acme/files', {
      copies: [{ path: 'copy.md', xetHash: readme?.xetHash ?? '', sourceBucket: 'acme/files' }],
      deletes: ['ab.txt'],
    });
    expect((await hub.pathsInfo('acme/files', ['copy.md', 'ab.txt'])).map((file) => file.path)).toEqual([
      'copy.md',
    ]);
  });

  it('stops reading a file that is too large', async () => {
    await hub.createBucket('acme/large', { private: false });
    await hub.write('acme/large', { adds: [{ path: 'x', content: 'y'.repeat(5000) }] });
    await expect(hub.readFile('acme/large', 'x', { maxBytes: 100 })).rejects.toMatchObject({
      kind: 'invalid',
    });
  });

  it('keeps two users apart in one process', async () => {
    await hub.createBucket('acme/theirs', { private: false });
    const write = { adds: [{ path: 'x.md', content: 'x' }] };
    await expect(hub.write('acme/theirs', write, MEMBER)).rejects.toMatchObject({ kind: 'forbidden' });
    expect((await hub.write('acme/theirs', write)).failed, 'a refusal does not spoil later calls').toEqual(
      [],
    );
    await expect(
      hub.write('acme/theirs', write, MEMBER),
      'nor does a cached token help',
    ).rejects.toMatchObject({
      kind: 'forbidden',
    });
  });

  it('refuses paths that the Hub would not keep', async () => {
    for (const path of ['../x', '/x', 'a//b', 'a/', './a'])
      await expect(hub.write('acme/theirs', { adds: [{ path, content: '' }] }), path).rejects.toMatchObject({
        kind: 'invalid',
      });
  });
});

describe('Spaces', () => {
  it('creates, sets, commits, reads and deletes', async () => {
    const id = 'acme/app';
    expect(await hub.spaceInfo(id)).toBeNull();
    expect(await hub.createSpace(id, { sdk: 'docker', private: false })).toMatchObject({ id, sdk: 'docker' });
    await hub.setSpaceVariable(id, { key: 'ORG', value: 'acme' });
    await hub.setSpaceVariable(id, { key: 'GONE', value: '1' });
    await hub.deleteSpaceVariable(id, 'GONE');
    await hub.setSpaceSecret(id, 'HF_TOKEN', 'hf_secret');
    expect(await hub.spaceVariables(id)).toEqual([{ key: 'ORG', value: 'acme' }]);
    expect(await hub.spaceSecrets(id)).toEqual(['HF_TOKEN']);
    const content = new TextEncoder().encode('hello');
    const { sha } = await hub.commitSpace(id, [{ path: 'docs/a.txt', content }], [], 'First');
    expect(sha).toMatch(/^[0-9a-f]{40}$/);
    const files = await hub.spaceFiles(id);
    // git hash-object of "hello" without a newline.
    expect(files.find((file) => file.path === 'docs/a.txt')?.oid).toBe(
      'b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0',
    );
    expect(text(await hub.readSpaceFile(id, 'docs/a.txt'))).toBe('hello');
    expect(await hub.readSpaceFile(id, 'docs/none.txt')).toBeNull();
    await hub.commitSpace(id, [], ['docs/a.txt'], 'Remove');
    expect((await hub.spaceFiles(id)).some((file) => file.path === 'docs/a.txt')).toBe(false);
    expect((await hub.spaceRuntime(id)).stage).toMatch(/^[A-Z_]+$/);
    await hub.deleteSpace(id);
    expect(await hub.spaceInfo(id)).toBeNull();
  });
});

describe('jobs', () => {
  it('has a price list and answers null for an unknown job', async () => {
    expect((await hub.jobHardware()).find((offer) => offer.name === 'cpu-basic')?.usdPerHour).toBeCloseTo(
      0.01,
    );
    expect((await hub.spaceHardware()).find((offer) => offer.name === 'cpu-basic')?.usdPerHour).toBe(0);
    expect(await hub.job('acme', 'none')).toBeNull();
    expect(await hub.jobs('acme')).toEqual([]);
  });
});

describe('contents', () => {
  it('come back the same, small and large, and have one hash whichever way they went up', async () => {
    const { commit } = await import('@huggingface/hub');
    const id = 'acme/contents';
    await hub.createBucket(id, { private: false });
    const random = (size: number, seed: number) => {
      const bytes = new Uint8Array(size);
      let state = seed;
      for (let i = 0; i < size; i++) {
        state = (state * 1664525 + 1013904223) >>> 0;
        bytes[i] = state >>> 24;
      }
      return bytes;
    };
    const adds = [1, 8191, 65_537, 400_000, 3_000_000].map((size) => ({
      path: `f${size}`,
      content: random(size, size),
    }));
    const twice = { path: 'same', content: random(400_000, 400_000) };
    const small = await hub.write(id, { adds: [...adds, twice] });
    for (const { path, content } of [...adds, twice])
      expect(Buffer.compare((await hub.readFile(id, path)) ?? new Uint8Array(), content), path).toBe(0);
    await commit({
      repo: { type: 'bucket', name: id },
      hubUrl: running.url,
      accessToken: ORGANIZER,
      title: '',
      operations: adds.map(({ path, content }) => ({
        operation: 'addOrUpdate' as const,
        path: `lib/${path}`,
        content: new Blob([content]),
      })),
    });
    const theirs = await hub.listFiles(id, 'lib/');
    for (const { path, xetHash } of small.written ?? [])
      if (path !== 'same')
        expect(theirs?.find((file) => file.path === `lib/${path}`)?.xetHash, path).toBe(xetHash);
    const large = random(9_000_000, 1);
    await hub.write(id, { adds: [{ path: 'large', content: large }] });
    expect(Buffer.compare((await hub.readFile(id, 'large')) ?? new Uint8Array(), large)).toBe(0);
  });
});

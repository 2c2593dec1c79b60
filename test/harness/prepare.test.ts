import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareFacts } from '../../generator/apply/prepare-facts.ts';
import { command } from '../../generator/commands/eval.ts';
import { writeChallenge } from '../../generator/config/yaml.ts';
import type { CollabError } from '../../generator/errors.ts';
import { imageDigest, referenceOf } from '../../generator/eval/image-digest.ts';
import { modelsOf, readPins, readProfile, resolvePins, unpinned } from '../../generator/eval/pins.ts';
import { isPrepared } from '../../generator/eval/prepare.ts';
import { preparePrice } from '../../generator/eval/prepare-job.ts';
import { draftOf } from '../../generator/whole-file.ts';
import { createHubClient } from '../../templates/hub/client.ts';
import { TOKENS, testHub } from '../helpers/hub.ts';
import { emitted } from './emitted.ts';
import { contextOf, machine } from './io.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const DIGEST = `sha256:${'ab'.repeat(32)}`;

let challenge: Awaited<ReturnType<typeof emitted>>;
let hub: Awaited<ReturnType<typeof testHub>>;

beforeAll(async () => {
  [challenge, hub] = await Promise.all([emitted('gemma'), testHub()]);
  Object.assign(challenge.config.hub, {
    org: 'acme',
    central_bucket: 'acme/gemma-main-bucket',
    space: 'acme/gemma-collab',
    private_bucket: 'organizer/private',
  });
  await mkdir(join(challenge.dir, '.collab'), { recursive: true });
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/organizer/private', { private: true });
  const files = {
    'challenge.yaml': writeChallenge(challenge.config),
    '.collab/hub.json': JSON.stringify({ url: hub.url, pid: process.pid }),
    '.collab/tokens.json': JSON.stringify({ organizer: TOKENS.admin }),
  };
  for (const [path, text] of Object.entries(files)) await writeFile(join(challenge.dir, path), text);
});
afterAll(() => Promise.all([challenge.remove(), hub.remove()]));

const prepare = (options: Record<string, string | boolean>) =>
  command.run(contextOf(machine(challenge.dir), ['prepare', '.'], options));
const jobs = async () =>
  (await (await hub.call(TOKENS.admin, 'GET', '/api/jobs/acme')).json()) as { id: string }[];

describe('eval prepare --job on the embedded hub', () => {
  test('makes the private data in a job, and brings it here whole', async () => {
    const { data } = await prepare({ job: true });
    expect(data).toMatchObject({ made: true, cost: { flavor: 'cpu-basic', minutes: 10 } });
    expect(data?.files).toEqual(
      expect.arrayContaining(['private/prompts.json', 'private/references.json', 'private/prepared.json']),
    );
    expect(await isPrepared(join(challenge.dir, 'private'))).toBe(true);
    expect(JSON.parse(await readFile(join(challenge.dir, 'private/prompts.json'), 'utf8'))).toHaveLength(320);
    expect(await jobs()).toHaveLength(1);
  });

  test('the same inputs are one job: what was made already is fetched again', async () => {
    const before = await readFile(join(challenge.dir, 'private/prepared.json'), 'utf8');
    await rm(join(challenge.dir, 'private'), { recursive: true });
    await prepare({ job: true });
    expect(await readFile(join(challenge.dir, 'private/prepared.json'), 'utf8')).toBe(before);
    expect(await jobs()).toHaveLength(1);
  });

  test('cut off while it brings the public part here, it goes on with that, without a second job', async () => {
    const client = createHubClient({ endpoint: hub.url, token: TOKENS.admin });
    const [first] = (await client.listFiles('organizer/private', 'prepare/')) ?? [];
    const state = `${first?.path.split('/').slice(0, 2).join('/')}/state`;
    const adds = ['a', 'b'].map((name) => ({ path: `${state}/public/${name}.json`, content: name }));
    await client.write('organizer/private', { adds });
    await rm(join(challenge.dir, 'private'), { recursive: true });
    const at = machine(challenge.dir);
    const broken = (input: string | URL | Request, init?: RequestInit) =>
      String(input).endsWith('/public/b.json') ? Promise.reject(new Error('cut off')) : at.fetch(input, init);
    const cut = contextOf({ ...at, fetch: broken as typeof fetch }, ['prepare', '.'], { job: true });
    await expect(command.run(cut)).rejects.toThrow('could not be reached');
    expect(await isPrepared(join(challenge.dir, 'private'))).toBe(false);
    await writeFile(join(challenge.dir, draftOf('harness/pins.json', 2147483646)), '{"half":');
    const { data } = await prepare({ job: true });
    expect(data?.files).toEqual(expect.arrayContaining(['harness/data/b.json', 'private/prepared.json']));
    expect(await isPrepared(join(challenge.dir, 'private'))).toBe(true);
    expect(await jobs()).toHaveLength(1);
    for (const name of ['a', 'b']) await rm(join(challenge.dir, `harness/data/${name}.json`));
  });

  test('--force makes other data, in another job', async () => {
    const before = await readFile(join(challenge.dir, 'private/prompts.json'), 'utf8');
    await prepare({ job: true, force: true });
    expect(await readFile(join(challenge.dir, 'private/prompts.json'), 'utf8')).not.toBe(before);
    expect(await jobs()).toHaveLength(2);
  });

  test('a job that fails says why, and leaves what is here', async () => {
    await writeFile(join(challenge.dir, 'harness/data/prompt_parts.json'), 'no JSON');
    const error = await prepare({ job: true, force: true }).catch((e: CollabError) => e);
    expect(error).toMatchObject({
      code: 'PREPARE_FAILED',
      message: expect.stringContaining('no valid JSON'),
    });
    expect(await isPrepared(join(challenge.dir, 'private'))).toBe(true);
  });
});

describe('what a profile of the Hub needs first', () => {
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    new Response(status === 200 ? JSON.stringify(body) : null, { status, headers });

  /** A Hub with two models, and a registry that wants an anonymous token. */
  const outside =
    (more: Record<string, unknown> = {}): typeof fetch =>
    async (input, init) => {
      const url = new URL(String(input instanceof Request ? input.url : input));
      if (url.pathname.startsWith('/api/models/google/'))
        return answer(200, { sha: COMMIT, gated: false, cardData: { license: 'apache-2.0' }, ...more });
      if (url.hostname === 'auth.example') return answer(200, { token: url.searchParams.get('scope') });
      if (url.hostname !== 'registry-1.docker.io')
        return answer(404, null, { 'x-error-code': 'RepoNotFound' });
      const authorization = new Headers(init?.headers).get('authorization');
      return authorization === 'Bearer repository:vllm/vllm-openai:pull'
        ? answer(200, null, { 'docker-content-digest': DIGEST })
        : answer(401, null, {
            'www-authenticate':
              'Bearer realm="https://auth.example/token",service="registry",scope="repository:vllm/vllm-openai:pull"',
          });
    };
  const IMAGE = 'vllm/vllm-openai:v0.22.0';
  const at = (fetch: typeof globalThis.fetch) => ({
    io: { ...machine(challenge.dir), fetch },
    hub: createHubClient({
      endpoint: 'https://hub.example',
      token: 'hf_x',
      fetch,
      clock: { now: Date.now, sleep: () => Promise.resolve() },
    }),
    dir: challenge.dir,
  });

  test('the full profile names two models; the rehearsal none', async () => {
    expect(modelsOf(await readProfile(challenge.dir, 'full'))).toEqual([
      'google/gemma-4-E4B-it',
      'google/gemma-4-31B-it',
    ]);
    expect(modelsOf(await readProfile(challenge.dir, 'rehearsal'))).toEqual([]);
  });

  test('each model is pinned to a commit and the image to a digest, once', async () => {
    const models = modelsOf(await readProfile(challenge.dir, 'full'));
    expect(unpinned(await readPins(challenge.dir), models, IMAGE)).toEqual([...models, IMAGE]);
    const pins = await resolvePins(at(outside()), models, IMAGE);
    expect(pins.models['google/gemma-4-E4B-it']).toEqual({ revision: COMMIT, license: 'apache-2.0' });
    expect(pins.image).toEqual({ reference: IMAGE, digest: DIGEST });
    expect(unpinned(await readPins(challenge.dir), models, IMAGE)).toEqual([]);
    expect(unpinned(await readPins(challenge.dir), models, `${IMAGE}-other`)).toEqual([`${IMAGE}-other`]);
  });

  test('a branch in pins.json, a gated model and an unknown one are refused', async () => {
    const pins = JSON.parse(await readFile(join(challenge.dir, 'harness/pins.json'), 'utf8'));
    pins.models['google/gemma-4-E4B-it'].revision = 'main';
    await writeFile(join(challenge.dir, 'harness/pins.json'), JSON.stringify(pins));
    expect(await readPins(challenge.dir)).toBeNull();
    const code = (fetch: typeof globalThis.fetch, model: string) =>
      resolvePins(at(fetch), [model], IMAGE).catch((e: CollabError) => e.code);
    expect(await code(outside({ gated: 'manual' }), 'google/gemma-4-E4B-it')).toBe('MODEL_GATED');
    expect(await code(outside(), 'nobody/nothing')).toBe('MODEL_UNKNOWN');
  });

  test('a registry that does not say is an error, and a digest needs none', async () => {
    const silent: typeof fetch = async () => answer(404, null);
    const error = await imageDigest({ fetch: silent }, IMAGE).catch((e: CollabError) => e.code);
    expect(error).toBe('IMAGE_UNRESOLVED');
    expect(await imageDigest({ fetch: silent }, `${IMAGE}@${DIGEST}`)).toBe(DIGEST);
  });

  test('references of images', () => {
    expect(referenceOf('python:3.12')).toEqual({
      registry: 'registry-1.docker.io',
      repository: 'library/python',
      tag: '3.12',
    });
    expect(referenceOf('ghcr.io/acme/image')).toEqual({
      registry: 'ghcr.io',
      repository: 'acme/image',
      tag: 'latest',
    });
  });

  test('the plan knows what is missing; without --job the price is said and nothing is started', async () => {
    const full = structuredClone(challenge.config);
    full.profile = 'full';
    full.hardware.image = IMAGE;
    await rm(join(challenge.dir, 'harness/pins.json'), { force: true });
    const facts = { made: true, flavor: 'a100-large', minutes: 240 };
    const models = modelsOf(await readProfile(challenge.dir, 'full'));
    expect(await prepareFacts(challenge.dir, full)).toEqual({
      ...facts,
      models,
      unpinned: [...models, IMAGE],
    });
    await resolvePins(at(outside()), models, IMAGE);
    expect(await prepareFacts(challenge.dir, full)).toEqual({ ...facts, models, unpinned: [] });
    await writeFile(join(challenge.dir, 'challenge.yaml'), writeChallenge(full));
    const before = (await jobs()).length;
    const asked: Record<string, boolean>[] = [{ force: true }, { force: true, job: true }];
    for (const options of asked)
      expect(await prepare(options).catch((e: CollabError) => e)).toMatchObject({
        code: 'PREPARE_THERE',
        message: expect.stringMatching(/a100-large, at most 240 minutes, \$\d+\.\d\d or less/),
      });
    expect(await jobs()).toHaveLength(before);
  });

  test('hardware without a price is not started', async () => {
    const profile = await readProfile(challenge.dir, 'full');
    const port = at(outside()).hub;
    const priced = {
      ...port,
      jobHardware: async () => [{ name: 'a100-large', prettyName: 'A100', usdPerHour: 2.5 }],
    };
    expect(await preparePrice(priced, challenge.config, profile)).toEqual({
      flavor: 'a100-large',
      minutes: 240,
      usd: 10,
    });
    const unpriced = { ...port, jobHardware: async () => [] };
    const error = await preparePrice(unpriced, challenge.config, profile).catch((e: CollabError) => e.code);
    expect(error).toBe('PRICE_UNKNOWN');
  });
});

describe('a harness without prepare.py', () => {
  const bare = async (yaml: string) => {
    const dir = await mkdtemp(join(tmpdir(), 'bare-'));
    await writeFile(join(dir, 'challenge.yaml'), `challenge: { title: T, slug: t, objective: o }\n${yaml}`);
    const context = contextOf(machine(dir), ['prepare', '.'], {});
    return Promise.resolve(command.run(context)).finally(() => rm(dir, { recursive: true }));
  };

  test('has nothing to prepare where no question is private', async () => {
    const outcome = await bare('verification: { private_split: false }\n');
    expect(outcome).toMatchObject({ status: 'ok', data: { made: false } });
    expect(outcome.text).toContain('verification.private_split');
    expect(outcome.next?.[0]?.command).toBe('create-collab eval selftest');
  });

  test('says what to write, or what to set, where questions are', async () => {
    const error = await bare('').then(
      () => null,
      (found: CollabError) => found,
    );
    expect(error).toMatchObject({ code: 'NOTHING_TO_PREPARE' });
    expect(error?.next?.[0]?.why).toMatch(/harness\/prepare\.py.*private_split: false/);
  });
});

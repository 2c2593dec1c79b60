import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getJob, runJob, uploadFiles } from '@huggingface/hub';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MachineLayers } from '../../generator/local-hub/jobs/guard.ts';
import { packageRoot } from '../harness/emitted.ts';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

/** A machine where nothing separates a submission from the owner's files runs the shipped samples alone. */

const BARE: MachineLayers = { layers: ['limits'], missing: { landlock: 'the kernel has no Landlock' } };
const LANDLOCK: MachineLayers = { layers: ['landlock', 'limits'], missing: {}, landlock_abi: 7 };
const SAMPLES = join(packageRoot, 'challenges/gemma/submissions');

let challenge: string;
beforeEach(async () => {
  challenge = await mkdtemp(join(tmpdir(), 'collab-guard-'));
  await cp(SAMPLES, join(challenge, 'submissions'), { recursive: true });
});
afterEach(() => rm(challenge, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));

type Hub = Awaited<ReturnType<typeof testHub>>;

async function onMachine(machine: MachineLayers, use: (hub: Hub) => Promise<void>): Promise<void> {
  const hub = await testHub({ challenge, machine: async () => machine });
  try {
    await use(hub);
  } finally {
    await hub.remove();
  }
}

async function upload(hub: Hub, folder: string, change?: string): Promise<void> {
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/data', { private: true });
  const names = await readdir(folder);
  const files = await Promise.all(
    names.map(async (name) => ({
      path: `s/${name}`,
      content: new Blob([await readFile(join(folder, name))]),
    })),
  );
  const more = change ? [{ path: 's/serve.py', content: new Blob([change]) }] : [];
  await uploadFiles({
    hubUrl: hub.url,
    accessToken: TOKENS.writer,
    repo: { type: 'bucket', name: 'acme/data' },
    files: [...files.filter(({ path }) => !more.some((other) => other.path === path)), ...more],
  });
}

async function run(
  hub: Hub,
  code: string,
  mounted: boolean,
  namespace = 'acme',
  token: string = TOKENS.writer,
) {
  const volumes = mounted
    ? [{ source: 'buckets/acme/data', path: 's', mountPath: '/submission', readOnly: true }]
    : [];
  const as = { hubUrl: hub.url, accessToken: token, namespace };
  const { id } = await runJob({
    ...as,
    dockerImage: 'python:3.12',
    command: ['python3', '-c', code],
    flavor: 'cpu-basic',
    volumes,
  } as Parameters<typeof runJob>[0]);
  return until(async () => {
    const { status } = await getJob({ ...as, jobId: id });
    return ['COMPLETED', 'ERROR', 'CANCELED'].includes(status.stage) && status;
  });
}

describe('jobs on a machine without layers', () => {
  it('runs a shipped sample, as it was shipped', async () => {
    await onMachine(BARE, async (hub) => {
      for (const name of ['baseline', 'cheats/pruned-vocab']) {
        await upload(hub, join(SAMPLES, name));
        expect([name, (await run(hub, 'print(1)', true)).stage]).toEqual([name, 'COMPLETED']);
      }
    });
  });

  it.each([
    ['a sample with one byte changed', 'baseline', '# changed\n'],
    ['what was made to do harm', 'hostile/forks', undefined],
  ])('refuses %s, and says what would run it', async (_what, name, change) => {
    await onMachine(BARE, async (hub) => {
      await upload(hub, join(SAMPLES, name), change);
      const proof = join(challenge, 'ran');
      const ended = await run(hub, `open(${JSON.stringify(proof)}, "w")`, true);
      expect(ended).toMatchObject({
        stage: 'CANCELED',
        message: expect.stringMatching(/shipped samples.*the kernel has no Landlock.*--trust-submissions/),
      });
      await expect(readFile(proof)).rejects.toThrow('ENOENT');
    });
  });

  it.each([
    ['without a layer', BARE],
    ['with layers, which a harness alone puts around anything', LANDLOCK],
  ])(
    "refuses what members start in their own namespace, %s; the organization's jobs run",
    async (_, machine) => {
      await onMachine(machine, async (hub) => {
        expect((await run(hub, 'print(1)', false)).stage).toBe('COMPLETED');
        expect(await run(hub, 'print(1)', false, 'participant-1', TOKENS.one)).toMatchObject({
          stage: 'CANCELED',
          message: expect.stringMatching(/jobs of the organization.*--trust-submissions/),
        });
      });
    },
  );

  it('a harness that cannot say what holds counts as one that separates nothing', async () => {
    await mkdir(join(challenge, 'harness/collab_harness'), { recursive: true });
    await writeFile(join(challenge, 'harness/collab_harness/probe.py'), 'raise SystemExit(3)\n');
    const hub = await testHub({ challenge });
    try {
      await upload(hub, join(SAMPLES, 'baseline'), '# changed\n');
      expect((await run(hub, 'print(1)', true)).message).toContain('could not be told');
    } finally {
      await hub.remove();
    }
  });
});

it('behind Landlock, and with --trust-submissions, anything runs', async () => {
  await onMachine(LANDLOCK, async (hub) => {
    await upload(hub, join(SAMPLES, 'baseline'), '# changed\n');
    expect((await run(hub, 'print(1)', true)).stage).toBe('COMPLETED');
  });
  const trusting = await testHub();
  try {
    await upload(trusting, join(SAMPLES, 'baseline'), '# changed\n');
    expect((await run(trusting, 'print(1)', true)).stage).toBe('COMPLETED');
  } finally {
    await trusting.remove();
  }
});

describe('logging in by picking a name', () => {
  const card = '---\ntitle: A\nsdk: docker\nhf_oauth: true\n---\n';
  const server =
    "import { createServer } from 'node:http'; createServer((q, r) => r.end(JSON.stringify(process.env))).listen(process.env.PORT);";

  /** Address of the login page of a Space. */
  async function loginPage(hub: Hub): Promise<string> {
    const space = { type: 'space', name: 'app', organization: 'acme', sdk: 'docker' };
    await hub.call(TOKENS.admin, 'POST', '/api/repos/create', space);
    const files = { 'README.md': card, Dockerfile: 'CMD ["node","server.mjs"]', 'server.mjs': server };
    const lines = Object.entries(files).map(([path, content]) => ({ key: 'file', value: { path, content } }));
    await fetch(`${hub.url}/api/spaces/acme/app/commit/main`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    const { host } = await (await hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app')).json();
    const env = await until(async () => (await fetch(host).catch(() => null))?.json());
    const query = { client_id: env.OAUTH_CLIENT_ID, redirect_uri: `${host}/callback`, response_type: 'code' };
    return `${hub.url}/oauth/authorize?${new URLSearchParams({ ...query, scope: 'openid profile', state: 's' })}`;
  }

  /** That page as a job that runs finds it. */
  const seenByJob = async (machine: MachineLayers): Promise<string> => {
    const out = join(challenge, 'page.html');
    await onMachine(machine, async (hub) => {
      const page = await loginPage(hub);
      expect(await (await fetch(page)).text()).toContain('name="user"');
      const code = `import urllib.request as u, urllib.error as e
try: text = u.urlopen(${JSON.stringify(page)}).read().decode()
except e.HTTPError as error: text = error.read().decode()
open(${JSON.stringify(out)}, "w").write(text)`;
      expect((await run(hub, code, false)).stage).toBe('COMPLETED');
    });
    return readFile(out, 'utf8');
  };

  it('is off while a job runs that could reach this page', async () => {
    expect(await seenByJob(BARE)).toContain('log in with a token');
  });

  it('stays on where submissions reach nothing', async () => {
    expect(await seenByJob({ layers: ['network_namespace'], missing: {} })).toContain('name="user"');
  });
});

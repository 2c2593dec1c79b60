import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  cancelJob,
  getJob,
  listJobHardware,
  listJobs,
  runJob,
  streamJobLogs,
  uploadFiles,
} from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostsWrapper } from '../../generator/local-hub/jobs/network.ts';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
beforeAll(async () => {
  hub = await testHub();
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/data', { private: true });
  const files = {
    'sub/in.txt': 'input',
    'other.txt': 'not mounted',
    'runs/keep.txt': 'x',
    'runs/old.txt': 'y',
  };
  await uploadFiles({
    ...writer(),
    repo: { type: 'bucket', name: 'acme/data' },
    files: Object.entries(files).map(([path, text]) => ({ path, content: new Blob([text]) })),
  });
});
afterAll(() => hub.remove());

const writer = () => ({ hubUrl: hub.url, accessToken: TOKENS.writer });
const job = (jobId: string) => getJob({ ...writer(), namespace: 'acme', jobId });
const read = async (path: string) => {
  const answer = await hub.call(TOKENS.admin, 'GET', `/buckets/acme/data/resolve/${path}`);
  return answer.ok ? answer.text() : answer.status;
};
const ended = (id: string) =>
  until(async () => {
    const now = await job(id);
    return ['COMPLETED', 'ERROR', 'CANCELED'].includes(now.status.stage) && now;
  });

function run(code: string, more: Partial<Parameters<typeof runJob>[0]> = {}) {
  return runJob({
    ...writer(),
    namespace: 'acme',
    dockerImage: 'python:3.12',
    command: ['python', '-c', code],
    flavor: 'cpu-basic',
    ...more,
  } as Parameters<typeof runJob>[0]);
}

describe('Jobs', () => {
  it('runs a command with mounts, environment and secrets, and writes the bucket back', async () => {
    const started = await run(
      [
        'import os, sys',
        'print("in:", open("/data/in.txt").read(), os.listdir("/data"))',
        'print(os.environ["WHERE"], os.environ["TOKEN"], "VITEST" in os.environ, os.environ["JOB_ID"])',
        'open("/state/new.txt", "w").write("made")',
        'os.remove("/state/old.txt")',
        'os.symlink("/etc/passwd", "/state/link")',
      ].join('\n'),
      {
        environment: { WHERE: '/state/out' },
        secrets: { TOKEN: 'topsecret' },
        labels: { kind: 'test' },
        volumes: [
          { type: 'bucket', source: 'acme/data', mountPath: '/data', path: 'sub', readOnly: true },
          { type: 'bucket', source: 'acme/data', mountPath: '/state', path: 'runs' },
        ],
      } as object,
    );
    expect(started).toMatchObject({
      status: { stage: 'SCHEDULING' },
      secrets: ['TOKEN'],
      owner: { type: 'org' },
    });
    const lines = [];
    for await (const line of streamJobLogs({ ...writer(), namespace: 'acme', jobId: started.id }))
      lines.push(line.message);
    expect(await ended(started.id)).toMatchObject({ status: { stage: 'COMPLETED' } });
    expect(lines.join('')).toContain("in: input ['in.txt']");
    expect(lines.join('')).toMatch(new RegExp(`/out topsecret False ${started.id}`));
    expect(await read('runs/new.txt')).toBe('made');
    expect(await read('runs/keep.txt')).toBe('x');
    expect(await read('runs/old.txt')).toBe(404);
    expect(await read('runs/link')).toBe(404);
    const listed = await listJobs({ ...writer(), namespace: 'acme' });
    expect(listed.map((entry) => entry.id)).toContain(started.id);
    const query = (q: string) => hub.call(TOKENS.writer, 'GET', `/api/jobs/acme?${q}`).then((r) => r.json());
    expect(await query('label=kind=test&stage=COMPLETED')).toHaveLength(1);
    expect(await query('label=kind=other')).toHaveLength(0);
    expect(await (await hub.call(TOKENS.writer, 'GET', `/api/jobs/acme/${started.id}`)).text()).not.toContain(
      'topsecret',
    );
  });

  it('reports failure, timeout and cancellation', async () => {
    const failed = await run('import sys; print("oops"); sys.exit(3)');
    expect((await ended(failed.id)).status).toMatchObject({
      stage: 'ERROR',
      message: 'Job failed with exit code: 3',
    });
    const endless = await run('import time; time.sleep(600)');
    const waiting = await run('print(1)');
    await until(async () => (await job(endless.id)).status.stage === 'RUNNING');
    expect((await job(waiting.id)).status.stage).toBe('SCHEDULING');
    for (const { id } of [waiting, endless]) {
      await cancelJob({ ...writer(), namespace: 'acme', jobId: id });
      expect((await ended(id)).status.stage).toBe('CANCELED');
    }
    const slow = await run('import time; time.sleep(600)', { timeoutSeconds: 1 });
    expect((await ended(slow.id)).status.message).toContain('timeout');
    const missing = await run('', { command: ['no-such-program'] });
    expect((await ended(missing.id)).status.message).toContain('no-such-program');
  });

  it('cannot mount a folder read-write in which nothing is, as on the Hub', async () => {
    const volumes = [{ type: 'bucket', source: 'acme/data', mountPath: '/state', path: 'nothing/here' }];
    const refused = await run('print(1)', { volumes } as object);
    expect((await ended(refused.id)).status).toMatchObject({
      stage: 'ERROR',
      message: expect.stringContaining('nothing is there'),
    });
  });

  it.each(['False', 'True'])('leaves no process behind (in a session of its own: %s)', async (session) => {
    const started = await run(
      [
        'import subprocess, sys',
        `p = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=${session})`,
        'print(p.pid)',
      ].join('\n'),
    );
    await ended(started.id);
    let text = '';
    for await (const line of streamJobLogs({ ...writer(), namespace: 'acme', jobId: started.id }))
      text += line.message;
    const pid = Number(/^\d+$/m.exec(text)?.[0]);
    expect(pid).toBeGreaterThan(1);
    await until(async () => !isAlive(pid));
    expect(isAlive(pid)).toBe(false);
  });

  it('names that no folder can hold end the job, and tell nothing of this machine', async () => {
    const names = { 'clash/a': 'x', 'clash/a/b': 'y', [`long/${'x'.repeat(256)}`]: 'z' };
    await uploadFiles({
      ...writer(),
      repo: { type: 'bucket', name: 'acme/data' },
      files: Object.entries(names).map(([path, text]) => ({ path, content: new Blob([text]) })),
    });
    for (const path of ['clash', 'long']) {
      const volumes = [{ type: 'bucket', source: 'acme/data', mountPath: '/data', path, readOnly: true }];
      const { id } = await run('print()', { volumes } as never);
      const { stage, message } = (await ended(id)).status;
      expect([stage, message]).toEqual([
        'ERROR',
        expect.stringMatching(`^${path}/.* cannot be mounted: E[A-Z]+$`),
      ]);
    }
  });

  it('keeps records and logs over a restart; duplicates and labels a job', async () => {
    const first = await testHub();
    const spec = {
      dockerImage: 'python:3.12',
      command: ['python', '-c', 'print("kept")'],
      flavor: 'cpu-basic',
    };
    const post = async (at: typeof first, path: string, body?: unknown) => {
      const answer = await at.call(TOKENS.writer, 'POST', `/api/jobs/acme${path}`, body);
      return { status: answer.status, body: await answer.json() };
    };
    const stage = async (at: typeof first, id: string) =>
      (await (await at.call(TOKENS.writer, 'GET', `/api/jobs/acme/${id}`)).json()).status.stage;
    const plain = (await post(first, '', spec)).body;
    const secret = (await post(first, '', { ...spec, secrets: { PASSWORD: 'x' } })).body;
    await until(async () => (await stage(first, secret.id)) === 'COMPLETED');
    const labels = { labels: { team: 'a' } };
    expect((await first.call(TOKENS.writer, 'PUT', `/api/jobs/acme/${plain.id}/labels`, labels)).status).toBe(
      200,
    );
    await first.close();
    const second = await testHub({ dir: first.dir });
    try {
      const log = await second.call(TOKENS.writer, 'GET', `/api/jobs/acme/${plain.id}/logs`);
      expect(await log.text()).toContain('kept');
      const again = await post(second, `/${plain.id}/duplicate`);
      expect(again.body).toMatchObject({ labels: { team: 'a' }, command: spec.command });
      expect(again.body.id).not.toBe(plain.id);
      await until(async () => (await stage(second, again.body.id)) === 'COMPLETED');
      expect((await post(second, `/${secret.id}/duplicate`)).status).toBe(409);
      const page = await second.call(TOKENS.writer, 'GET', '/api/jobs/acme?limit=2');
      expect(await page.json()).toHaveLength(2);
      const next = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
      const rest = await fetch(next, { headers: { authorization: `Bearer ${TOKENS.writer}` } });
      expect((await rest.json()).map((entry: { id: string }) => entry.id)).toEqual([plain.id]);
    } finally {
      await second.remove();
    }
  });

  it('ends a job that takes more memory or disk than it may, and tries again as often as asked', async () => {
    const small = await testHub({ jobLimits: { memory: 100e6, disk: 5e6 }, jobConcurrency: 3 });
    const outcome = async (code: string, more = {}) => {
      const spec = { dockerImage: 'x', command: ['python3', '-c', code], flavor: 'cpu-basic', ...more };
      const { id } = await (await small.call(TOKENS.writer, 'POST', '/api/jobs/acme', spec)).json();
      return until(async () => {
        const now = await (await small.call(TOKENS.writer, 'GET', `/api/jobs/acme/${id}`)).json();
        return ['COMPLETED', 'ERROR'].includes(now.status.stage) && now;
      });
    };
    const greedy = 'import subprocess, sys; subprocess.run([sys.executable, "-c", sys.argv[1]])';
    const held = 'x = bytearray(200_000_000)\nimport time\ntime.sleep(60)';
    const flaky = [
      'import os, sys',
      'p = "/state/n"; n = len(open(p).read()); open(p, "a").write("x")',
      'sys.exit(0 if n == 3 else 5)',
    ].join('\n');
    try {
      await small.call(TOKENS.admin, 'POST', '/api/buckets/acme/data', {});
      await uploadFiles({
        hubUrl: small.url,
        accessToken: TOKENS.writer,
        repo: { type: 'bucket', name: 'acme/data' },
        files: [{ path: 'runs/n', content: new Blob(['x']) }],
      });
      const volumes = [{ type: 'bucket', source: 'acme/data', mountPath: '/state', path: 'runs' }];
      const ended = await Promise.all([
        outcome(greedy, { arguments: [held] }),
        outcome('open("f", "wb").write(bytes(9_000_000))\nimport time\ntime.sleep(60)'),
        outcome(flaky, { attempts: 4, volumes }),
      ]);
      expect(ended.map((job) => job.status)).toMatchObject([
        {
          stage: 'ERROR',
          message: expect.stringMatching(/^Job failed: out of memory \(0\.\d+ GB of 0\.09 GB\)$/),
        },
        { stage: 'ERROR', message: expect.stringContaining('out of disk space') },
        { stage: 'COMPLETED', failureCount: 2 },
      ]);
      expect(ended[0].durations.totalSecs).toBeGreaterThanOrEqual(ended[0].durations.runningSecs);
    } finally {
      await small.remove();
    }
  });

  it('runs the members of a network group side by side; they find each other by name', async () => {
    const listen = [
      'import os, socket, sys',
      's = socket.create_server(("", 0)); port = s.getsockname()[1]',
      'open("/state/port.txt", "w").write(str(port))',
      'print("port", port, flush=True)',
      'for _ in range(int(sys.argv[1])): s.accept()[0].sendall(b"served")',
    ].join('\n');
    const ask = [
      'import os, socket, sys',
      'names = [os.environ["HF_NETWORK_GROUP_PREFIX"] + alias for alias in sys.argv[2:]]',
      'for host in [*names, os.environ["HF_NETWORK_GROUP_HOSTNAME"]]:',
      '    print(socket.create_connection((host, int(sys.argv[1])), 20).recv(9))',
    ].join('\n');
    const raw = async (code: string, more = {}) => {
      const spec = { dockerImage: 'x', command: ['python3', '-c', code], flavor: 'cpu-basic', ...more };
      return (await hub.call(TOKENS.writer, 'POST', '/api/jobs/acme', spec)).json();
    };
    const network = { group: 'run-1' };
    const aliases = (await hostsWrapper()) ? ['sub'] : [];
    if (aliases.length === 0)
      expect((await raw('1', { network: { ...network, aliases: ['sub'] } })).error).toContain('no job');
    const server = await raw(listen, {
      network: { ...network, aliases },
      arguments: [String(aliases.length + 1)],
      volumes: [{ type: 'bucket', source: 'acme/data', mountPath: '/state', path: 'runs' }],
    });
    expect(server.network).toEqual({ group: 'run-1', aliases });
    const other = await raw('print("later")');
    const log = async (id: string) =>
      readFile(join(hub.dir, 'jobs', id, 'log.ndjson'), 'utf8').catch(() => '');
    const port = await until(async () => /port (\d+)/.exec(await log(server.id))?.[1]);
    const client = await raw(ask, { network, arguments: [port, ...aliases] });
    expect((await ended(client.id)).status.stage).toBe('COMPLETED');
    expect((await log(client.id)).match(/b'served'/g)).toHaveLength(aliases.length + 1);
    expect((await ended(server.id)).status.stage).toBe('COMPLETED');
    const [later, first] = [await ended(other.id), await job(client.id)] as unknown as {
      startedAt: string;
      finishedAt: string;
    }[];
    expect(Date.parse(later?.startedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(first?.finishedAt ?? '') - 1,
    );
    const status = async (wrong: unknown) => (await raw('1', { network: wrong })).error;
    expect(await status({ group: 'A b' })).toContain('lowercase');
    expect(await status({ aliases: ['x'] })).toContain('network.group');
    expect(await status({ group: 'a', aliases: ['x', 'x'] })).toContain('twice');
  });

  it('refuses: no credits, no rights, unknown hardware, a bucket one may not see', async () => {
    const spec = { dockerImage: 'python:3.12', command: ['true'], flavor: 'cpu-basic' };
    const status = async (token: string, ns: string, more = {}) =>
      (await hub.call(token, 'POST', `/api/jobs/${ns}`, { ...spec, ...more })).status;
    expect(await status(TOKENS.admin, 'poor')).toBe(402);
    expect(await status(TOKENS.one, 'acme')).toBe(403);
    expect(await status(TOKENS.readOnly, 'acme')).toBe(403);
    expect(await status(TOKENS.admin, 'acme', { flavor: 'tpu' })).toBe(400);
    expect(await status(TOKENS.admin, 'acme', { command: [] })).toBe(400);
    const volumes = [{ type: 'bucket', source: 'acme/data', mountPath: '/d' }];
    expect(await status(TOKENS.outsider, 'outsider', { volumes })).toBe(404);
    const prices = await listJobHardware({ ...writer() });
    expect(prices.find((entry) => entry.name === 'a10g-small')?.unitCostUSD).toBeCloseTo(1 / 60);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

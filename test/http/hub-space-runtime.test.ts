import { randomBytes } from 'node:crypto';
import { uploadFiles } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
beforeAll(async () => {
  hub = await testHub();
});
afterAll(() => hub.remove());

const api = async (path: string, method = 'GET', body?: unknown, token: string = TOKENS.admin) => {
  const answer = await hub.call(token, method, `/api${path}`, body);
  return { status: answer.status, body: await answer.json() };
};

async function space(name: string, files: Record<string, string>, more: Record<string, unknown> = {}) {
  const entries = Object.entries(files).map(([path, content]) => ({ path, content }));
  const repo = { type: 'space', name, organization: 'acme', sdk: 'docker', files: entries, ...more };
  expect((await api('/repos/create', 'POST', repo)).status).toBe(200);
  const { host } = (await api(`/spaces/acme/${name}`)).body;
  return { host: host as string, at: `/spaces/acme/${name}` };
}

const stage = (at: string, wanted: string) =>
  until(async () => {
    const { body } = await api(`${at}/runtime`);
    return body.stage === wanted && body;
  });

async function log(at: string, kind: string, enough: (text: string) => boolean): Promise<string> {
  const abort = new AbortController();
  const headers = { authorization: `Bearer ${TOKENS.admin}` };
  const answer = await fetch(`${hub.url}/api${at}/logs/${kind}`, { headers, signal: abort.signal });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!enough(text)) text += (await reader?.read())?.value ?? '';
  abort.abort();
  return text;
}

const PYTHON = `
import http.server, json, os, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(json.dumps([sys.argv, dict(os.environ), open('data/note.txt').read()]).encode())
print('evaluator', sys.argv[1])
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
`;
const DOCKER = [
  'FROM python:3.12-slim',
  'RUN pip install nothing',
  'ENV PYTHONPATH=/app/lib PORT=7860 HOME=/nowhere',
  'WORKDIR /app',
  'COPY . .',
  'CMD ["python3", "/app/evaluator.py", "--loop", "/app/data"]',
].join('\n');

describe('a Space of any command', () => {
  it('runs the exact CMD of a private Python Space in its checkout', async () => {
    const files = { Dockerfile: DOCKER, 'evaluator.py': PYTHON, 'data/note.txt': 'moin' };
    const { host, at } = await space('judge', files, {
      private: true,
      secrets: [{ key: 'HF_TOKEN', value: 'hf_x' }],
    });
    await stage(at, 'RUNNING');
    const [argv, env, note] = await (await fetch(host)).json();
    expect(argv.slice(1)).toEqual(['--loop', expect.stringMatching(/^\/.+\/app\/[0-9a-f]{40}\/data$/)]);
    expect(note).toBe('moin');
    expect(env).toMatchObject({ HF_TOKEN: 'hf_x', SPACE_ID: 'acme/judge', HF_ENDPOINT: hub.url });
    expect(env.PYTHONPATH).toMatch(/\/app\/[0-9a-f]{40}\/lib$/);
    expect(env.HOME).not.toBe('/nowhere');
    expect(`http://${env.SPACE_HOST}`).toBe(host);
    expect(env.SPACE_CREATOR_USER_ID).toMatch(/^[0-9a-f]+$/);
    expect((await api(at, 'GET', undefined, TOKENS.outsider)).status).toBe(404);
    const built = await log(at, 'build', (text) => text.includes('Starts with'));
    expect(built).toContain('nothing is installed: RUN pip install nothing');
    expect(await log(at, 'run', (text) => text.includes('evaluator'))).toContain('evaluator --loop');
  });

  it('serves a static Space, and becomes what its card says', async () => {
    const { host, at } = await space('page', { 'README.md': '---\nsdk: static\n---\n' }, { sdk: 'static' });
    expect((await api(`${at}/runtime`)).body.stage).toBe('NO_APP_FILE');
    const commit = (files: Record<string, string>) =>
      fetch(`${hub.url}/api${at}/commit/main`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKENS.admin}` },
        body: Object.entries(files)
          .map(([path, content]) => JSON.stringify({ key: 'file', value: { path, content } }))
          .join('\n'),
      });
    await commit({ 'index.html': '<h1>hi</h1>', 'a b/x.css': 'b{}' });
    await stage(at, 'RUNNING');
    expect(await (await fetch(host)).text()).toBe('<h1>hi</h1>');
    expect((await fetch(`${host}/a%20b/x.css`)).headers.get('content-type')).toContain('text/css');
    expect((await fetch(`${host}/..%2f..%2fjournal.ndjson`)).status).toBe(404);
    expect((await fetch(`${host}/none`)).status).toBe(404);
    await fetch(`${hub.url}/api${at}/commit/main`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      body: JSON.stringify({ key: 'deletedFile', value: { path: 'index.html' } }),
    });
    expect((await api(`${at}/runtime`)).body.stage).toBe('NO_APP_FILE');
    await until(async () => (await fetch(host).catch(() => null)) === null);
    await commit({ 'index.html': '<h1>again</h1>' });
    await stage(at, 'RUNNING');
    await commit({ 'README.md': '---\nsdk: gradio\n---\n' });
    expect((await stage(at, 'CONFIG_ERROR')).errorMessage).toContain('gradio');
    expect((await api(at)).body.sdk).toBe('gradio');
    await expect(fetch(host)).rejects.toThrow();
  });

  it('has buckets as folders while it runs', async () => {
    const server = `
      import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
      import { createServer } from 'node:http';
      const [dir, read] = [process.argv[2], process.env.READ];
      writeFileSync(dir + '/started.txt', 'yes');
      createServer((req, res) => res.end(readdirSync(dir) + ' ' + readFileSync(read + '/b.txt')))
        .listen(process.env.PORT, process.env.HOST);`;
    const files = { Dockerfile: 'FROM node\nCMD ["node","server.mjs","/data"]', 'server.mjs': server };
    await api('/buckets/acme/vol', 'POST', {});
    await uploadFiles({
      hubUrl: hub.url,
      accessToken: TOKENS.admin,
      repo: { type: 'bucket', name: 'acme/vol' },
      files: ['rw/a.txt', 'ro/b.txt'].map((path) => ({ path, content: new Blob([path]) })),
    });
    const mount = (path: string, mountPath: string, readOnly = false) => ({
      type: 'bucket',
      source: 'acme/vol',
      path,
      mountPath,
      readOnly,
    });
    const variables = [{ key: 'READ', value: '/given' }];
    const { host, at } = await space('mounting', files, { variables, volumes: [mount('rw', '/data')] });
    const both = { volumes: [mount('rw', '/data'), mount('ro', '/given', true)] };
    const set = await api(`${at}/volumes`, 'PUT', both);
    expect(set.body.volumes).toEqual(both.volumes);
    expect(await until(async () => (await fetch(host).catch(() => null))?.text())).toBe(
      'a.txt,started.txt ro/b.txt',
    );
    await api(`${at}/pause`, 'POST');
    const read = (path: string) => hub.call(TOKENS.admin, 'GET', `/buckets/acme/vol/resolve/${path}`);
    expect(await (await read('rw/started.txt')).text()).toBe('yes');
    expect((await api(`${at}/volumes`, 'DELETE')).body.volumes).toBeUndefined();
    expect((await api(`${at}/volumes`, 'PUT', { volumes: [] })).status).toBe(400);
    expect((await api(`${at}/volumes`, 'PUT', both, TOKENS.one)).status).toBe(403);
    const theirs = { type: 'space', name: 'x', organization: 'outsider', volumes: both.volumes };
    expect((await api('/repos/create', 'POST', theirs, TOKENS.outsider)).status).toBe(403);
  });

  it('is restarted with growing pauses after a crash', async () => {
    const server = `
      import { existsSync, readFileSync, writeFileSync } from 'node:fs';
      import { createServer } from 'node:http';
      const path = process.env.HOME + '/starts';
      const starts = existsSync(path) ? JSON.parse(readFileSync(path)) : [];
      writeFileSync(path, JSON.stringify([...starts, Date.now()]));
      if (starts.length < 2) process.exit(7);
      createServer((req, res) => res.end(readFileSync(path))).listen(process.env.PORT, process.env.HOST);`;
    const files = { Dockerfile: 'FROM node\nCMD ["node","server.mjs"]', 'server.mjs': server };
    const { host, at } = await space('flaky', files);
    await stage(at, 'RUNNING');
    const [first, second, third] = await (await fetch(host)).json();
    expect(second - first).toBeGreaterThanOrEqual(1000);
    expect(third - second).toBeGreaterThanOrEqual(2000);
    const text = await log(at, 'run', (run) => run.split('Application started').length > 3);
    expect(text.match(/The app ended: exit code 7/g)).toHaveLength(2);
  });
});

describe('hardware and sleep', () => {
  const server = `
    import { createServer } from 'node:http';
    createServer((req, res) => res.end(JSON.stringify([process.pid, process.env.CPU_CORES, process.env.SPACE_HOST])))
      .listen(process.env.PORT, process.env.HOST);`;
  const files = { Dockerfile: 'FROM node\nCMD ["node","server.mjs"]', 'server.mjs': server };

  it('changes hardware, sleeps when nobody comes, wakes for a visitor and pauses for good', async () => {
    const { host, at } = await space('sleepy', files);
    await stage(at, 'RUNNING');
    const free = await api(`${at}/sleeptime`, 'POST', { seconds: 60 });
    expect(free.body.gcTimeout).toBe(172_800);
    const [before] = await (await fetch(host)).json();
    const asked = await api(`${at}/hardware`, 'POST', { flavor: 'cpu-upgrade', sleepTimeSeconds: 1 });
    expect(asked.body.hardware.requested).toBe('cpu-upgrade');
    await until(async () => {
      const { body } = await api(`${at}/runtime`);
      return body.stage === 'SLEEPING';
    });
    const [first, second] = await Promise.all([fetch(host), fetch(host)]);
    const [pid, cores, address] = await first?.json();
    expect(pid).not.toBe(before);
    expect((await second?.json())[0]).toBe(pid);
    expect(cores).toBe('8');
    expect(`http://${address}`).toBe(host);
    const awake = await until(async () => {
      await fetch(host);
      const { body } = await api(`${at}/runtime`);
      return body.stage === 'RUNNING' && body;
    });
    expect(awake).toMatchObject({ gcTimeout: 1, hardware: { current: 'cpu-upgrade' } });
    await stage(at, 'SLEEPING');
    await api(`${at}/pause`, 'POST');
    await expect(fetch(host)).rejects.toThrow();
    await api(`${at}/hardware`, 'POST', { flavor: 'cpu-basic' });
    expect((await api(`${at}/runtime`)).body.stage).toBe('PAUSED');
    const back = await api(`${at}/restart`, 'POST');
    expect(back.body.gcTimeout).toBe(172_800);
    await stage(at, 'RUNNING');
    expect((await (await fetch(host)).json())[1]).toBe('2');
  });

  it('passes large bodies and open streams whole while somebody is there', async () => {
    const echo = `
      import { createServer } from 'node:http';
      createServer((req, res) => {
        if (req.url === '/end') return void setTimeout(() => res.end('late'), 300);
        req.pipe(res);
      }).listen(process.env.PORT, process.env.HOST);`;
    const more = { hardware: 'cpu-upgrade', sleepTimeSeconds: 3 };
    const { host, at } = await space('echo', { ...files, 'server.mjs': echo }, more);
    await stage(at, 'RUNNING');
    const body = randomBytes(8_000_000);
    const late = fetch(`${host}/end`);
    const answer = await fetch(host, { method: 'POST', body });
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    expect(await (await late).text()).toBe('late');
    await stage(at, 'SLEEPING');
  });

  it('refuses hardware that is not known, not paid, or not the caller’s to change', async () => {
    const { at } = await space('strict', files);
    expect((await api(`${at}/hardware`, 'POST', { flavor: 'tpu' })).status).toBe(400);
    expect((await api(`${at}/hardware`, 'POST', { flavor: 'cpu-upgrade' }, TOKENS.one)).status).toBe(403);
    const poor = {
      type: 'space',
      name: 'poor',
      organization: 'poor',
      sdk: 'static',
      hardware: 'cpu-upgrade',
    };
    expect((await api('/repos/create', 'POST', poor)).status).toBe(402);
    const list = (await api('/spaces/hardware')).body;
    const price = (name: string) => list.find((entry: { name: string }) => entry.name === name)?.unitCostUSD;
    expect([price('cpu-basic'), price('h200')]).toEqual([0, undefined]);
    expect(price('t4-small')).toBeCloseTo(0.4 / 60);
  });
});

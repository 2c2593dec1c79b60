import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
beforeAll(async () => {
  hub = await testHub();
});
afterAll(() => hub.remove());

const DOCKERFILE = 'FROM node:22\nENV A=1 B="two words"\nCOPY . .\nCMD ["node", "server.mjs"]\n';
const SERVER = `
import { createServer } from 'node:http';
if (process.env.CRASH) { console.error('bad setting'); process.exit(3); }
console.log('starts', process.env.GREETING);
createServer((req, res) => res.end(JSON.stringify(process.env))).listen(Number(process.env.PORT), process.env.HOST);
`;

function commit(name: string, files: Record<string, string>, token: string = TOKENS.admin) {
  const lines = [
    { key: 'header', value: { summary: 'change' } },
    ...Object.entries(files).map(([path, content]) => ({ key: 'file', value: { path, content } })),
  ];
  return fetch(`${hub.url}/api/spaces/${name}/commit/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
}

const create = (name: string, token: string = TOKENS.admin, organization = 'acme') =>
  hub.call(token, 'POST', '/api/repos/create', { type: 'space', name, organization, sdk: 'docker' });
const json = async (response: Promise<Response>) => (await response).json();
const runtime = (name: string) => json(hub.call(TOKENS.admin, 'GET', `/api/spaces/${name}/runtime`));
const stage = (name: string, wanted: string) =>
  until(async () => {
    const now = await runtime(name);
    return now.stage === wanted && now;
  });

describe('Spaces', () => {
  it('starts a Space with its variables and secrets, restarts it once for many changes, and stops it', async () => {
    await create('app');
    await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/app/secrets', {
      key: 'PASSWORD',
      value: 's3cret',
    });
    for (let i = 0; i < 20; i++)
      await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/app/variables', {
        key: `V${i}`,
        value: String(i),
      });
    await commit('acme/app', { Dockerfile: DOCKERFILE, 'server.mjs': SERVER });
    const { sha } = await stage('acme/app', 'RUNNING');
    const info = await json(hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app'));
    expect(sha).toBe(info.sha);
    const env = await json(fetch(info.host));
    expect(env).toMatchObject({
      A: '1',
      B: 'two words',
      PASSWORD: 's3cret',
      V19: '19',
      SPACE_ID: 'acme/app',
      HF_ENDPOINT: hub.url,
    });
    expect(env.VITEST).toBeUndefined();
    const secrets = await (await hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app/secrets')).text();
    expect(secrets).toContain('PASSWORD');
    expect(secrets).not.toContain('s3cret');
    await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/app/variables', {
      key: 'GREETING',
      value: 'moin',
    });
    await until(async () => (await json(fetch(info.host)).catch(() => ({}))).GREETING === 'moin');
    await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/app/pause');
    await expect(fetch(info.host)).rejects.toThrow();
    expect((await runtime('acme/app')).stage).toBe('PAUSED');
    await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/app/restart');
    await stage('acme/app', 'RUNNING');
    expect((await fetch(info.host)).status).toBe(200);
    const abort = new AbortController();
    const logs = await fetch(`${hub.url}/api/spaces/acme/app/logs/run`, {
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      signal: abort.signal,
    });
    const reader = logs.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    await until(async () => {
      text += (await reader?.read())?.value ?? '';
      return text.includes('starts moin');
    });
    abort.abort();
    expect(text.match(/Application started/g)).toHaveLength(3);
  });

  it('says what is wrong: no Dockerfile, a command it cannot run, a crash with the last lines', async () => {
    await create('bad');
    expect((await runtime('acme/bad')).stage).toBe('NO_APP_FILE');
    await commit('acme/bad', { Dockerfile: 'FROM ubuntu\nCMD ["bash"]\n' });
    expect((await stage('acme/bad', 'BUILD_ERROR')).errorMessage).toContain('CMD');
    await hub.call(TOKENS.admin, 'POST', '/api/spaces/acme/bad/variables', { key: 'CRASH', value: '1' });
    await commit('acme/bad', { Dockerfile: DOCKERFILE, 'server.mjs': SERVER });
    const broken = await stage('acme/bad', 'RUNTIME_ERROR');
    expect(broken.errorMessage).toContain('exit code 3');
    expect(broken.errorMessage).toContain('bad setting');
    const others = await json(hub.call(TOKENS.outsider, 'GET', '/api/spaces/acme/bad/runtime'));
    expect(others.errorMessage).toBe('The app ended (exit code 3).');
    expect((await hub.call(TOKENS.outsider, 'GET', '/api/spaces/acme/bad/logs/run')).status).toBe(403);
    expect((await hub.call(TOKENS.outsider, 'GET', '/api/spaces/acme/bad/variables')).status).toBe(403);
    await hub.call(TOKENS.admin, 'DELETE', '/api/spaces/acme/bad/variables', { key: 'CRASH' });
    await stage('acme/bad', 'RUNNING');
    expect(
      await (
        await hub.call(TOKENS.admin, 'DELETE', '/api/repos/delete', {
          name: 'bad',
          organization: 'acme',
          type: 'space',
        })
      ).json(),
    ).toEqual({ success: true });
  });

  it('answers 409 without touching an existing Space, 402 without a plan, 403 without rights', async () => {
    await create('app');
    const again = await hub.call(TOKENS.admin, 'POST', '/api/repos/create', {
      type: 'space',
      name: 'app',
      organization: 'acme',
      sdk: 'gradio',
    });
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ url: `${hub.url}/spaces/acme/app` });
    expect((await json(hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app'))).sdk).toBe('docker');
    expect((await create('x', TOKENS.admin, 'poor')).status).toBe(402);
    expect((await create('x', TOKENS.reader)).status).toBe(403);
    expect((await commit('acme/app', { a: 'a' }, TOKENS.one)).status).toBe(403);
  });

  it('never runs the Space of a contributor', async () => {
    await create('theirs', TOKENS.one);
    await commit('acme/theirs', { Dockerfile: DOCKERFILE, 'server.mjs': SERVER }, TOKENS.one);
    expect((await stage('acme/theirs', 'CONFIG_ERROR')).errorMessage).toContain('writers');
  });
});

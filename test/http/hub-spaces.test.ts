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
      return (text.match(/starts moin/g) ?? []).length === 2;
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
    // Between two tries it says nothing.
    const told = await until(
      async () => (await json(hub.call(TOKENS.outsider, 'GET', '/api/spaces/acme/bad/runtime'))).errorMessage,
    );
    expect(told).toBe('The app ended (exit code 3).');
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

  it('keeps what git could keep: a name is a file or a folder, and the folder goes before the file comes', async () => {
    await create('tree');
    expect((await commit('acme/tree', { 'a/b/c': '1', 'a.txt': '2' })).status).toBe(200);
    for (const files of [{ 'a/b': '' }, { a: '' }, { 'a.txt/x': '' }, { d: '', 'd/e': '' }] as Record<
      string,
      string
    >[]) {
      const refused = await commit('acme/tree', files);
      expect([refused.status, (await refused.json()).error]).toEqual([
        400,
        expect.stringContaining('a file and a folder'),
      ]);
    }
    const lines = [
      { key: 'deletedFolder', value: { path: 'a' } },
      { key: 'file', value: { path: 'a', content: '3' } },
    ];
    const replaced = await fetch(`${hub.url}/api/spaces/acme/tree/commit/main`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      body: lines.map((line) => JSON.stringify(line)).join('\n'),
    });
    expect(replaced.status).toBe(200);
    const info = await json(hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/tree?blobs=true'));
    const blobId = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(info.siblings).toEqual([
      { rfilename: 'a', size: 1, blobId },
      { rfilename: 'a.txt', size: 1, blobId },
    ]);
  });

  it('lists what was asked for, in pages', async () => {
    for (const name of ['list-b', 'list-a', 'list-c']) await create(name);
    const list = async (query: string) => {
      const answer = await hub.call(TOKENS.admin, 'GET', `/api/spaces?${query}`);
      const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
      return { next, ids: (await answer.json()).map((space: { id: string }) => space.id) };
    };
    const first = await list('search=LIST-&author=acme&filter=docker&limit=2');
    expect(first.ids).toEqual(['acme/list-b', 'acme/list-a']);
    const second = await list(new URL(first.next as string).search.slice(1));
    expect([second.ids, second.next]).toEqual([['acme/list-c'], undefined]);
    expect((await list('search=list-&filter=static')).ids).toEqual([]);
    await commit('acme/list-b', { x: '1' });
    expect((await list('search=list-&sort=lastModified&limit=1')).ids).toEqual(['acme/list-b']);
    const known = (who: string | null, name: string) =>
      hub.call(who, 'GET', `/api/spaces/acme/${name}/auth-check`).then((answer) => answer.status);
    expect([await known(null, 'list-a'), await known(TOKENS.admin, 'none')]).toEqual([200, 404]);
  });

  it('never runs the Space of a contributor', async () => {
    await create('theirs', TOKENS.one);
    await commit('acme/theirs', { Dockerfile: DOCKERFILE, 'server.mjs': SERVER }, TOKENS.one);
    expect((await stage('acme/theirs', 'CONFIG_ERROR')).errorMessage).toContain('writers');
  });
});

import { uploadFile } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;

beforeAll(async () => {
  hub = await testHub();
  const make = (token: string, name: string, isPrivate: boolean) =>
    hub.call(token, 'POST', `/api/buckets/acme/${name}`, { private: isPrivate });
  await make(TOKENS.admin, 'open', false);
  await make(TOKENS.admin, 'closed', true);
  await make(TOKENS.admin, 'only', true);
  await make(TOKENS.one, 'of-one', false);
  await hub.call(TOKENS.outsider, 'POST', '/api/buckets/outsider/mine', { private: true });
  for (const name of ['acme/open', 'acme/closed', 'acme/of-one', 'acme/only'])
    await uploadFile({
      hubUrl: hub.url,
      accessToken: TOKENS.writer,
      repo: { type: 'bucket', name },
      file: { path: 'a.txt', content: new Blob(['a']) },
    }).catch(() => undefined);
  await hub.call(TOKENS.admin, 'POST', '/api/repos/create', {
    type: 'space',
    name: 'app',
    organization: 'acme',
    sdk: 'docker',
  });
});
afterAll(() => hub.remove());

type Who = keyof typeof TOKENS | 'nobody' | 'stranger';
const token = (who: Who) => (who === 'nobody' ? null : who === 'stranger' ? 'hf_unknown' : TOKENS[who]);

const batch = (name: string, who: Who) =>
  fetch(`${hub.url}/api/buckets/${name}/batch`, {
    method: 'POST',
    headers: {
      ...(token(who) && { authorization: `Bearer ${token(who)}` }),
      'content-type': 'application/x-ndjson',
    },
    body: JSON.stringify({ type: 'addFile', path: 'new.txt', xetHash: '0'.repeat(64) }),
  });

const get = (path: string) => (who: Who) => hub.call(token(who), 'GET', path);
const OPERATIONS: Record<string, (who: Who) => Promise<Response>> = {
  'info of a public bucket': get('/api/buckets/acme/open'),
  'info of a private bucket': get('/api/buckets/acme/closed'),
  'tree of a private bucket': get('/api/buckets/acme/closed/tree'),
  'read of a private file': get('/buckets/acme/closed/resolve/a.txt'),
  'read token of a private bucket': get('/api/buckets/acme/closed/xet-read-token'),
  'write token of a public bucket': get('/api/buckets/acme/open/xet-write-token'),
  'write to a public bucket': (who) => batch('acme/open', who),
  'write to a bucket of participant-1': (who) => batch('acme/of-one', who),
  'write to the bucket of the scope': (who) => batch('acme/only', who),
  'info of a personal private bucket': get('/api/buckets/outsider/mine'),
  'create in the organization': (who) => hub.call(token(who), 'POST', `/api/buckets/acme/new-${who}`, {}),
  'delete a bucket': (who) => hub.call(token(who), 'DELETE', '/api/buckets/acme/closed'),
  'settings of a bucket': (who) => hub.call(token(who), 'PUT', '/api/buckets/acme/open/settings', {}),
  'members of the organization': get('/api/organizations/acme/members'),
  'set a Space secret': (who) =>
    hub.call(token(who), 'POST', '/api/spaces/acme/app/secrets', { key: 'A', value: 'b' }),
  'list jobs': get('/api/jobs/acme'),
};

/** Status per operation, for: admin writer one two reader outsider readOnly fine nobody stranger. */
const WHO: Who[] = [
  'admin',
  'writer',
  'one',
  'two',
  'reader',
  'outsider',
  'readOnly',
  'fine',
  'nobody',
  'stranger',
];
const TABLE: [keyof typeof OPERATIONS, number[]][] = [
  ['info of a public bucket', [200, 200, 200, 200, 200, 200, 200, 200, 200, 401]],
  ['info of a private bucket', [200, 200, 200, 200, 200, 404, 200, 200, 401, 401]],
  ['tree of a private bucket', [200, 200, 200, 200, 200, 404, 200, 200, 401, 401]],
  ['read of a private file', [200, 200, 200, 200, 200, 404, 200, 200, 401, 401]],
  ['read token of a private bucket', [200, 200, 200, 200, 200, 404, 200, 200, 401, 401]],
  ['write token of a public bucket', [200, 200, 403, 403, 403, 403, 403, 403, 401, 401]],
  ['write to a public bucket', [200, 200, 403, 403, 403, 403, 403, 403, 401, 401]],
  ['write to a bucket of participant-1', [200, 200, 200, 403, 403, 403, 403, 403, 401, 401]],
  ['write to the bucket of the scope', [200, 200, 403, 403, 403, 404, 403, 200, 401, 401]],
  ['info of a personal private bucket', [404, 404, 404, 404, 404, 200, 404, 404, 401, 401]],
  ['create in the organization', [200, 200, 200, 200, 403, 403, 403, 403, 401, 401]],
  ['settings of a bucket', [200, 200, 403, 403, 403, 403, 403, 403, 401, 401]],
  ['members of the organization', [200, 200, 200, 200, 200, 403, 200, 200, 401, 401]],
  ['set a Space secret', [200, 200, 403, 403, 403, 403, 403, 403, 401, 401]],
  ['list jobs', [200, 200, 404, 404, 404, 404, 200, 200, 401, 401]],
  ['delete a bucket', [200, 404, 404, 404, 404, 404, 404, 404, 401, 401]],
];

describe('rights', () => {
  for (const [operation, expected] of TABLE)
    it(operation, async () => {
      const statuses: number[] = [];
      for (const who of WHO)
        statuses.push((await (OPERATIONS[operation]?.(who) as Promise<Response>)).status);
      expect(Object.fromEntries(WHO.map((who, i) => [who, statuses[i]]))).toEqual(
        Object.fromEntries(WHO.map((who, i) => [who, expected[i]])),
      );
    });

  it('a copy needs the right to read its source', async () => {
    const secret = await (await hub.call(TOKENS.outsider, 'GET', '/api/buckets/outsider/mine')).json();
    expect(secret.id).toBe('outsider/mine');
    await uploadFile({
      hubUrl: hub.url,
      accessToken: TOKENS.outsider,
      repo: { type: 'bucket', name: 'outsider/mine' },
      file: { path: 's.txt', content: new Blob(['secret']) },
    });
    const [file] = await (await hub.call(TOKENS.outsider, 'GET', '/api/buckets/outsider/mine/tree')).json();
    const copy = (from: string) =>
      fetch(`${hub.url}/api/buckets/acme/of-one/batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKENS.one}` },
        body: JSON.stringify({
          type: 'copyFile',
          path: 'stolen.txt',
          xetHash: file.xetHash,
          sourceRepoType: 'bucket',
          sourceRepoId: from,
        }),
      });
    expect((await copy('outsider/mine')).status).toBe(422);
    expect((await copy('acme/of-one')).status).toBe(422);
    expect((await hub.call(TOKENS.one, 'GET', '/buckets/acme/of-one/resolve/stolen.txt')).status).toBe(404);
  });

  it('a slow batch does not bring back a bucket or a setting of before', async () => {
    await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/slow', {});
    let finish = () => {};
    const body = new ReadableStream({
      start(controller) {
        finish = () => {
          const line = { type: 'addFile', path: 'late.txt', xetHash: '0'.repeat(64) };
          controller.enqueue(new TextEncoder().encode(JSON.stringify(line)));
          controller.close();
        };
        controller.enqueue(new TextEncoder().encode('\n'));
      },
    });
    const batchUnderWay = fetch(`${hub.url}/api/buckets/acme/slow/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKENS.admin}` },
      body,
      duplex: 'half',
    } as RequestInit);
    await hub.call(TOKENS.admin, 'PUT', '/api/buckets/acme/slow/settings', { private: true });
    finish();
    expect((await batchUnderWay).status).toBe(200);
    const info = await (await hub.call(TOKENS.admin, 'GET', '/api/buckets/acme/slow')).json();
    expect(info).toMatchObject({ private: true, totalFiles: 1 });
  });

  it('errors carry code, message and request id; answers carry the rate limit', async () => {
    const answer = await hub.call(TOKENS.outsider, 'GET', '/api/buckets/acme/only');
    expect(answer.headers.get('x-error-code')).toBe('RepoNotFound');
    expect(answer.headers.get('x-error-message')).toBe((await answer.json()).error);
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const again = await hub.call(TOKENS.outsider, 'GET', '/api/buckets/acme/only');
    // Not enforced, so never used up: a server that spares calls would stop listing.
    for (const { headers } of [answer, again])
      expect(headers.get('ratelimit')).toMatch(/^"api";r=1000;t=\d+$/);
    expect(answer.headers.get('ratelimit-policy')).toBe('"fixed window";"api";q=1000;w=300');
  });
});

describe('--enforce-limits', () => {
  it('answers 429 with Retry-After over the quota, and again after the window', async () => {
    let now = Date.parse('2026-01-01T00:00:10Z');
    const limited = await testHub({ enforceLimits: true, now: () => now });
    try {
      const statuses = new Set<number>();
      for (let i = 0; i < 1000; i++)
        statuses.add((await limited.call(TOKENS.outsider, 'GET', '/api/whoami-v2')).status);
      expect([...statuses]).toEqual([200]);
      const other = await limited.call(TOKENS.one, 'GET', '/api/whoami-v2');
      expect(other.headers.get('ratelimit')).toBe('"api";r=2999;t=290');
      const refused = await limited.call(TOKENS.outsider, 'GET', '/api/whoami-v2');
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('290');
      expect((await limited.call(TOKENS.admin, 'GET', '/api/whoami-v2')).status).toBe(200);
      now += 300_000;
      expect((await limited.call(TOKENS.outsider, 'GET', '/api/whoami-v2')).status).toBe(200);
    } finally {
      await limited.remove();
    }
  });
});

describe('what is absent', () => {
  it.each([
    ['GET', '/api/scheduled-jobs/acme', 501, 'scheduled jobs'],
    ['GET', '/api/jobs/acme/x/metrics', 501, 'metrics'],
    ['GET', '/api/collections?owner=acme', 501, 'collections'],
    ['POST', '/api/settings/webhooks', 501, 'webhooks'],
    ['GET', '/api/spaces/acme/app/events', 501, 'events'],
    ['GET', '/api/models/acme/x', 404, 'Spaces and buckets only'],
    ['GET', '/api/datasets/acme/x/tree/main', 404, 'Spaces and buckets only'],
    ['GET', '/api/anything', 501, 'no GET /api/anything'],
    ['PUT', '/api/whoami-v2', 501, 'no PUT /api/whoami-v2'],
    ['GET', '/api/agent-harnesses', 404, 'Not Found'],
    ['GET', '/api/models', 501, 'models'],
    ['GET', '/api/models/gpt2', 404, 'Spaces and buckets only'],
    ['HEAD', '/acme/model/resolve/main/config.json', 404, 'RepoNotFound'],
    ['HEAD', '/datasets/acme/x/resolve/main/x.csv', 404, 'RepoNotFound'],
    ['GET', '/api/settings/repositories', 501, 'list of repositories'],
    ['GET', '/api/spaces/zero-gpu/quota', 501, 'ZeroGPU'],
    ['GET', '/api/spaces/semantic-search?q=x', 501, 'semantic search'],
    ['POST', '/api/spaces/acme/app/branch/dev', 501, 'branches'],
    ['GET', '/api/spaces/acme/app/refs', 501, 'branches and tags'],
    ['GET', '/api/spaces/acme/app/commits/main', 501, 'history'],
    ['POST', '/api/spaces/acme/app/duplicate', 501, 'copies'],
    ['GET', '/api/spaces/acme/app/discussions', 501, 'pull requests'],
    ['POST', '/oauth/device', 501, 'device code'],
    ['GET', '/spaces/acme/app/info/refs?service=git-upload-pack', 501, 'no git'],
    ['GET', '/spaces/acme/app.git/info/refs?service=git-receive-pack', 501, 'no git'],
    ['POST', '/api/spaces/acme/app/commit/main?create_pr=1', 501, 'pull requests'],
    ['POST', '/api/spaces/acme/app/commit/main?hot_reload=1', 501, 'hot reloading'],
    ['GET', '/api/spaces/acme/app/revision/v1', 404, 'Invalid rev id'],
  ])('%s %s says so', async (method, path, status, words) => {
    const answer = await hub.call(TOKENS.admin, method, path);
    expect(answer.status).toBe(status);
    const said = method === 'HEAD' ? answer.headers.get('x-error-code') : (await answer.json()).error;
    expect(said).toContain(words);
  });

  const spec = { dockerImage: 'python:3.12', command: ['true'], flavor: 'cpu-basic' };
  const volume = (source: string, type = 'bucket') => ({ volumes: [{ type, source, mountPath: '/data' }] });
  it.each([
    ['/api/jobs/acme', { ...spec, expose: { ports: [8000] } }, 501, 'no exposed ports of jobs'],
    ['/api/jobs/acme', { ...spec, ssh: { enabled: true } }, 501, 'no SSH into jobs'],
    ['/api/jobs/acme', { ...spec, resourceGroupId: 'g' }, 501, 'no resource groups'],
    ['/api/jobs/acme', { ...spec, dockerImage: undefined, spaceId: 'acme/app' }, 501, 'image of a Space'],
    ['/api/jobs/acme', { ...spec, ...volume('acme/x', 'dataset') }, 501, 'no volumes other than buckets'],
    ['/api/jobs/acme', { ...spec, ...volume('acme/none') }, 404, 'Bucket acme/none was not found'],
    ['/api/jobs/acme', { ...spec, environment: { a: '1' } }, 400, 'environment.a: a name is a letter'],
    ['/api/jobs/acme', { ...spec, labels: { 'a b': '1' } }, 400, 'labels.a b: a label has letters'],
    ['/api/repos/create', { name: 'acme/m', type: 'model' }, 501, 'no repositories of type model'],
    ['/api/repos/create', { name: 'acme/s', type: 'space', template: 't' }, 501, 'no templates of Spaces'],
    ['/api/repos/create', { name: 'acme/s', type: 'space', devModeEnabled: true }, 501, 'no dev mode'],
    [
      '/api/repos/create',
      { name: 'poor/s', type: 'space', visibility: 'protected' },
      402,
      'A protected Space',
    ],
    ['/api/spaces/acme/app/commit/main', { key: 'lfsFile', value: { path: 'x' } }, 501, 'large-file storage'],
    ['/api/buckets/acme/grouped', { resourceGroupId: 'g' }, 501, 'no resource groups'],
  ])('%s %j says so', async (path, body, status, words) => {
    const answer = await hub.call(TOKENS.admin, 'POST', path, body);
    expect([answer.status, (await answer.json()).error]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe('members', () => {
  it('are searched by e-mail and read in pages', async () => {
    const found = await (
      await hub.call(TOKENS.writer, 'GET', '/api/organizations/acme/members?email=ONE@example.org&limit=1')
    ).json();
    expect(found).toMatchObject([{ user: 'participant-1', role: 'contributor' }]);
    const names: string[] = [];
    let next: string | undefined = `${hub.url}/api/organizations/acme/members?limit=2`;
    while (next) {
      const page: Response = await fetch(next, { headers: { authorization: `Bearer ${TOKENS.writer}` } });
      names.push(...(await page.json()).map((member: { user: string }) => member.user));
      next = /<(https?:\/\/[^>]+)>;\s+rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(names.sort()).toEqual(['collab-server', 'organizer', 'participant-1', 'participant-2', 'reader']);
  });

  it('get another role from an admin with a token that may, where the plan allows it', async () => {
    const change = async (who: string, role: string, org = 'acme', user = 'participant-2') =>
      (await hub.call(who, 'PUT', `/api/organizations/${org}/members/${user}/role`, { role })).status;
    const create = async (name: string) =>
      (await hub.call(TOKENS.two, 'POST', `/api/buckets/acme/${name}`, {})).status;
    const refused: [string, number][] = [
      [TOKENS.writer, 403],
      [TOKENS.one, 403],
      [TOKENS.outsider, 403],
      [TOKENS.readOnly, 403],
      [TOKENS.fine, 403],
    ];
    for (const [who, status] of refused) expect(await change(who, 'admin')).toBe(status);
    expect(await change(TOKENS.admin, 'owner')).toBe(400);
    expect(await change(TOKENS.admin, 'read', 'acme', 'nobody')).toBe(404);
    expect(await change(TOKENS.admin, 'read', 'none')).toBe(404);
    expect(await change(TOKENS.admin, 'read', 'poor', 'organizer')).toBe(402);
    expect(await create('of-two')).toBe(200);
    expect(await change(TOKENS.admin, 'read')).toBe(200);
    expect(await create('of-two-more')).toBe(403);
    expect(await change(TOKENS.admin, 'contributor')).toBe(200);
    expect(await create('of-two-more')).toBe(200);
  });
});

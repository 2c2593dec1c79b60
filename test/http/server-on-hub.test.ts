/** The server over a real socket, on the embedded hub, with the real Hub client: take part, log in, restart. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Client, client } from '@collab/contract/client.ts';
import { register } from '@collab/contract/routes/agents.ts';
import { inbox, listMessages, postMessage } from '@collab/contract/routes/messages.ts';
import { createHubClient } from '@collab/hub/index.ts';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp, type Server } from '../../templates/backend/app.ts';
import { createLog } from '../../templates/backend/log.ts';
import { parseSettings } from '../../templates/backend/settings.ts';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

const CARD =
  '---\ntitle: A\nsdk: docker\nhf_oauth: true\nhf_oauth_scopes: [email]\nhf_oauth_authorized_org: acme\n---\n';
const SPACE =
  "import { createServer } from 'node:http'; createServer((q, r) => r.end(JSON.stringify(process.env))).listen(process.env.PORT);";

let hub: Awaited<ReturnType<typeof testHub>>;
let env: Record<string, string>;
const running: Running[] = [];
const logs: string[] = [];

interface Running {
  server: Server;
  url: string;
  stop(): Promise<void>;
}

/** What `main.ts` does, on a free port. */
async function boot(): Promise<Running> {
  const settings = parseSettings(env);
  const server = createApp({
    settings,
    hub: createHubClient({ endpoint: settings.HF_ENDPOINT, token: settings.HF_TOKEN }),
    now: Date.now,
    random: (n) => randomBytes(n),
    sleep: (ms, signal) => wait(ms, undefined, { signal }).catch(() => {}),
    log: createLog((line) => logs.push(line), Date.now),
    strict: true,
  });
  const listener = serve({ fetch: server.app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((done) => listener.once('listening', done));
  const done = server.run();
  await server.services.store.ready();
  const out: Running = {
    server,
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async stop() {
      listener.close();
      await server.stop();
      await done;
    },
  };
  running.push(out);
  return out;
}

beforeAll(async () => {
  hub = await testHub();
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/acme/quest-main-bucket', { private: true });
  await hub.call(TOKENS.admin, 'POST', '/api/buckets/organizer/quest-private', { private: true });
  await hub.call(TOKENS.admin, 'POST', '/api/repos/create', {
    type: 'space',
    name: 'app',
    organization: 'acme',
    sdk: 'docker',
  });
  const files = { 'README.md': CARD, Dockerfile: 'CMD ["node","server.mjs"]', 'server.mjs': SPACE };
  await fetch(`${hub.url}/api/spaces/acme/app/commit/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKENS.admin}` },
    body: Object.entries(files)
      .map(([path, content]) => JSON.stringify({ key: 'file', value: { path, content } }))
      .join('\n'),
  });
  const { host } = await (await hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app')).json();
  const space = await until(async () => (await fetch(host).catch(() => null))?.json());
  env = {
    HF_ENDPOINT: hub.url,
    HF_TOKEN: TOKENS.admin,
    ORG: 'acme',
    COLLAB_SLUG: 'quest',
    AUDIT_BUCKET: 'organizer/quest-private',
    TRUSTED_PROXY_HOPS: '0',
    OAUTH_CLIENT_ID: space.OAUTH_CLIENT_ID,
    OAUTH_CLIENT_SECRET: space.OAUTH_CLIENT_SECRET,
    SPACE_HOST: new URL(host).host,
  };
});
afterAll(async () => {
  for (const one of running) await one.stop();
  await hub.remove();
});

const as = (url: string, credential: string): Client => client(url, { credential: () => credential });

/** A browser's way through the login; gives the session cookie. */
async function logIn(
  url: string,
  user: string,
  next = '/board',
  meanwhile: () => Promise<void> = async () => {},
): Promise<{ cookie: string; location: string }> {
  const start = await fetch(`${url}/login?next=${encodeURIComponent(next)}`, { redirect: 'manual' });
  await meanwhile();
  const authorize = new URL(start.headers.get('location') as string);
  const form = new URLSearchParams(authorize.search);
  form.set('user', user);
  const granted = await fetch(`${hub.url}/oauth/authorize`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  const back = new URL(granted.headers.get('location') as string);
  // The Hub sends the browser to the Space's own address; here the server listens elsewhere.
  const done = await fetch(`${url}${back.pathname}${back.search}`, {
    redirect: 'manual',
    headers: { cookie: (start.headers.get('set-cookie') as string).split(';')[0] as string },
  });
  const cookie =
    done.headers
      .getSetCookie()
      .find((c) => c.startsWith('collab_session='))
      ?.split(';')[0] ?? '';
  return { cookie, location: done.headers.get('location') as string };
}

describe('on the embedded hub', () => {
  it('an agent joins, posts and reads; a second server has the same record', async () => {
    const first = await boot();
    const me = await as(first.url, TOKENS.one)(register, {
      body: { agent_id: 'alpha', model: 'm', harness: 'h', provision: true },
    });
    expect(me).toMatchObject({ agent_bucket: 'acme/quest-alpha', hf_user: 'participant-1' });
    const agent = as(first.url, me.agent_key);
    const posted = await agent(postMessage, {
      body: { agent_id: 'alpha', body: 'hello @human-participant-2' },
    });
    expect(posted.mentions_delivered).toEqual(['human-participant-2']);
    await expect(
      as(first.url, TOKENS.two)(postMessage, { body: { agent_id: 'alpha', body: 'x' } }),
    ).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' });
    const copy = await hub.call(
      TOKENS.two,
      'GET',
      `/buckets/acme/quest-main-bucket/resolve/inbox/human-participant-2/${posted.filename}`,
    );
    expect(await copy.text()).toContain('hello @human-participant-2');

    const second = await boot();
    const page = await as(second.url, me.agent_key)(listMessages, { query: { expand: true } });
    expect(page.items).toEqual([
      expect.objectContaining({ filename: posted.filename, body: 'hello @human-participant-2' }),
    ]);
    const box = await as(second.url, me.agent_key)(inbox, { params: { handle: 'human-participant-2' } });
    expect(box.items).toEqual([posted.filename]);
    await expect(agent(postMessage, { body: { agent_id: 'alpha', body: 'y' } })).rejects.toMatchObject({
      code: 'NOT_WRITER',
    });
    expect(
      (await as(second.url, me.agent_key)(postMessage, { body: { agent_id: 'alpha', body: 'y' } })).via,
    ).toBe('raw');
  });

  it('S11 S13 S29: a person logs in, posts from the page only, and logs out', async () => {
    const { url } = await boot();
    const { cookie, location } = await logIn(url, 'participant-2');
    expect(location).toBe('/board');
    expect(cookie.length).toBeLessThan(80);
    expect(Buffer.from(cookie.split('=')[1] as string, 'base64url').toString('latin1')).not.toContain('hf_');
    const session = (path: string, init: RequestInit = {}) =>
      fetch(url + path, { ...init, headers: { cookie, ...init.headers } });
    expect(await (await session('/v1/me')).json()).toMatchObject({
      hf_user: 'participant-2',
      is_organizer: false,
    });
    const post = {
      method: 'POST',
      body: JSON.stringify({ agent_id: 'human-participant-2', body: 'hi all' }),
    };
    const type = { 'content-type': 'application/json' };
    const foreign = await session('/v1/messages', {
      ...post,
      headers: { ...type, origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(401);
    const cross = await session('/v1/messages', {
      ...post,
      headers: { ...type, origin: url, 'sec-fetch-site': 'cross-site' },
    });
    expect(cross.status).toBe(401);
    const own = await session('/v1/messages', { ...post, headers: { ...type, origin: url } });
    expect((await own.json()).via).toBe('dashboard');
    const shout = await session('/v1/messages', {
      method: 'POST',
      headers: { ...type, origin: url },
      body: JSON.stringify({ agent_id: 'human-participant-2', body: 'x', broadcast: true }),
    });
    expect(shout.status).toBe(403);
    expect((await session('/logout', { method: 'POST', headers: { origin: url } })).status).toBe(204);
    expect((await session('/v1/me')).status).toBe(401);
  });

  it('S21 S22: a login ends on this site, at the address the Hub knows', async () => {
    const { url } = await boot();
    for (const next of [
      '//evil.example/x',
      '/\\evil.example',
      'https://evil.example',
      '/%09/evil.example',
      '/\t/evil.example',
      '/..//evil.example',
      '/a/%2e%2e//evil.example',
    ]) {
      const { location } = await logIn(url, 'participant-1', next);
      expect([next, new URL(location, 'http://here.invalid').host]).toEqual([next, 'here.invalid']);
    }
    const start = await fetch(`${url}/login`, {
      redirect: 'manual',
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    const target = new URL(start.headers.get('location') as string).searchParams.get('redirect_uri');
    expect(target).toBe(`http://${env.SPACE_HOST}/auth/callback`);
  });

  it('a stolen or repeated callback opens nothing', async () => {
    const { url } = await boot();
    const answer = await fetch(`${url}/auth/callback?state=x&code=y`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/?login_error=bad_state');
    const start = await fetch(`${url}/login`, { redirect: 'manual' });
    const state = new URL(start.headers.get('location') as string).searchParams.get('state');
    const fixed = await fetch(`${url}/auth/callback?state=${state}&code=y`, { redirect: 'manual' });
    expect(fixed.headers.get('location')).toBe('/?login_error=bad_state');
  });

  it('a thousand strangers at the login do not crowd anybody out, and a forged attempt is none', async () => {
    const { url } = await boot();
    const { location } = await logIn(url, 'participant-1', '/board', async () => {
      for (let n = 0; n < 1001; n++) await fetch(`${url}/login`, { redirect: 'manual' });
    });
    expect(location).toBe('/board');
    const attempt = { state: 's', verifier: 'v', next: '/', redirectUri: url, until: Date.now() + 60_000 };
    const text = Buffer.from(JSON.stringify(attempt)).toString('base64url');
    for (const cookie of [text, `${text}.AAAA`, `${text}.${Buffer.alloc(32).toString('base64')}`, '%']) {
      const headers = { cookie: `collab_login=${cookie}` };
      const forged = await fetch(`${url}/auth/callback?state=s&code=y`, { redirect: 'manual', headers });
      expect(forged.headers.get('location')).toBe('/?login_error=bad_state');
    }
  });

  it('a login that is begun does not let anybody try codes at the Hub without end', async () => {
    const { url } = await boot();
    const asked = vi.spyOn(globalThis, 'fetch');
    const start = await fetch(`${url}/login`, { redirect: 'manual' });
    const state = new URL(start.headers.get('location') as string).searchParams.get('state');
    const cookie = (start.headers.get('set-cookie') as string).split(';')[0] as string;
    const tries = Array.from({ length: 40 }, (_, n) =>
      fetch(`${url}/auth/callback?state=${state}&code=x${n}`, { redirect: 'manual', headers: { cookie } }),
    );
    for (const { headers } of await Promise.all(tries))
      expect(headers.get('location')).toBe('/?login_error=token_exchange');
    const exchanges = asked.mock.calls.filter(([to]) => String(to).endsWith('/oauth/token'));
    asked.mockRestore();
    expect(exchanges).toHaveLength(30);
  });

  it('B10: no log line holds a token or key', () => {
    expect(logs.length).toBeGreaterThan(5);
    for (const line of logs)
      for (const secret of [...Object.values(TOKENS), 'ccak_', 'hf_oauth_'])
        expect(line).not.toContain(secret);
  });
});

import { createHash, createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { oauthHandleRedirect, whoAmI } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, testHub, until } from '../helpers/hub.ts';

let hub: Awaited<ReturnType<typeof testHub>>;
let app: { host: string; clientId: string; secret: string; redirect: string };

const CARD =
  '---\ntitle: A\nsdk: docker\nhf_oauth: true\nhf_oauth_scopes: [email, read-memberships]\nhf_oauth_authorized_org: acme\n---\n';
const SERVER =
  "import { createServer } from 'node:http'; createServer((q, r) => r.end(JSON.stringify(process.env))).listen(process.env.PORT);";

beforeAll(async () => {
  hub = await testHub();
  const body = { type: 'space', name: 'app', organization: 'acme', sdk: 'docker' };
  await hub.call(TOKENS.admin, 'POST', '/api/repos/create', body);
  const files = { 'README.md': CARD, Dockerfile: 'CMD ["node","server.mjs"]', 'server.mjs': SERVER };
  const lines = Object.entries(files).map(([path, content]) => ({ key: 'file', value: { path, content } }));
  await fetch(`${hub.url}/api/spaces/acme/app/commit/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKENS.admin}` },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  const { host } = await (await hub.call(TOKENS.admin, 'GET', '/api/spaces/acme/app')).json();
  const env = await until(async () => (await fetch(host).catch(() => null))?.json());
  expect(env).toMatchObject({
    OPENID_PROVIDER_URL: hub.url,
    OAUTH_SCOPES: 'openid profile email read-memberships',
  });
  app = {
    host,
    clientId: env.OAUTH_CLIENT_ID,
    secret: env.OAUTH_CLIENT_SECRET,
    redirect: `${host}/callback`,
  };
});
afterAll(() => hub.remove());

const SCOPE = 'openid profile email read-memberships';

function form(values: Record<string, string>, path: string, headers: Record<string, string> = {}) {
  return fetch(`${hub.url}${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(values),
    redirect: 'manual',
  });
}

async function code(user: string, more: Record<string, string> = {}) {
  const values = {
    client_id: app.clientId,
    redirect_uri: app.redirect,
    response_type: 'code',
    scope: SCOPE,
    state: 's',
  };
  const answer = await form({ ...values, user, ...more }, '/oauth/authorize');
  expect(answer.status).toBe(303);
  const target = new URL(answer.headers.get('location') ?? '');
  expect(target.searchParams.get('state')).toBe(more.state ?? 's');
  return target.searchParams.get('code') ?? '';
}

const exchange = (values: Record<string, string>, basic = true) =>
  form(
    { grant_type: 'authorization_code', redirect_uri: app.redirect, ...values },
    '/oauth/token',
    basic
      ? { authorization: `Basic ${Buffer.from(`${app.clientId}:${app.secret}`).toString('base64')}` }
      : {},
  );

describe('OAuth', () => {
  it('logs a local user in for a confidential client', async () => {
    const configuration = await (await fetch(`${hub.url}/.well-known/openid-configuration`)).json();
    expect(configuration.token_endpoint).toBe(`${hub.url}/oauth/token`);
    const query = new URLSearchParams({
      client_id: app.clientId,
      redirect_uri: app.redirect,
      response_type: 'code',
      scope: SCOPE,
      state: '"><script>alert(1)</script>',
    });
    const page = await (await fetch(`${configuration.authorization_endpoint}?${query}`)).text();
    expect(page).toContain('participant-1');
    expect(page).not.toContain('outsider');
    expect(page).not.toContain('<script>');
    const token = await (await exchange({ code: await code('participant-1') })).json();
    expect(token).toMatchObject({ token_type: 'bearer', scope: SCOPE, expires_in: 28_800 });
    const [head, claims, signature] = token.id_token.split('.');
    expect(signature).toBe(createHmac('sha256', app.secret).update(`${head}.${claims}`).digest('base64url'));
    const me = await (
      await fetch(configuration.userinfo_endpoint, {
        headers: { authorization: `Bearer ${token.access_token}` },
      })
    ).json();
    expect(me).toMatchObject({ preferred_username: 'participant-1', email: 'one@example.org' });
    expect(me.orgs).toEqual([
      expect.objectContaining({ preferred_username: 'acme', roleInOrg: 'contributor' }),
    ]);
    expect((await whoAmI({ hubUrl: hub.url, accessToken: token.access_token })).name).toBe('participant-1');
    expect((await hub.call(token.access_token, 'POST', '/api/buckets/acme/by-oauth', {})).status).toBe(403);
  });

  it('speaks PKCE with the real JavaScript client', async () => {
    const codeVerifier = 'v'.repeat(64);
    const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
    const state = JSON.stringify({ nonce: 'n', redirectUri: app.redirect });
    const redirected = new URL(app.redirect);
    redirected.searchParams.set('code', await code('organizer', { code_challenge: challenge, state }));
    redirected.searchParams.set('state', state);
    const result = await oauthHandleRedirect({
      redirectedUrl: redirected.href,
      nonce: 'n',
      codeVerifier,
      hubUrl: hub.url,
    });
    expect(result).toMatchObject({ userInfo: { preferred_username: 'organizer' } });
  });

  it('refuses what is not right', async () => {
    expect((await exchange({ code: 'made-up' })).status).toBe(400);
    const once = await code('organizer');
    expect((await exchange({ code: once })).status).toBe(200);
    expect(await (await exchange({ code: once })).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await exchange({ code: await code('organizer'), client_id: app.clientId }, false)).status).toBe(
      401,
    );
    const challenged = await code('organizer', { code_challenge: 'x'.repeat(43) });
    expect((await exchange({ code: challenged, code_verifier: 'wrong' })).status).toBe(400);
    const values = {
      client_id: app.clientId,
      redirect_uri: app.redirect,
      response_type: 'code',
      scope: SCOPE,
    };
    const status = async (more: Record<string, string>) =>
      (await form({ ...values, user: 'organizer', ...more }, '/oauth/authorize')).status;
    expect(await status({ redirect_uri: 'http://evil.example/callback' })).toBe(400);
    expect(await status({ redirect_uri: 'javascript:alert(1)' })).toBe(400);
    expect(await status({ client_id: 'unknown' })).toBe(400);
    expect(await status({ scope: 'openid manage-repos' })).toBe(400);
    expect(await status({ user: 'outsider' })).toBe(403);
  });

  it('answers to loopback names only', async () => {
    const { port } = new URL(hub.url);
    const status = await new Promise((resolve) =>
      httpRequest(
        { port, host: '127.0.0.1', path: '/oauth/authorize', headers: { host: 'evil.example' } },
        (answer) => resolve(answer.statusCode),
      ).end(),
    );
    expect(status).toBe(403);
  });
});

describe('OAuth with login by token', () => {
  it('takes the token of a user and nothing else', async () => {
    const other = await testHub({ login: 'token' });
    try {
      await other.call(TOKENS.admin, 'POST', '/api/repos/create', {
        type: 'space',
        name: 'app',
        organization: 'acme',
        sdk: 'static',
      });
      await fetch(`${other.url}/api/spaces/acme/app/commit/main`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKENS.admin}` },
        body: JSON.stringify({ key: 'file', value: { path: 'README.md', content: CARD } }),
      });
      const journal = await readFile(`${other.dir}/journal.ndjson`, 'utf8');
      const clientId = /"clientId":"(\w+)"/.exec(journal)?.[1] ?? '';
      const { host } = await (await other.call(TOKENS.admin, 'GET', '/api/spaces/acme/app')).json();
      const login = (values: Record<string, string>) =>
        fetch(`${other.url}/oauth/authorize`, {
          method: 'POST',
          redirect: 'manual',
          body: new URLSearchParams({
            client_id: clientId,
            redirect_uri: `${host}/`,
            response_type: 'code',
            ...values,
          }),
        });
      expect((await login({ user: 'organizer' })).status).toBe(403);
      expect((await login({ token: 'hf_wrong' })).status).toBe(403);
      expect((await login({ token: TOKENS.one })).status).toBe(303);
    } finally {
      await other.remove();
    }
  });
});

/** A login of a tab, given on to the frame that opened it. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../helpers/server.ts';

const SECRET = 's'.repeat(43);
const HASH = createHash('sha256').update(SECRET).digest('base64url');
const OWN = { 'sec-fetch-site': 'same-origin' };
let server: TestServer;
let cookie: string;
beforeEach(async () => {
  server = await startTestServer({
    env: { OAUTH_CLIENT_ID: 'x', OAUTH_CLIENT_SECRET: 'y', SPACE_HOST: 'the.hf.space' },
  });
  const until = server.clock.now() + 3_600_000;
  const value = server.services.sessions.open({ token: 'hf_useroneuseroneuserone', user: 'user-one', until });
  cookie = `collab_session=${value}`;
});
afterEach(() => server.close());

const handOver = (headers: Record<string, string> = {}) =>
  server.call('POST', '/login/handover', { headers: { ...OWN, cookie, 'x-collab-claim': HASH, ...headers } });
const claim = (headers: Record<string, string> = {}) =>
  server.call('POST', '/login/claim', { headers: { ...OWN, 'x-collab-claim': SECRET, ...headers } });

it('gives a session of its own, once, in a cookie kept to the embedding site', async () => {
  expect((await claim()).status).toBe(404);
  expect((await handOver()).status).toBe(204);
  const given = await claim();
  const set = given.headers.get('set-cookie') ?? '';
  expect([given.status, given.text]).toEqual([204, '']);
  for (const word of ['HttpOnly', 'Secure', 'SameSite=None', 'Partitioned']) expect(set).toContain(word);
  const mine = (set.split(';')[0] ?? '').trim();
  expect(mine).not.toBe(cookie);
  const me = await server.call('GET', '/v1/me', { headers: { cookie: mine } });
  expect(me.json.hf_user).toBe('user-one');
  expect((await claim()).status).toBe(404);
});

it('nothing is left by who is not logged in, or from elsewhere, or too late', async () => {
  expect((await handOver({ cookie: '' })).status).toBe(403);
  expect((await handOver({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await handOver({ 'x-collab-claim': 'short' })).status).toBe(403);
  expect((await claim()).status).toBe(404);
  await handOver();
  expect((await claim({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
  await server.clock.advance(121_000);
  expect((await claim()).status).toBe(404);
});

it('a member who leaves logins all day long takes away nobody else’s', async () => {
  const until = server.clock.now() + 3_600_000;
  const { sessions } = server.services;
  const other = sessions.open({ token: 'hf_usertwousertwousertwo', user: 'user-two', until });
  await handOver({ cookie: `collab_session=${other}` });
  for (let n = 0; n < 1001; n++) await handOver({ 'x-collab-claim': String(n).padStart(43, 'x') });
  expect((await claim()).status).toBe(204);
});

it('the hash alone is no secret', async () => {
  await handOver();
  expect((await claim({ 'x-collab-claim': HASH })).status).toBe(404);
});

it('who is not logged in is told so, and not refused; the API still refuses', async () => {
  const ask = (headers: Record<string, string>) => server.call('GET', '/login/session', { headers });
  const open = await ask({ cookie });
  expect([open.status, open.json, open.headers.get('cache-control')]).toEqual([
    200,
    { open: true },
    'no-store',
  ]);
  expect((await ask({})).json).toEqual({ open: false });
  expect((await ask({ cookie: 'collab_session=another' })).json).toEqual({ open: false });
  await server.clock.advance(3_600_001);
  expect((await ask({ cookie })).json).toEqual({ open: false });
  expect((await server.call('GET', '/v1/me')).status).toBe(401);
});

describe('logging out everywhere', () => {
  const opened = (user: string, token: string) =>
    `collab_session=${server.services.sessions.open({ token, user, until: server.clock.now() + 3_600_000 })}`;
  const isOpen = async (headers: { cookie: string }) =>
    (await server.call('GET', '/login/session', { headers })).json.open;

  it.each([
    ['from the page', () => ({ headers: { ...OWN, cookie } }), 204],
    ['with the token alone', () => ({ as: 'hf_useroneuseroneuserone' }), 200],
  ])(
    '%s ends every login of the user, also one on its way to a frame, and nobody else’s',
    async (_, by, status) => {
      const [mine, other] = [
        opened('user-one', 'hf_useroneuseroneuserone'),
        opened('user-two', 'hf_usertwousertwousertwo'),
      ];
      await handOver();
      expect((await server.call('POST', '/logout?everywhere', by())).status).toBe(status);
      const left = await Promise.all([cookie, mine, other].map((each) => isOpen({ cookie: each })));
      expect(left).toEqual([false, false, true]);
      expect((await claim()).status).toBe(404);
    },
  );

  it('a plain logout ends the one, another site and a wrong token none', async () => {
    const mine = opened('user-one', 'hf_useroneuseroneuserone');
    await server.call('POST', '/logout', { headers: { ...OWN, cookie } });
    expect([await isOpen({ cookie }), await isOpen({ cookie: mine })]).toEqual([false, true]);
    const foreign = { cookie: mine, 'sec-fetch-site': 'cross-site' };
    expect((await server.call('POST', '/logout?everywhere', { headers: foreign })).status).toBe(303);
    expect((await server.call('POST', '/logout', { as: 'hf_nobodynobodynobody' })).status).toBe(401);
    expect(await isOpen({ cookie: mine })).toBe(true);
  });
});

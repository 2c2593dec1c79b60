/** Who may be called what, and for how long. */
import { afterEach, describe, expect, it } from 'vitest';
import { COMPAT, startTestServer, type TestServer, USERS } from '../helpers/server.ts';

const tokenOf = (name: string) => USERS.find((u) => u.name === name)?.token as string;
let server: TestServer;
afterEach(() => server?.close());

describe('names that look alike', () => {
  it.each(['b0b', 'bo-b', 'b-o-b'])('%s next to bob is bob’s user’s alone', async (name) => {
    server = await startTestServer();
    await server.join('bob', 'user-one');
    await expect(server.join(name, 'user-two')).rejects.toThrow(/looks like bob/);
    await server.join(name, 'user-one');
    await server.join('rob', 'user-two');
  });

  it.each([
    ['learn', 'leam'],
    ['bill', 'bi11'],
    ['wave', 'vvave'],
  ])('%s and %s are one name, also when both are asked for at once', async (one, two) => {
    server = await startTestServer();
    const both = await Promise.allSettled([server.join(one, 'user-one'), server.join(two, 'user-two')]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each(['organizer', '0rganizer', 'organ1zer', 'adm1n', 'verif1er', 'hurnan-user-one', 'human'])(
    '%s would pass for somebody',
    async (name) => {
      server = await startTestServer();
      await expect(server.join(name)).rejects.toThrow(/reserved/);
    },
  );

  it('in profile compat names are as free as in the reference', async () => {
    server = await startTestServer({ env: COMPAT });
    await server.join('bob', 'user-one');
    await server.join('b0b', 'user-two');
    await server.join('organizer', 'user-two');
    expect((await server.call('GET', '/v1/agents')).json.items).toHaveLength(3);
  });
});

describe('a user who was taken out of the organization', () => {
  const leave = () => {
    const user = server.hub.users.find(({ name }) => name === 'user-one');
    if (user) user.orgs = {};
  };
  const post = (as: string) =>
    server.call('POST', '/v1/messages', { as, body: { agent_id: 'bob', body: 'still here' } });

  it('writes no more within minutes, neither with the key of an agent nor with a token', async () => {
    server = await startTestServer();
    const key = await server.join('bob');
    expect((await post(key)).status).toBe(201);
    leave();
    await server.clock.advance(301_000);
    for (const as of [key, tokenOf('user-one')]) {
      const answer = await post(as);
      expect([answer.status, answer.json.error.code]).toEqual([403, 'IDENTITY_MISMATCH']);
    }
  });

  it('writes on while the Hub does not say who is a member', async () => {
    server = await startTestServer();
    const key = await server.join('bob');
    await server.clock.advance(301_000);
    server.hub.fault = (name) => {
      if (name === 'orgMembers') throw new Error('no such right');
    };
    expect((await post(key)).status).toBe(201);
  });
});

it('strangers who ask for a name do not stand in the way of its user', async () => {
  server = await startTestServer();
  const { call, hub } = server;
  await server.join('bob');
  let go = () => {};
  const gate = new Promise<void>((open) => {
    go = open;
  });
  const known = new Set(USERS.map(({ token }) => token));
  hub.fault = (name, [token]) => (name === 'whoami' && !known.has(String(token)) ? gate : undefined);
  const body = { agent_id: 'bob', model: 'm', harness: 'h', force: true };
  const strangers = Array.from({ length: 20 }, (_, i) =>
    call('POST', '/v1/agents/register', { as: `hf_strangerstranger${i}`, body }),
  );
  const mine = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body });
  expect(mine.status).toBe(201);
  go();
  expect((await Promise.all(strangers)).every(({ status }) => status === 401)).toBe(true);
});

it('tokens that the Hub does not know are asked about thirty times a minute, known ones always', async () => {
  const peer = (raw: unknown) => (raw as { address?: string } | undefined)?.address;
  server = await startTestServer({ deps: { peer } });
  const me = async (token: string, address: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await server.app.request('/v1/me', { headers }, { address })).status;
  };
  expect(await me(tokenOf('user-one'), '10.0.0.1')).toBe(200);
  const before = server.hub.calls.whoami ?? 0;
  const statuses: number[] = [];
  for (let i = 0; i < 40; i++) statuses.push(await me(`hf_strangerstranger${i}`, '10.0.0.1'));
  expect(statuses).toEqual([...Array(30).fill(401), ...Array(10).fill(429)]);
  expect((server.hub.calls.whoami ?? 0) - before).toBe(30);
  expect(await me(tokenOf('user-one'), '10.0.0.1')).toBe(200);
  expect(await me(tokenOf('user-two'), '10.0.0.2')).toBe(200);
});

it('who was seen before is not kept out by a neighbour of the same address, nor by one wrong token said often', async () => {
  server = await startTestServer();
  const me = async (as: string) => (await server.call('GET', '/v1/me', { as })).status;
  expect(await me(tokenOf('user-one'))).toBe(200);
  await server.clock.advance(61_000);
  for (let i = 0; i < 5; i++) {
    expect(await me('hf_alwaysthesamewrongone')).toBe(401);
    await server.clock.advance(10_000);
  }
  const strangers: number[] = [];
  for (let i = 0; i < 30; i++) strangers.push(await me(`hf_strangerstranger${i}`));
  expect(strangers.filter((status) => status === 401).length).toBeGreaterThanOrEqual(29);
  expect(await me('hf_anotherstranger')).toBe(429);
  expect(await me(tokenOf('user-one'))).toBe(200);
});

it('nor are two hundred of them at once', async () => {
  server = await startTestServer();
  let go = () => {};
  const gate = new Promise<void>((open) => {
    go = open;
  });
  server.hub.fault = (name) => (name === 'whoami' ? gate : undefined);
  const before = server.hub.calls.whoami ?? 0;
  const all = Array.from({ length: 200 }, (_, i) =>
    server.call('GET', '/v1/me', { as: `hf_strangerstranger${i}` }),
  );
  expect((await Promise.race(all)).status).toBe(429);
  go();
  const refused = (await Promise.all(all)).filter(({ status }) => status === 401);
  expect([refused.length, (server.hub.calls.whoami ?? 0) - before]).toEqual([128, 128]);
});

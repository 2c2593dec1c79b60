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

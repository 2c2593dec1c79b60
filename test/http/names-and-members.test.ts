/** Who may be called what, and for how long. */
import { afterEach, describe, expect, it } from 'vitest';
import { memoryHub } from '../helpers/memory-hub.ts';
import {
  CENTRAL,
  COMPAT,
  ORG,
  PRIVATE,
  SERVER_TOKEN,
  startTestServer,
  type TestServer,
  testClock,
  USERS,
} from '../helpers/server.ts';

const ONE = { orgs: { [ORG]: 'contributor' } };
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

it('who has just joined the organization writes at once with the key of an agent, whatever list was read before', async () => {
  server = await startTestServer();
  const { call, hub } = server;
  const post = (as: string, agent_id: string) =>
    call('POST', '/v1/messages', { as, body: { agent_id, body: 'hello' } });
  expect((await post(await server.join('bob'), 'bob')).status).toBe(201);
  const read = hub.calls.orgMembers;
  hub.users.push({ name: 'Newcomer', token: 'hf_newcomernewcomernew', orgs: { [ORG]: 'contributor' } });
  const body = { agent_id: 'carl', model: 'm', harness: 'h', provision: true };
  const joined = await call('POST', '/v1/agents/register', { as: 'hf_newcomernewcomernew', body });
  expect((await post(joined.json.agent_key, 'carl')).status).toBe(201);
  expect(hub.calls.orgMembers).toBe(read);
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

describe('new tokens of one address, all at once, while the Hub is slow', () => {
  /** Holds every question about a token until it is called. */
  const slowHub = () => {
    let go = () => {};
    const gate = new Promise<void>((open) => {
      go = open;
    });
    server.hub.fault = (name) => (name === 'whoami' ? gate : undefined);
    return go;
  };
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, i) => server.call('GET', '/v1/me', { as: `hf_crowdcrowd${i}` }));

  it('two hundred of users are all told who they are: they wait for each other', async () => {
    const clock = testClock();
    const users = Array.from({ length: 200 }, (_, i) => ({
      ...ONE,
      name: `u${i}`,
      token: `hf_crowdcrowd${i}`,
    }));
    const hub = memoryHub({ now: clock.now, serverToken: SERVER_TOKEN, users: [...USERS, ...users] });
    hub.seed(CENTRAL, {});
    hub.seed(PRIVATE, {});
    server = await startTestServer({ clock, hub });
    const go = slowHub();
    const all = crowd(200);
    go();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(Array(200).fill(200));
  });

  it('of three hundred strangers the Hub is asked about those in front, and the others come back at different seconds', async () => {
    server = await startTestServer();
    const go = slowHub();
    const before = server.hub.calls.whoami ?? 0;
    const all = crowd(300);
    const first = await Promise.race(all);
    expect([first.status, Number(first.headers.get('retry-after'))]).toEqual([429, 1]);
    go();
    const answers = await Promise.all(all);
    const asked = (server.hub.calls.whoami ?? 0) - before;
    expect([answers.filter(({ status }) => status === 401).length, asked]).toEqual([64, 64]);
    const seconds = answers.slice(256).map(({ headers }) => headers.get('retry-after'));
    expect([seconds.length, new Set(seconds).size]).toEqual([44, 8]);
  });

  it('nobody waits longer than for a while', async () => {
    server = await startTestServer();
    const go = slowHub();
    const all = crowd(100);
    await server.clock.advance(20_001);
    const late = await Promise.all(all.slice(64));
    expect(late.map(({ status }) => status)).toEqual(Array(36).fill(429));
    go();
    await Promise.all(all);
  });
});

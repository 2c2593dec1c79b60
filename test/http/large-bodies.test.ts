/** Bodies of people whom nobody knows yet. */
import { afterEach, describe, expect, it } from 'vitest';
import { Incoming } from '../../templates/backend/http/incoming.ts';
import { startTestServer, type TestServer } from '../helpers/server.ts';

let server: TestServer;
afterEach(() => server?.close());

const large = (more: object) => JSON.stringify({ agent_id: 'bob', body: 'x'.repeat(70_000), ...more });

async function start() {
  const peer = (raw: unknown) => (raw as { address?: string } | undefined)?.address;
  server = await startTestServer({ deps: { peer } });
  const key = await server.join('bob');
  const post = async (address: string, body: BodyInit, bearer = 'ccak_wrong') => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    return server.app.request('/v1/messages', init, { address });
  };
  return { key, post };
}

const stream = (text: string) => new Response(text).body as ReadableStream;

describe('large bodies that come to nothing', () => {
  it.each([
    ['said to be large', (text: string) => text],
    ['of a size that was not said', stream],
  ])('%s: are read eight times a minute from one address', async (_name, send) => {
    const { key, post } = await start();
    const statuses: number[] = [];
    for (let i = 0; i < 9; i++) statuses.push((await post('10.0.0.1', send(large({})))).status);
    expect(statuses).toEqual([...Array(8).fill(401), 429]);
    // Nobody else is meant, and neither are small ones.
    expect((await post('10.0.0.2', send(large({})), key)).status).toBe(201);
    expect((await post('10.0.0.1', '{"agent_id":"bob","body":"x"}', key)).status).toBe(201);
    await server.clock.advance(60_000);
    expect((await post('10.0.0.1', send(large({})), key)).status).toBe(201);
  });

  it('those that are taken are not counted', async () => {
    const { key, post } = await start();
    for (let i = 0; i < 9; i++)
      expect((await post('10.0.0.1', large({ lane: `l${i}` }), key)).status).toBe(201);
  });
});

it('bodies that are half sent hold sixteen megabytes for one address, and what came is let go', () => {
  const incoming = new Incoming(() => 0);
  const part = 2 * 1024 * 1024;
  const of = (address: number) => incoming.of(`10.0.0.${address}`);
  const one = of(1);
  for (let i = 0; i < 8; i++) one.hold(part);
  expect(() => of(1).hold(part)).toThrow('too many bodies are on their way');
  for (let address = 2; address < 16; address++) for (let i = 0; i < 4; i++) of(address).hold(part);
  expect(() => of(20).hold(part)).toThrow('too many bodies are on their way');
  one.end();
  of(1).hold(part);
  expect(() => of(1).hold(8 * part)).toThrow();
});

it('bodies that wait for the Hub are held too: one address has sixteen megabytes of them, and others still post', async () => {
  const { key, post } = await start();
  let go = () => {};
  const gate = new Promise<void>((open) => {
    go = open;
  });
  server.hub.fault = (name) => (name === 'whoami' ? gate : undefined);
  const huge = JSON.stringify({ agent_id: 'bob', body: 'x'.repeat(2_000_000) });
  const strangers = Array.from({ length: 12 }, (_, i) => post('10.0.0.1', huge, `hf_strangerstranger${i}`));
  expect((await Promise.race(strangers)).status).toBe(429);
  expect((await post('10.0.0.2', large({}), key)).status).toBe(201);
  go();
  const statuses = (await Promise.all(strangers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 401)).toHaveLength(8);
  server.hub.fault = () => {};
  await server.clock.advance(60_000);
  expect((await post('10.0.0.1', large({}), key)).status).toBe(201);
});

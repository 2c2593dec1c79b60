import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPAT, startTestServer, type TestServer } from '../helpers/server.ts';

/** Shapes and leniency of the reference's wire, as its clients rely on them. */
describe('profile compat: the wire of the reference', () => {
  let server: TestServer;
  const names: string[] = [];
  const post = (body: unknown) => server.call('POST', '/v1/messages', { body });

  beforeAll(async () => {
    server = await startTestServer({ env: COMPAT });
    await server.join('agent-1', 'user-one');
    await server.join('agent-2', 'user-two');
    for (const text of ['one', 'two', 'three']) {
      await server.clock.advance(5);
      names.push((await post({ agent_id: 'agent-1', body: text })).json.filename);
    }
  });
  afterAll(() => server.close());

  it('answers carry exactly the keys that the reference has', async () => {
    const card = { agent_id: 'agent-1', model: 'm', harness: 'h', force: true, provision: true };
    const again = await server.call('POST', '/v1/agents/register', {
      as: 'hf_useroneuseroneuserone',
      body: card,
    });
    expect(again.json).toEqual({
      filename: 'agent-1.md',
      agent_bucket: 'test-org/test-agent-1',
      hf_user: 'user-one',
    });
    const list = await server.call('GET', '/v1/messages?after=0');
    expect(Object.keys(list.json)).toEqual(['count', 'matched', 'items', 'next']);
  });

  it('a field that is null is a field that was left out', async () => {
    const answer = await post({ source: null, agent_id: 'agent-1', body: 'nulls', refs: null, type: null });
    expect(answer.status).toBe(201);
    names.push(answer.json.filename);
  });

  it.each([
    ['limit=0', 'all, newest first', () => [...names].reverse()],
    ['limit=-5', 'all, newest first', () => [...names].reverse()],
    ['order=bogus', 'ascending', () => names],
    ['after=0', 'still newest first', () => [...names].reverse()],
  ])('%s is read as %s', async (query, _, expected) => {
    const answer = await server.call('GET', `/v1/messages?${query}`);
    expect(answer.json.items).toEqual(expected());
  });

  it('a mention of any human handle makes an inbox copy', async () => {
    const answer = await post({ agent_id: 'agent-1', body: 'hi @agent-2, @human-somebody and @nobody' });
    expect(answer.json.mentions_delivered).toEqual(['agent-2', 'human-somebody']);
  });

  it('shared resources name their destination as it was sent', async () => {
    server.hub.seed('test-org/test-agent-1', { 'd/x.txt': 'x' });
    const body = { source: 'hf://buckets/test-org/test-agent-1/d', dest_path: 'tools_agent-1' };
    const answer = await server.call('POST', '/v1/shared-resources:sync', { body });
    expect(answer.json.dest).toBe('shared_resources/tools_agent-1');
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CENTRAL, startTestServer, type TestServer } from '../../../test/helpers/server.ts';
import { KeptAnswers } from './kept.ts';

const answer = (body: string, status = 200) => ({ status, headers: {}, body, bytes: body.length });
const twice = async (kept: KeptAnswers, address: string, make: () => Promise<ReturnType<typeof answer>>) => {
  await kept.make(address, make);
  await kept.make(address, make);
};

describe('kept answers', () => {
  it('are given while nothing changed, for a second', async () => {
    let [version, now] = ['1', 0];
    const kept = new KeptAnswers(
      () => version,
      () => now,
    );
    const make = async () => answer('x');
    await kept.make('/a', make);
    expect(kept.find('/a'), 'asked once').toBeNull();
    await kept.make('/a', make);
    expect(String(kept.find('/a')?.body)).toBe('x');
    now = 1_000;
    expect(kept.find('/a')).toBeNull();
    await kept.make('/a', make);
    version = '2';
    expect(kept.find('/a')).toBeNull();
  });

  it('are not kept when something changed while they were made, nor when they are no good', async () => {
    let version = 1;
    const kept = new KeptAnswers(
      () => String(version),
      () => 0,
    );
    await twice(kept, '/a', async () => {
      version++;
      return answer('old');
    });
    await twice(kept, '/b', async () => answer('no', 404));
    expect([kept.find('/a'), kept.find('/b')]).toEqual([null, null]);
  });

  it('S25: hold a bounded amount, whatever is asked', async () => {
    const kept = new KeptAnswers(
      () => '',
      () => 0,
    );
    for (let i = 0; i < 200; i++) await twice(kept, `/${i}`, async () => answer('x'.repeat(400_000)));
    const alive = Array.from({ length: 200 }, (_, i) => kept.find(`/${i}`)).filter((each) => each !== null);
    expect(alive.length).toBeGreaterThan(10);
    expect(alive.length).toBeLessThan(42);
    const [large, long] = ['/large', `/${'x'.repeat(600)}`];
    await twice(kept, large, async () => answer('x'.repeat(600_000)));
    await twice(kept, long, async () => answer('x'));
    expect([kept.find(large), kept.find(long)]).toEqual([null, null]);
  });
});

describe('reads through them', () => {
  let s: TestServer;
  beforeEach(async () => {
    s = await startTestServer();
  });
  afterEach(() => s.close());

  const PATHS = [
    '/v1/agents?expand=true',
    '/v1/messages?expand=true',
    '/v1/inbox/agent-1?expand=true',
    '/v1/broadcasts',
    '/v1/results?expand=true',
    '/v1/leaderboard',
    '/v1/digest?as=agent-1',
    '/v1/taskforces',
    '/v1/traces?expand=true',
    '/v1/stats',
  ];
  /** Each read, kept and made anew: an address nobody asked before is never kept. */
  let n = 0;
  const agree = async () => {
    for (const path of PATHS) {
      const fresh = await s.call('GET', `${path}${path.includes('?') ? '&' : '?'}x=${n++}`);
      for (let i = 0; i < 3; i++) expect((await s.call('GET', path)).json, path).toEqual(fresh.json);
    }
  };

  it('show every write at once: posts, results, verdicts, cards, foreign edits, an outage', async () => {
    const key = await s.join('agent-1');
    await agree();
    const write = async (path: string, body: object, as = key) => {
      const made = await s.call('POST', path, { as, body });
      expect([path, made.status]).toEqual([path, 201]);
      await agree();
      return made.json;
    };
    await write('/v1/messages', { agent_id: 'agent-1', body: 'to @agent-1' });
    await write(
      '/v1/messages',
      { agent_id: 'human-organizer', body: 'all', broadcast: true },
      'hf_organizerorganizer',
    );
    const text = '---\nscore: 7\nmethod: m\nstatus: agent-run\ndescription: d\n---\nx\n';
    const { filename } = await write('/v1/results', { agent_id: 'agent-1', body: text });
    await write('/v1/taskforces', { name: 'speed', agent_id: 'agent-1', body: 'faster' });
    const judged = await s.call('POST', `/v1/results/${filename}/verdict`, {
      as: 'hf_organizerorganizer',
      body: { state: 'valid', reason: 'seen' },
    });
    expect(judged.status).toBeLessThan(300);
    await agree();
    expect((await s.call('GET', '/v1/leaderboard')).json.rows[0]).toMatchObject({ verification: 'valid' });
    await s.join('agent-2', 'user-two');
    await agree();
    s.hub.seed(CENTRAL, {
      'message_board/20260601-110000-000_agent-2.md': '---\ntype: agent\n---\n\nforeign\n',
    });
    await s.clock.advance(60_000);
    await agree();
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(3);
    s.hub.fault = () => {
      throw new Error('down');
    };
    await s.clock.advance(60_000);
    expect((await s.call('GET', '/v1/messages')).json.stale).toBe(true);
  });

  it('say what was ignored, answer 304, and are compressed for who takes it', async () => {
    const key = await s.join('agent-1');
    for (let i = 0; i < 10; i++)
      await s.call('POST', '/v1/messages', {
        as: key,
        body: { agent_id: 'agent-1', body: `${i} ${'x'.repeat(300)}` },
      });
    const get = (headers: Record<string, string> = {}) =>
      s.call('GET', '/v1/messages?expand=true&wat=1', { headers });
    const [first, , second] = [await get(), await get(), await get()];
    expect([second.headers.get('x-ignored-params'), second.text]).toEqual(['wat', first.text]);
    const etag = first.headers.get('etag') ?? '';
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    for (let i = 0; i < 2; i++) {
      const small = await get({ 'accept-encoding': 'gzip' });
      expect([small.headers.get('content-encoding'), small.headers.get('etag')]).toEqual(['gzip', etag]);
    }
    expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
  });
});

/** The record under faults: what the Hub does must never show as a wrong answer. */
import { afterEach, describe, expect, it } from 'vitest';
import { hubError } from '../helpers/memory-hub.ts';
import {
  CENTRAL,
  PRIVATE,
  startTestServer,
  type TestOptions,
  type TestServer,
  testClock,
  testHub,
} from '../helpers/server.ts';

const open: TestServer[] = [];
const start = async (options?: TestOptions) => {
  const server = await startTestServer(options);
  open.push(server);
  return server;
};
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.hub.fault = () => {};
    await server.close();
  }
});

const post = (s: TestServer, key: string, body: string, headers?: Record<string, string>) =>
  s.call('POST', '/v1/messages', { as: key, body: { agent_id: 'agent-1', body }, headers });

const board = (text: string, agent = 'agent-1') => `---\ntype: agent\nagent: ${agent}\n---\n\n${text}\n`;

describe('writing', () => {
  it('C1: a slow source cannot get a stamp older than what is visible', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    s.hub.seed('test-org/test-agent-1', { 'a.md': 'slow' });
    let release = () => {};
    const gate = new Promise<void>((go) => {
      release = go;
    });
    s.hub.fault = (name, [, path]) => (name === 'readFile' && path === 'a.md' ? gate : undefined);
    const slow = s.call('POST', '/v1/messages', {
      as: key,
      body: { source: 'hf://buckets/test-org/test-agent-1/a.md' },
    });
    await s.clock.advance(50);
    const fast = await post(s, key, 'fast');
    await s.clock.advance(50);
    release();
    const late = await slow;
    expect(late.json.filename > fast.json.filename).toBe(true);
    expect((await s.call('GET', `/v1/messages?after=${fast.json.filename}`)).json.items).toEqual([
      late.json.filename,
    ]);
  });

  it('C8: posts of one millisecond keep apart', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => post(s, key, `m${i}`)));
    expect(new Set(answers.map((a) => a.json.filename)).size).toBe(30);
    expect((await s.call('GET', '/v1/messages?limit=100')).json.items).toHaveLength(30);
  });

  it('one batch per group, never two at once', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    let running = 0;
    let most = 0;
    const before = s.hub.calls.write ?? 0;
    s.hub.fault = async (name, [bucket]) => {
      if (name !== 'write' || bucket !== CENTRAL) return;
      most = Math.max(most, ++running);
      await new Promise((turn) => setImmediate(turn));
      running--;
    };
    await Promise.all(Array.from({ length: 100 }, (_, i) => post(s, key, `m${i}`)));
    expect(most).toBe(1);
    expect((s.hub.calls.write ?? 0) - before).toBeLessThanOrEqual(12);
  });

  it('C24: the board file refused is 503 and nothing is shown', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    await s.join('agent-2', 'user-two');
    s.hub.refuse = (path) => path.startsWith('message_board/');
    const answer = await post(s, key, 'hi @agent-2');
    expect([answer.status, answer.json.error.code]).toEqual([503, 'HUB_UNAVAILABLE']);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(0);
    expect((await s.call('GET', '/v1/inbox/agent-2')).json.count).toBe(0);
    s.hub.refuse = () => false;
    await s.clock.advance(10_000);
    expect(
      [...(s.hub.buckets.get(CENTRAL)?.files.keys() ?? [])].filter((p) => p.startsWith('inbox/')),
    ).toEqual([]);
  });

  it('C24: an inbox copy refused is 201, shown, and delivered later', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    await s.join('agent-2', 'user-two');
    s.hub.refuse = (path) => path.startsWith('inbox/');
    const answer = await post(s, key, 'hi @agent-2');
    expect(answer.status).toBe(201);
    expect(answer.json.pending).toEqual([`inbox/agent-2/${answer.json.filename}`]);
    expect((await s.call('GET', '/v1/inbox/agent-2')).json.items).toEqual([answer.json.filename]);
    s.hub.refuse = () => false;
    await s.clock.advance(120_000);
    expect(s.hub.textOf(CENTRAL, `inbox/agent-2/${answer.json.filename}`)).toContain('hi @agent-2');
  });

  it('a lost answer is settled: written once, acknowledged', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    let lost = 0;
    s.hub.afterWrite = (bucket) => {
      if (bucket === CENTRAL && lost++ === 0) throw hubError('unknown_outcome');
    };
    const answer = await post(s, key, 'once');
    expect(answer.status).toBe(201);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(1);
    expect(
      [...(s.hub.buckets.get(CENTRAL)?.files.keys() ?? [])].filter((p) => p.startsWith('message_board/')),
    ).toHaveLength(1);
  });

  it('an outcome that stays unknown is told, kept up, and never doubled', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    let down = true;
    s.hub.fault = (name, [bucket]) => {
      if (down && bucket === CENTRAL && (name === 'write' || name === 'pathsInfo'))
        throw hubError('unknown_outcome');
    };
    const headers = { 'Idempotency-Key': 'k' };
    const waiting = post(s, key, 'once', headers);
    await s.clock.advance(25_000);
    const answer = await waiting;
    expect([answer.status, answer.json.error.code]).toEqual([503, 'WRITE_UNSETTLED']);
    const retry = post(s, key, 'once', headers);
    down = false;
    await s.clock.advance(30_000);
    expect((await retry).status).toBe(201);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(1);
    const writes = s.hub.calls.write;
    expect((await post(s, key, 'once', headers)).status).toBe(201);
    expect(s.hub.calls.write).toBe(writes);
  });

  it('an outage before the write is 503 and leaves nothing', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    s.hub.fault = (name, [bucket]) => {
      if (name === 'write' && bucket === CENTRAL) throw hubError('unavailable');
    };
    const waiting = post(s, key, 'x');
    await s.clock.advance(30_000);
    const answer = await waiting;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    s.hub.fault = () => {};
    expect((await post(s, key, 'y')).status).toBe(201);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(1);
  });

  it('a listener that fails does not fail the write', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    const heard: string[] = [];
    s.services.store.onChange(() => {
      throw new Error('listener');
    });
    s.services.store.onChange((paths) => heard.push(...paths));
    const answer = await post(s, key, 'x');
    expect([answer.status, heard]).toEqual([201, [answer.json.path]]);
  });

  it('C3: an older server notices the newer one and stops writing', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const old = await start({ clock, hub });
    const key = await old.join('agent-1');
    const fresh = await start({ clock, hub });
    const refused = await post(old, key, 'x');
    expect([refused.status, refused.json.error.code]).toEqual([503, 'NOT_WRITER']);
    expect((await post(fresh, key, 'x')).status).toBe(201);
    expect((await old.call('GET', '/v1/healthz?deep=1')).status).toBe(503);
  });
});

describe('reading', () => {
  it('C4: a failed listing never replaces a good one', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    await post(s, key, 'x');
    s.hub.fault = (name) => {
      if (name === 'listFiles') throw hubError('unavailable');
    };
    await s.clock.advance(31_000);
    const list = await s.call('GET', '/v1/messages');
    expect(list.json).toMatchObject({ count: 1, stale: true });
    expect((await s.call('GET', '/v1/agents')).json.count).toBe(1);
  });

  it('C5: an outage at the start is 503 with Retry-After, never emptiness', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    hub.fault = (name) => {
      if (name === 'listFiles') throw hubError('unavailable');
    };
    const s = await start({ clock, hub, idle: true });
    const answer = await s.call('GET', '/v1/messages');
    expect([answer.status, answer.json.error.code, answer.headers.get('retry-after')]).toEqual([
      503,
      'HUB_UNAVAILABLE',
      '5',
    ]);
    expect((await s.call('GET', '/v1/healthz')).status).toBe(200);
    hub.fault = () => {};
    await clock.advance(40_000);
    expect((await s.call('GET', '/v1/messages')).status).toBe(200);
  });

  it('C6: a file that cannot be read is not silently left out', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    hub.seed(CENTRAL, {
      'message_board/20260101-000000-000_agent-1.md': board('one'),
      'message_board/20260101-000000-001_agent-1.md': board('two'),
    });
    const s = await start({ clock, hub, env: { CONTENT_CACHE_MAX_BYTES: '1' } });
    hub.fault = (name, [, path]) => {
      if (name === 'readFile' && String(path).endsWith('000_agent-1.md')) throw hubError('unavailable');
    };
    const answer = await s.call('GET', '/v1/messages?expand=true');
    expect([answer.status, answer.json.error.code]).toEqual([503, 'HUB_UNAVAILABLE']);
    hub.fault = () => {};
    expect((await s.call('GET', '/v1/messages?expand=true')).json.items).toHaveLength(2);
  });

  it('C7: an update is readable at once, also while listings lag behind', async () => {
    const s = await start();
    await s.join('agent-1');
    await s.services.store.refresh();
    const before = s.hub.textOf(CENTRAL, 'agents/agent-1.md') as string;
    const body = { agent_id: 'agent-1', model: 'm2', harness: 'h', force: true, provision: true };
    await s.call('POST', '/v1/agents/register', { as: 'hf_useroneuseroneuserone', body });
    expect((await s.call('GET', '/v1/agents/agent-1')).json.model).toBe('m2');
    const after = s.hub.textOf(CENTRAL, 'agents/agent-1.md') as string;
    s.hub.seed(CENTRAL, { 'agents/agent-1.md': before });
    await s.services.store.refresh();
    expect((await s.call('GET', '/v1/agents/agent-1')).json.model).toBe('m2');
    s.hub.seed(CENTRAL, { 'agents/agent-1.md': after });
    await s.services.store.refresh();
    expect((await s.call('GET', '/v1/agents/agent-1')).json.model).toBe('m2');
  });

  it('C9: the body is the same at once and after a restart', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const s = await start({ clock, hub });
    const key = await s.join('agent-1');
    const bodies = ['hello', '\nhello\n', '---\nscore: 1\n---\nx', 'a\r\nb', '  ', ''];
    const names = [];
    for (const body of bodies) names.push((await post(s, key, body)).json.filename);
    const again = await start({ clock, hub });
    for (const [i, name] of names.entries()) {
      expect((await s.call('GET', `/v1/messages/${name}`)).json.body).toBe(bodies[i]);
      expect((await again.call('GET', `/v1/messages/${name}`)).json.body).toBe(bodies[i]);
    }
  });

  it('C14: what was posted once stays posted after a restart; S24: only for its author', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const s = await start({ clock, hub });
    const keys = { 'agent-1': await s.join('agent-1'), 'agent-2': await s.join('agent-2', 'user-two') };
    for (const agent of ['agent-1', 'agent-2']) hub.seed(`test-org/test-${agent}`, { 'a.md': 'same text' });
    const promote = (server: TestServer, agent: 'agent-1' | 'agent-2') =>
      server.call('POST', '/v1/messages', {
        as: keys[agent],
        body: { source: `hf://buckets/test-org/test-${agent}/a.md` },
      });
    expect((await promote(s, 'agent-1')).status).toBe(201);
    expect((await promote(s, 'agent-2')).status).toBe(201);
    const again = await start({ clock, hub });
    expect((await promote(again, 'agent-1')).json.error.code).toBe('ALREADY_PROMOTED');
    const both = await Promise.all([promote(again, 'agent-2'), promote(again, 'agent-2')]);
    expect(both.map((a) => a.status)).toEqual([409, 409]);
  });

  it('C27: foreign edits and deletions are noticed, an emptied folder too', async () => {
    const s = await start();
    const name = '20260101-000000-000_agent-7.md';
    s.hub.seed(CENTRAL, { [`message_board/${name}`]: board('foreign', 'agent-7') });
    await s.clock.advance(31_000);
    expect((await s.call('GET', '/v1/messages')).json.items).toEqual([name]);
    s.hub.seed(CENTRAL, { [`message_board/${name}`]: board('edited', 'agent-7') });
    await s.clock.advance(31_000);
    expect((await s.call('GET', `/v1/messages/${name}`)).json.body).toBe('edited');
    s.hub.buckets.get(CENTRAL)?.files.delete(`message_board/${name}`);
    await s.clock.advance(31_000);
    expect((await s.call('GET', '/v1/messages')).json.count).toBe(0);
  });

  it('S17: no file can break a list', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const bad = [
      'on: 1\n1: x',
      'a: !!binary /w==',
      'score: .inf',
      `score: 1${'0'.repeat(400)}`,
      'a: [1',
      '{',
      '__proto__: 1',
    ];
    for (const [i, head] of bad.entries())
      hub.seed(CENTRAL, { [`message_board/20260101-000000-00${i}_a.md`]: `---\n${head}\n---\nx` });
    hub.seed(CENTRAL, {
      'message_board/20260101-000001-000_a.md': new Uint8Array([0xff, 0, 0xfe]),
      'message_board/x/y.md': 'nested',
      'message_board/README.md': '# hi',
    });
    const s = await start({ clock, hub });
    const list = await s.call('GET', '/v1/messages?expand=true&limit=50');
    expect([list.status, list.json.count]).toEqual([200, 8]);
    expect((await s.call('GET', '/v1/messages?q=x')).status).toBe(200);
    expect((await s.call('GET', '/v1/messages/README.md')).json.body).toBe('# hi');
  });

  it('S25: reading costs no Hub call and leaves nothing behind', async () => {
    const s = await start();
    const key = await s.join('agent-1');
    await post(s, key, 'x');
    const before = JSON.stringify(s.hub.calls);
    for (let i = 0; i < 50; i++) {
      await s.call('GET', `/v1/inbox/human-nobody${i}`);
      await s.call('GET', `/v1/messages?expand=true&wat${i}=1`);
      await s.call('GET', '/v1/agents?expand=true');
    }
    expect(JSON.stringify(s.hub.calls)).toBe(before);
    expect(s.services.store.handles()).toEqual([]);
  });

  it('S25: a flood of refused writes does not fill the audit log', async () => {
    const s = await start();
    for (let i = 0; i < 400; i++)
      await s.call('POST', '/v1/messages', { body: { agent_id: `x${i}`, body: 'x' } });
    await s.clock.advance(3_000);
    const files = [...(s.hub.buckets.get(PRIVATE)?.files ?? [])].filter(([path]) =>
      path.startsWith('audit/'),
    );
    const rows = files.flatMap(([, f]) => new TextDecoder().decode(f.bytes).trim().split('\n'));
    expect(rows).toHaveLength(300);
  });

  it('a start from a snapshot shows what a start from nothing shows', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const files: Record<string, string> = {};
    for (let i = 0; i < 1500; i++) {
      const name = `202605${String(1 + Math.floor(i / 60)).padStart(2, '0')}-${String(i % 24).padStart(2, '0')}${String(i % 60).padStart(2, '0')}00-${String(i % 1000).padStart(3, '0')}_agent-1.md`;
      files[`message_board/${name}`] = board(`text ${i} @agent-2`);
      files[`inbox/agent-2/${name}`] = board(`text ${i} @agent-2`);
    }
    hub.seed(CENTRAL, files);
    const first = await start({ clock, hub });
    const key = await first.join('agent-1');
    await first.join('agent-2', 'user-two');
    await post(first, key, 'before the snapshot @agent-2');
    open.splice(open.indexOf(first), 1);
    await first.close();
    expect(hub.textOf(PRIVATE, 'index/current.json')).toContain('"version":1');

    const tail = '20260601-110000-000_agent-1.md';
    hub.seed(CENTRAL, {
      [`message_board/${tail}`]: board('after it @agent-2'),
      [`inbox/agent-2/${tail}`]: board('after it @agent-2'),
    });
    const reads = hub.calls.readFile ?? 0;
    const second = await start({ clock, hub });
    expect((hub.calls.readFile ?? 0) - reads).toBeLessThan(20);
    hub.buckets.get(PRIVATE)?.files.delete('index/current.json');
    const third = await start({ clock, hub });
    for (const path of [
      '/v1/messages?limit=2000',
      '/v1/inbox/agent-2?limit=2000',
      '/v1/agents?expand=true',
      '/v1/messages?expand=true&limit=30',
      '/v1/messages?agent=agent-1&after=20260601',
    ]) {
      const [a, b] = [await second.call('GET', path), await third.call('GET', path)];
      expect([path, a.json.count > 0]).toEqual([path, true]);
      expect(a.json).toEqual(b.json);
    }
  });

  it('a damaged snapshot is not believed', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    hub.seed(CENTRAL, { 'message_board/20260101-000000-000_a.md': board('x') });
    for (const broken of [
      '{',
      '{"version":1,"path":"index/x","central":"test-org/test-main-bucket","files":1,"takenAt":0,"fullAt":0}',
      '{"version":9}',
    ]) {
      hub.seed(PRIVATE, { 'index/current.json': broken, 'index/x': 'not gzip' });
      const s = await start({ clock, hub });
      expect((await s.call('GET', '/v1/messages')).json.count).toBe(1);
    }
  });

  it('C10: an unreadable private bucket does not turn into "wrong key"', async () => {
    const clock = testClock();
    const hub = testHub(clock);
    const s = await start({ clock, hub });
    const key = await s.join('agent-1');
    await clock.advance(120_000);
    hub.fault = (name, [bucket]) => {
      if (name === 'readFile' && bucket === PRIVATE) throw hubError('unavailable');
    };
    expect((await post(s, key, 'x')).json.error.code).toBe('HUB_UNAVAILABLE');
  });
});

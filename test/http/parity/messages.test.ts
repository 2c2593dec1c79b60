/** The board under compat: order of refusals, bytes of files, fan-out, list grammar. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORG, type TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, ONE, ORGANIZER, STRANGER, source, uri, written } from './scene.ts';

let s: TestServer;
beforeAll(async () => {
  s = await compatServer();
});
afterAll(() => s.close());

const post = async (body: object, as?: string) => {
  await s.clock.advance(5);
  return s.call('POST', '/v1/messages', { body, as });
};

describe('POST /v1/messages, refusals in order', () => {
  type Row = [string, object, string | undefined, number, string, RegExp?];
  const rows: Row[] = [
    [
      'a source that broadcasts, before its address',
      { source: 'nonsense', broadcast: true },
      undefined,
      403,
      'NOT_ORGANIZER',
    ],
    ['no address', { source: 'nonsense' }, undefined, 400, 'INVALID_PATH'],
    [
      'another org',
      { source: 'hf://buckets/other/test-agent-1/a.md' },
      undefined,
      400,
      'INVALID_PATH',
      /this org only/,
    ],
    [
      'no scratch bucket',
      { source: `hf://buckets/${ORG}/other-agent-1/a.md` },
      undefined,
      400,
      'INVALID_PATH',
      /own scratch bucket/,
    ],
    ['an absolute path', { source: uri('/a.md') }, undefined, 400, 'INVALID_PATH'],
    ['a path upwards', { source: uri('a/../b.md') }, undefined, 400, 'INVALID_PATH'],
    ['a dot-file', { source: uri('.a.md') }, undefined, 400, 'INVALID_PATH'],
    [
      'a stranger’s bucket',
      { source: uri('a.md', 'agent-7') },
      undefined,
      404,
      'NOT_REGISTERED',
      /^register first via POST \/v1\/agents\/register$/,
    ],
    ['no file', { source: uri('none.md') }, undefined, 404, 'SOURCE_NOT_FOUND'],
    [
      'capitals',
      { agent_id: 'Agent-1', body: 'x' },
      undefined,
      400,
      'INVALID_PATH',
      /^use 'agent-1' instead$/,
    ],
    ['a bad name', { agent_id: 'a_b', body: 'x' }, undefined, 400, 'INVALID_PATH'],
    ['a person without a token', { agent_id: 'human-user-one', body: 'x' }, undefined, 401, 'UNAUTHORIZED'],
    ['a person from outside', { agent_id: 'human-stranger', body: 'x' }, STRANGER, 403, 'IDENTITY_MISMATCH'],
    ['a person as another', { agent_id: 'human-user-two', body: 'x' }, ONE, 403, 'IDENTITY_MISMATCH'],
    [
      'a broadcast of a contributor',
      { agent_id: 'human-user-one', body: 'x', broadcast: true },
      ONE,
      403,
      'NOT_ORGANIZER',
    ],
    [
      'a broadcast of an agent, registered or not',
      { agent_id: 'agent-7', body: 'x', broadcast: true },
      undefined,
      403,
      'NOT_ORGANIZER',
    ],
    ['an agent nobody knows', { agent_id: 'agent-7', body: 'x' }, undefined, 404, 'NOT_REGISTERED'],
    ['bare human', { agent_id: 'human', body: 'x' }, undefined, 404, 'NOT_REGISTERED'],
  ];
  it.each(rows)('%s', async (_name, body, as, status, code, hint) => {
    expectRefusal(await post(body, as), status, code, hint);
  });

  it.each([
    ['broken YAML', '---\na: [\n---\nx', 400, 'INVALID_FRONTMATTER'],
    ['a broadcast key of any value', '---\nbroadcast: false\n---\nx', 403, 'NOT_ORGANIZER'],
  ])('%s in the source', async (name, text, status, code) => {
    expectRefusal(await post({ source: source(s, `bad-${name.length}.md`, text) }), status, code);
  });

  it('the same bytes twice are 409 with the first name', async () => {
    const first = await post({ source: source(s, 'twice.md', 'once') });
    const again = await post({ source: uri('twice.md') });
    expectRefusal(again, 409, 'ALREADY_PROMOTED', `existing filename: ${first.json.filename}`);
  });
});

describe('POST /v1/messages, what is written', () => {
  it('inline: type, refs, agent, timestamp, via', async () => {
    const first = await post({ agent_id: 'agent-2', body: 'first' });
    const refs = first.json.filename;
    const answer = await post({ agent_id: 'agent-1', body: 'see', type: 'plan', refs });
    expect(Object.keys(answer.json)).toEqual(['filename', 'via', 'path', 'mentions_delivered', 'broadcast']);
    expect(answer.json.mentions_delivered).toEqual(['agent-2']);
    const text = `---\ntype: plan\nrefs: ${refs}\nagent: agent-1\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\n---\n\nsee\n`;
    expect(written(s, answer.json.path)).toBe(text);
    expect(written(s, `inbox/agent-2/${answer.json.filename}`)).toBe(text);
  });

  it('an empty body has nothing after the head', async () => {
    const { json } = await post({ agent_id: 'agent-1', body: '' });
    expect(written(s, json.path)).toBe(
      '---\ntype: agent\nagent: agent-1\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\n---\n',
    );
  });

  it('from a bucket: the client’s order, the server’s values in place, refs of the request', async () => {
    const text = '---\nagent: agent-2\nrefs: old.md\ntags:\n- a\n---\nfrom the bucket\n';
    const answer = await post({ source: source(s, 'm.md', text), refs: 'new.md', type: 'plan' });
    expect(answer.json).toMatchObject({ via: 'bucket', mentions_delivered: [], broadcast: false });
    const { frontmatter, body } = (await s.call('GET', `/v1/messages/${answer.json.filename}`)).json;
    expect(body).toBe('from the bucket');
    expect(frontmatter).toMatchObject({
      agent: 'agent-1',
      refs: 'new.md',
      type: 'agent',
      via: 'bucket',
      tags: ['a'],
    });
  });

  it('a person: via dashboard, type user', async () => {
    const { json } = await post({ agent_id: 'human-user-one', body: 'hello @agent-1' }, ONE);
    expect(json).toMatchObject({ via: 'dashboard', mentions_delivered: ['agent-1'], broadcast: false });
    expect(written(s, json.path)).toBe(
      '---\ntype: user\nagent: human-user-one\ntimestamp: 2026-06-01 12:00 UTC\nvia: dashboard\n---\n\nhello @agent-1\n',
    );
  });

  it('a broadcast: board and broadcasts, no mentions', async () => {
    const { json } = await post(
      { agent_id: 'human-organizer', body: 'all @agent-1', broadcast: true },
      ORGANIZER,
    );
    expect(json).toMatchObject({ via: 'dashboard', mentions_delivered: [], broadcast: true });
    expect(written(s, json.path)).toContain('via: dashboard\nbroadcast: true\n---\n');
    expect(written(s, `broadcasts/${json.filename}`)).toBe(written(s, json.path));
    expect(written(s, `inbox/agent-1/${json.filename}`)).toBeNull();
    expect((await s.call('GET', '/v1/inbox/agent-2?limit=1')).json.items).toEqual([json.filename]);
  });

  it('mentions come before authors of refs, each once, capped', async () => {
    const capped = await compatServer({ MENTION_FANOUT_CAP: '2' });
    const refs = ['20260601-100000-000_human-a.md, 20260601-100000-000_agent-2.md x.txt'];
    const answer = await capped.call('POST', '/v1/messages', {
      body: { agent_id: 'agent-1', body: '@agent-1 @human-b @agent-2. @human-b me@agent-2', refs: refs[0] },
    });
    expect(answer.json.mentions_delivered).toEqual(['human-b', 'agent-2']);
    await capped.close();
  });
});

describe('limits', () => {
  it('bucket writes and inline posts are counted apart and say when to come again', async () => {
    const limited = await compatServer({
      BUCKET_WRITE_BURST: '2',
      BUCKET_WRITE_PER_MINUTE: '60',
      RAW_MESSAGE_PER_MINUTE: '1',
      RAW_MESSAGE_PER_HOUR: '30',
    });
    const from = (n: number) =>
      limited.call('POST', '/v1/messages', { body: { source: source(limited, `${n}.md`, `${n}`) } });
    const inline = () => limited.call('POST', '/v1/messages', { body: { agent_id: 'agent-1', body: 'x' } });
    const got = [await from(1), await from(2), await from(3), await inline(), await inline()];
    expect(got.map((a) => a.status)).toEqual([201, 201, 429, 201, 429]);
    for (const at of [2, 4]) expect(Number(got[at]?.headers.get('retry-after'))).toBeGreaterThan(0);
    await limited.close();
  });
});

describe('reads', () => {
  it.each([
    ['since=yesterday', 400, 'INVALID_QUERY'],
    ['until=2026', 400, 'INVALID_QUERY'],
    ['agent=Agent-1', 400, 'INVALID_PATH'],
    ['limit=many', 422, 'INVALID_REQUEST'],
    ['expand=perhaps', 422, 'INVALID_REQUEST'],
  ])('GET /v1/messages?%s is %i %s', async (query, status, code) => {
    expectRefusal(await s.call('GET', `/v1/messages?${query}`), status, code);
  });

  it('pages join up in both orders', async () => {
    const all = (await s.call('GET', '/v1/messages?limit=0&order=asc')).json.items;
    for (const order of ['asc', 'desc']) {
      const seen: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const cursor: string = next && `&${order === 'asc' ? 'after' : 'before'}=${next}`;
        const page = (await s.call('GET', `/v1/messages?limit=3&order=${order}${cursor}`)).json;
        seen.push(...page.items);
        next = page.next;
      }
      expect(order === 'asc' ? seen : seen.toReversed()).toEqual(all);
    }
  });

  it('an expanded page has at most EXPAND_MAX_LIMIT records, whatever is asked', async () => {
    const small = await compatServer({ EXPAND_MAX_LIMIT: '2' });
    for (const body of ['a', 'b', 'c']) {
      await small.clock.advance(5);
      await small.call('POST', '/v1/messages', { body: { agent_id: 'agent-1', body } });
    }
    for (const limit of ['0', '-1', '100']) {
      const { items } = (await small.call('GET', `/v1/messages?expand=yes&limit=${limit}`)).json;
      expect(items.map((each: object) => Object.keys(each))).toEqual([
        ['filename', 'frontmatter', 'body'],
        ['filename', 'frontmatter', 'body'],
      ]);
    }
    await small.close();
  });

  it.each([
    ['GET', '/v1/nowhere', 404, 'Not Found'],
    ['DELETE', '/v1/messages', 405, 'Method Not Allowed'],
  ])('%s %s carries the detail of the reference', async (method, path, status, detail) => {
    const answer = await s.call(method, path);
    expect([answer.status, answer.json.detail]).toEqual([status, detail]);
  });
});

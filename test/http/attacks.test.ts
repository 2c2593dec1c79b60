/** What somebody tries who wants another's name, the first place, or the server down. */
import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, startTestServer, type TestServer, testClock, testHub, USERS } from '../helpers/server.ts';

const tokenOf = (name: string) => USERS.find((u) => u.name === name)?.token as string;
const SCRATCH = 'test-org/test-bob';
const HEAD = { tps: 1, method: 'm', status: 'agent-run', description: 'd' };

let server: TestServer;
afterEach(() => server?.close());

async function start() {
  server = await startTestServer({ env: { SCORE_FIELD: 'tps' } });
  return { ...server, key: await server.join('bob') };
}

describe('taking a name', () => {
  it('another user who guesses the Idempotency-Key of a registration is not its author', async () => {
    server = await startTestServer();
    const { call, hub } = server;
    const body = { agent_id: 'bob', model: 'm', harness: 'h', provision: true };
    const headers = { 'Idempotency-Key': 'register' };
    const mine = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body, headers });
    expect(mine.status).toBe(201);
    // The thief has come to control the scratch bucket, by role or because it was deleted.
    hub.buckets.delete(SCRATCH);
    const theft = await call('POST', '/v1/agents/register', { as: tokenOf('user-two'), body, headers });
    expect([theft.status, theft.json.error.code]).toEqual([403, 'IDENTITY_MISMATCH']);
    expect((await call('GET', '/v1/agents/bob')).json.hf_user).toBe('user-one');
    const post = { agent_id: 'bob', body: 'still me' };
    expect((await call('POST', '/v1/messages', { as: mine.json.agent_key, body: post })).status).toBe(201);
  });
});

describe('two registrations with force at once', () => {
  it('answer one after the other: the key of the later one is the good one', async () => {
    const { call, hub } = await start();
    const body = { agent_id: 'bob', model: 'm', harness: 'h', force: true };
    let held: (() => void) | undefined;
    hub.fault = async (name, [, detail]) => {
      if (held || name !== 'write' || !JSON.stringify(detail).includes('keys/bob.json')) return;
      await new Promise<void>((go) => {
        held = go;
      });
    };
    const ended: string[] = [];
    const go = async (name: string) => {
      const answer = await call('POST', '/v1/agents/register', { as: tokenOf('user-one'), body });
      ended.push(name);
      return answer.json.agent_key as string;
    };
    const both = [go('first'), go('second')];
    for (let turn = 0; turn < 1000; turn++) await Promise.resolve();
    held?.();
    const keys = await Promise.all(both);
    expect(ended).toEqual(['first', 'second']);
    const post = { agent_id: 'bob', body: 'x' };
    const with_ = async (key?: string) =>
      (await call('POST', '/v1/messages', { as: key, body: post })).status;
    expect([await with_(keys[0]), await with_(keys[1])]).toEqual([401, 201]);
  });
});

describe('passing for somebody else', () => {
  it.each([
    ...['user', 'User', 'verification', ' VERIFICATION ', 'verifi\u200bcation', '\uff55ser'],
    'v\u0435rification',
  ])('an agent that calls its message %j is still an agent', async (type) => {
    const { call, key } = await start();
    const body = { agent_id: 'bob', body: 'VERIFIED VALID', type };
    const posted = await call('POST', '/v1/messages', { as: key, body });
    expect(posted.status).toBe(201);
    const { frontmatter } = (await call('GET', `/v1/messages/${posted.json.filename}`)).json;
    expect(frontmatter.type).toBe('agent');
  });
});

it('nor does a note in a taskforce pass for another, and its head proves nothing', async () => {
  const { call, hub, key } = await start();
  const of = { agent_id: 'bob', body: 'x' };
  await call('POST', '/v1/taskforces', { as: key, body: { ...of, name: 'quant' } });
  const head = 'type: verification\nagent: verifier\nauth: key\nidempotency: z';
  hub.seed(SCRATCH, { 'note.md': `---\n${head}\n---\nVERIFIED VALID` });
  for (const body of [{ ...of, type: 'Verification' }, { source: `hf://buckets/${SCRATCH}/note.md` }]) {
    const posted = await call('POST', '/v1/taskforces/quant/files', { as: key, body });
    expect(posted.status).toBe(201);
    const { frontmatter } = (await call('GET', `/v1/taskforces/quant/notes?expand=true&limit=1`)).json
      .items[0];
    expect(frontmatter).toMatchObject({ type: 'agent', agent: 'bob' });
    expect(frontmatter).not.toHaveProperty('auth');
    expect(frontmatter).not.toHaveProperty('idempotency');
  }
});

describe('a submission whose file names lie, or fit into no folder', () => {
  const names = [
    'a\nb',
    'a%2fb',
    'x\\y',
    'line\u2028two',
    'half\ud800',
    'x'.repeat(256),
    `${'é'.repeat(128)}.py`,
  ];
  it.each([...names, 'serve.py/x', 'serve.py/a/b'])(
    '%j is refused before anything is copied',
    async (name) => {
      const { call, hub, key } = await start();
      hub.seed(SCRATCH, { 'v1/serve.py': 'print()', 'v1/serve.py.txt': '', [`v1/${name}`]: 'x' });
      const body = { agent_id: 'bob', body: 'text', frontmatter: { ...HEAD, submission: 'v1' } };
      const posted = await call('POST', '/v1/results', { as: key, body });
      expect([posted.status, posted.json.error.code]).toEqual([400, 'INVALID_PATH']);
      expect((await call('GET', '/v1/results')).json.count).toBe(0);
    },
  );
});

describe('a head that came as JSON', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  it.each([
    ['deep', nested(9)],
    ['very deep', nested(60)],
    ['long', `[${'1,'.repeat(3000)}1]`],
    ['wide', `{${Array.from({ length: 3000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['many bytes', `"${'x'.repeat(70_000)}"`],
    ['infinite', '1e999'],
  ])('%s: refused as the same file would be', async (_name, value) => {
    const { call, key } = await start();
    const body = `{"agent_id":"bob","body":"t","frontmatter":{"tps":1,"method":"m","status":"agent-run","description":"d","x":${value}}}`;
    const posted = await call('POST', '/v1/results', { as: key, body });
    expect([posted.status, posted.json.error.code]).toEqual([400, 'INVALID_FRONTMATTER']);
  });

  it('so deep that it could not be written again: refused before it is read as JSON', async () => {
    const { call, key } = await start();
    const body = `{"agent_id":"bob","body":"t","frontmatter":{"x":${nested(100_000)}}}`;
    const posted = await call('POST', '/v1/results', { as: key, body });
    expect([posted.status, posted.json.error.message]).toEqual([422, 'the body nests too deeply']);
  });

  it('what is taken is read back the same', async () => {
    const { call, key } = await start();
    const frontmatter = {
      ...HEAD,
      list: ['a', 1, { b: [null, true] }],
      multi: 'one\nagent: victim',
      yes: 'no',
    };
    const posted = await call('POST', '/v1/results', {
      as: key,
      body: { agent_id: 'bob', body: 't', frontmatter },
    });
    expect(posted.status).toBe(201);
    const read = (await call('GET', `/v1/results/${posted.json.filename}`)).json;
    expect(read.frontmatter).toMatchObject({ ...frontmatter, agent: 'bob' });
    expect(read.body).toBe('t');
  });
});

describe('a result that names two thousand places', () => {
  const many = Array.from({ length: 1_900 }, (_, i) => `runs/${i}`);

  it('costs the Hub no more than one that names a few, when it is posted and when its logs are read', async () => {
    const { call, hub, key } = await start();
    hub.seed(SCRATCH, { 'runs/3/job_logs.txt': 'tokens/s' });
    const calls: string[] = [];
    hub.fault = async (name) => void calls.push(name);
    const body = { agent_id: 'bob', frontmatter: { ...HEAD, submission: many }, body: '' };
    const posted = await call('POST', '/v1/results', { as: key, body });
    expect(posted.status).toBe(201);
    expect(calls.filter((name) => name === 'listFiles').length).toBeLessThan(15);
    calls.length = 0;
    const logs = await call('GET', `/v1/results/${posted.json.filename}/logs`);
    expect(logs.json.items).toMatchObject([{ run: 'benchmark' }]);
    expect(calls.length).toBeLessThan(5);
  });
});

describe('searches by nobody in particular', () => {
  it('wait for each other, a few of them; the rest is told to come again, and nobody else waits', async () => {
    server = await startTestServer({ env: { CONTENT_CACHE_MAX_BYTES: '1' } });
    const { call, hub } = server;
    const key = await server.join('bob');
    for (const body of ['one needle', 'two', 'three'])
      await call('POST', '/v1/messages', { as: key, body: { agent_id: 'bob', body } });
    let open = () => {};
    const gate = new Promise<void>((go) => {
      open = go;
    });
    hub.fault = (name) => (name === 'readFile' ? gate : undefined);
    const searches = Array.from({ length: 12 }, (_, i) =>
      call('GET', `/v1/messages?q=needle&limit=${i + 1}`),
    );
    const refused = await Promise.race(searches);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect((await call('GET', '/v1/messages')).status).toBe(200);
    open();
    const answers = await Promise.all(searches);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(8);
    expect(answers.find(({ status }) => status === 200)?.json.matched).toBe(1);
    expect((await call('GET', '/v1/messages?q=needle')).json.matched).toBe(1);
  });
});

describe('a list of large texts', () => {
  const large = `---\ncreator: bob\ncreated: 2026-06-01 12:00 UTC\n---\n\nWe go fast.${' '.repeat(1_000_000)}\n`;
  const folders: [string, Record<string, string>, string][] = [
    [
      'taskforces',
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`taskforces/t${i}/README.md`, large])),
      '/v1/taskforces',
    ],
    [
      'traces',
      Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`traces/bob/s${i}/manifest.md`, large])),
      '/v1/traces?expand=true&limit=12',
    ],
  ];

  it.each(folders)('never has many of them in hand: %s', async (_name, files, path) => {
    const clock = testClock();
    const hub = testHub(clock);
    hub.seed(CENTRAL, files);
    server = await startTestServer({ clock, hub, env: { CONTENT_CACHE_MAX_BYTES: '1' } });
    expect((await server.call('GET', '/v1')).status).toBe(200);
    let reads = 0;
    let open = () => {};
    const gate = new Promise<void>((go) => {
      open = go;
    });
    hub.fault = (name, [, file]) => {
      if (name !== 'readFile' || !(String(file) in files)) return undefined;
      reads++;
      return gate;
    };
    const answer = server.call('GET', path);
    for (let turn = 0; turn < 20; turn++) await new Promise((go) => setImmediate(go));
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThanOrEqual(4);
    open();
    const { json } = await answer;
    expect(json.count).toBe(12);
    expect(json.items[0].readme_excerpt ?? json.items[0].summary_excerpt).toBe('We go fast.');
  });
});

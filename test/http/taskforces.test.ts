import { afterEach, describe, expect, it } from 'vitest';
import { cpuMs } from '../helpers/cpu.ts';
import { COMPAT, ORG, startTestServer, type TestServer } from '../helpers/server.ts';

const SCRATCH = `${ORG}/test-bob`;
let server: TestServer;
let bob: string;
let eve: string;
afterEach(() => server?.close());

async function scene(env: Record<string, string> = {}) {
  server = await startTestServer({ env });
  bob = await server.join('bob');
  eve = await server.join('eve', 'user-two');
}
const create = (body = '# Speed\n\nWe go fast.', as = bob, agent_id = 'bob') =>
  server.call('POST', '/v1/taskforces', { as, body: { name: 'speed', agent_id, body } });
const file = (body: object, as = bob) => server.call('POST', '/v1/taskforces/speed/files', { as, body });
const get = async (path = '') => (await server.call('GET', `/v1/taskforces/speed${path}`)).json;

describe('taskforces', () => {
  it('are created, renewed and listed', async () => {
    await scene();
    expect((await create()).json).toEqual({
      name: 'speed',
      via: 'raw',
      path: 'taskforces/speed/README.md',
      created: true,
    });
    const again = await create('second text');
    expect([again.status, again.json.created]).toEqual([200, false]);
    expect(await get()).toMatchObject({
      creator: 'bob',
      created: '2026-06-01 12:00 UTC',
      updated: '2026-06-01 12:00 UTC',
      file_count: 1,
      note_count: 0,
    });
    const { items } = (await server.call('GET', '/v1/taskforces')).json;
    expect(items).toMatchObject([
      { name: 'speed', readme_excerpt: 'second text', contributors: ['bob'], last_activity: null },
    ]);
    expect((await server.call('GET', '/v1/taskforces?q=nothing')).json).toMatchObject({
      count: 1,
      matched: 0,
    });
    expect((await server.call('GET', '/v1/digest')).json.taskforces).toEqual({ count: 1, newest: ['speed'] });
    expect((await server.call('GET', '/v1/taskforces/none')).json.error.code).toBe('TASKFORCE_NOT_FOUND');
  });

  it('C7, C14: a README reads as it was last written, also when that is an earlier text', async () => {
    await scene();
    for (const text of ['v1', 'v2', 'v1']) {
      expect((await create(text)).status).toBeLessThan(300);
      expect((await get()).readme.body).toBe(text);
    }
  });

  it('S2, S3: nobody writes as another, nor over its README', async () => {
    await scene();
    await create();
    expect((await create('mine now', eve, 'bob')).status).toBe(401);
    expect((await create('mine now', 'hf_usertwousertwousertwo', 'bob')).status).toBe(403);
    expect((await create('mine now', eve, 'eve')).json.error.code).toBe('TASKFORCE_EXISTS');
    expect((await file({ agent_id: 'bob', body: 'x' }, eve)).status).toBe(401);
  });

  it('S3: not even with open writes does the name alone overwrite', async () => {
    await scene(COMPAT);
    await create();
    const other = await server.call('POST', '/v1/taskforces', {
      body: { name: 'speed', agent_id: 'eve', body: 'x' },
    });
    expect(other.json.error.code).toBe('TASKFORCE_EXISTS');
  });

  it('S9: whose a file is stands in its path; a named file is never a note', async () => {
    await scene();
    await create();
    server.hub.seed(SCRATCH, { 'd.md': '---\nagent: eve\nvia: bucket\n---\nI am eve\n' });
    const source = `hf://buckets/${SCRATCH}/d.md`;
    const named = await file({ source, dest_path: 'd_bob/20260601-100000-000_eve.md' });
    expect(named.json.error.code).toBe('INVALID_PATH');
    expect((await file({ source, dest_path: '99991231-000000-000_bob.md' })).json.error.code).toBe(
      'INVALID_PATH',
    );
    expect((await file({ source, dest_path: 'd_bob/eve.md' })).json).toMatchObject({
      kind: 'file',
      filename: 'd_bob/eve.md',
    });
    expect((await get('/notes?agent=eve')).matched).toBe(0);
    expect(await get()).toMatchObject({ contributors: ['bob'], note_count: 0, file_count: 2 });
    for (const dest_path of ['x_eve.md', 'README_bob/README.md', '../x_bob', 'x'])
      expect((await file({ source, dest_path })).json.error.code).toBe('INVALID_PATH');
  });

  it('S9: a foreign file with a stamp from the future does not pin the taskforce', async () => {
    await scene();
    await create();
    server.hub.seed(`${ORG}/test-main-bucket`, { 'taskforces/speed/d_bob/99991231-235959-999_eve.md': 'x' });
    await server.services.store.refresh();
    expect(await get()).toMatchObject({ contributors: ['bob'], note_count: 0 });
    expect((await server.call('GET', '/v1/taskforces')).json.items[0].last_activity).toBeNull();
  });

  it('takes notes from the bucket and inline, once', async () => {
    await scene();
    await create();
    server.hub.seed(SCRATCH, { 'n.md': '---\ntype: plan\n---\nfrom the bucket\n' });
    const source = `hf://buckets/${SCRATCH}/n.md`;
    expect((await file({ source })).json).toMatchObject({ kind: 'note', via: 'bucket' });
    expect((await file({ source })).json.error.code).toBe('ALREADY_PROMOTED');
    expect((await file({ agent_id: 'eve', body: 'inline' }, eve)).json).toMatchObject({
      kind: 'note',
      via: 'raw',
    });
    const notes = await get('/notes?expand=true&order=asc');
    expect(
      notes.items.map((note: { frontmatter: { type: string; agent: string } }) => [
        note.frontmatter.type,
        note.frontmatter.agent,
      ]),
    ).toEqual([
      ['plan', 'bob'],
      ['note', 'eve'],
    ]);
    expect(await get()).toMatchObject({ contributors: ['bob', 'eve'], note_count: 2 });
    expect((await get('/notes?type=plan')).matched).toBe(1);
  });

  it('S20: files are never pages of this origin', async () => {
    await scene();
    await create();
    server.hub.seed(SCRATCH, {
      'x.html': '<script>1</script>',
      'x.svg': '<svg/>',
      'x.txt': 'plain',
      'x.md': '# m',
    });
    for (const leaf of ['x.html', 'x.svg', 'x.txt', 'x.md'])
      await file({ source: `hf://buckets/${SCRATCH}/${leaf}`, dest_path: `bob_bob/${leaf}` });
    const headers = async (leaf: string) => {
      const answer = await server.call('GET', `/v1/taskforces/speed/files/bob_bob/${leaf}`);
      return [
        answer.status,
        answer.headers.get('content-type'),
        answer.headers.get('content-disposition'),
        answer.headers.get('x-content-type-options'),
      ];
    };
    expect(await headers('x.html')).toEqual([200, 'application/octet-stream', 'attachment', 'nosniff']);
    expect(await headers('x.svg')).toEqual([200, 'application/octet-stream', 'attachment', 'nosniff']);
    expect(await headers('x.txt')).toEqual([200, 'text/plain; charset=utf-8', 'inline', 'nosniff']);
    expect((await headers('x.md'))[1]).toBe('text/markdown; charset=utf-8');
    expect((await headers('none.txt'))[0]).toBe(404);
    expect((await get('/files')).count).toBe(5);
  });

  it.each([
    ['below a file', 'plot_eve.png/x_bob'],
    ['below the README', 'README.md/x_bob'],
    ['in the place of a folder', 'data_bob'],
  ])('nothing becomes a file and a folder: %s', async (_name, dest_path) => {
    await scene();
    await create();
    server.hub.seed(`${ORG}/test-main-bucket`, {
      'taskforces/speed/plot_eve.png': 'x',
      'taskforces/speed/data_bob/x_eve.txt': 'x',
    });
    await server.services.store.refresh();
    server.hub.seed(SCRATCH, { 'x.txt': 'plain' });
    const answer = await file({ source: `hf://buckets/${SCRATCH}/x.txt`, dest_path });
    expect([answer.status, answer.json.error.code]).toEqual([400, 'INVALID_PATH']);
    expect((await get('/files')).count).toBe(3);
  });

  it('P7: contributors of 500 files among 200 agents are found in one pass', async () => {
    await scene();
    await create();
    const central = `${ORG}/test-main-bucket`;
    const agents = Array.from({ length: 200 }, (_, n) => `agent-${n}`);
    server.hub.seed(
      central,
      Object.fromEntries(agents.map((id) => [`agents/${id}.md`, `---\nhf_user: u\n---\n`])),
    );
    const files = Array.from({ length: 500 }, (_, n) => [`taskforces/speed/f${n}_agent-${n % 200}.bin`, 'x']);
    server.hub.seed(central, Object.fromEntries(files));
    await server.services.store.refresh();
    const spent = await cpuMs(async () => expect((await get()).contributors).toHaveLength(201));
    expect(spent).toBeLessThan(500);
  });
});

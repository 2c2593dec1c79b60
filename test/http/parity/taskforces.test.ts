/** Taskforces under compat: refusals in order, heads, shapes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../helpers/server.ts';
import { compatServer, expectRefusal, source, uri, written } from './scene.ts';

let s: TestServer;
beforeAll(async () => {
  s = await compatServer();
});
afterAll(() => s.close());

const create = (body: object) => s.call('POST', '/v1/taskforces', { body });
const add = async (name: string, body: object) => {
  await s.clock.advance(5);
  return s.call('POST', `/v1/taskforces/${name}/files`, { body });
};

describe('POST /v1/taskforces', () => {
  it.each([
    [{ name: 'x' }, 422, 'INVALID_REQUEST'],
    [{ name: 'x', agent_id: 'agent-1' }, 422, 'INVALID_REQUEST'],
    [{ name: 'x', source: uri('a.md'), agent_id: 'agent-1', body: 'x' }, 422, 'INVALID_REQUEST'],
    [{ name: 'Speed', agent_id: 'agent-7', body: 'x' }, 400, 'INVALID_PATH'],
    [{ name: 'a_b', agent_id: 'agent-7', body: 'x' }, 400, 'INVALID_PATH'],
    [{ name: 'x', agent_id: 'Agent-7', body: 'x' }, 400, 'INVALID_PATH'],
    [{ name: 'x', agent_id: 'agent-7', body: 'x' }, 404, 'NOT_REGISTERED'],
    [{ name: 'x', source: uri('none.md') }, 404, 'SOURCE_NOT_FOUND'],
  ])('%j is %i %s', async (body, status, code) => {
    expectRefusal(await create(body), status, code);
  });

  it('made, renewed, refused to others', async () => {
    const made = await create({ name: 'speed', agent_id: 'agent-1', body: '# Speed\n\nWe go fast.' });
    expect([made.status, made.text]).toEqual([
      201,
      '{"name":"speed","via":"raw","path":"taskforces/speed/README.md","created":true}',
    ]);
    expect(written(s, 'taskforces/speed/README.md')).toBe(
      '---\ntaskforce: speed\ncreator: agent-1\ncreated: 2026-06-01 12:00 UTC\nvia: raw\n---\n\n# Speed\n\nWe go fast.\n',
    );
    const renewed = await create({ name: 'speed', source: source(s, 'r.md', '---\nk: v\n---\nfaster') });
    expect([renewed.status, renewed.json.created, renewed.json.via]).toEqual([200, false, 'bucket']);
    expect(written(s, 'taskforces/speed/README.md')).toBe(
      '---\nk: v\ntaskforce: speed\ncreator: agent-1\ncreated: 2026-06-01 12:00 UTC\nupdated: 2026-06-01 12:00 UTC\nvia: bucket\n---\n\nfaster\n',
    );
    const other = await create({ name: 'speed', agent_id: 'agent-2', body: 'mine' });
    expectRefusal(other, 409, 'TASKFORCE_EXISTS', /./);
  });
});

describe('POST /v1/taskforces/{name}/files', () => {
  it.each([
    ['speed', {}, 422, 'INVALID_REQUEST'],
    ['speed', { agent_id: 'agent-1', body: 'x', dest_path: 'a_agent-1' }, 422, 'INVALID_REQUEST'],
    ['speed', { source: uri('a'), dest_path: 'a_agent-1', type: 'plan' }, 422, 'INVALID_REQUEST'],
    ['Speed', { agent_id: 'agent-7', body: 'x' }, 400, 'INVALID_PATH'],
    ['none', { agent_id: 'agent-7', body: 'x' }, 404, 'TASKFORCE_NOT_FOUND'],
    ['speed', { agent_id: 'agent-7', body: 'x' }, 404, 'NOT_REGISTERED'],
    ['speed', { source: uri('a', 'agent-7'), dest_path: '/bad' }, 404, 'NOT_REGISTERED'],
    ['speed', { source: uri('a'), dest_path: '/bad' }, 400, 'INVALID_PATH'],
    ['speed', { source: uri('a'), dest_path: 'x_agent-1/Readme.md' }, 400, 'INVALID_PATH'],
    ['speed', { source: uri('a'), dest_path: 'x_agent-2' }, 400, 'INVALID_PATH'],
    ['speed', { source: uri('none'), dest_path: 'x_agent-1' }, 404, 'SOURCE_NOT_FOUND'],
  ])('%s %j is %i %s', async (name, body, status, code) => {
    expectRefusal(await add(name, body), status, code);
  });

  it('names what is reserved and what is missing', async () => {
    const readme = await add('speed', { source: uri('a'), dest_path: 'x_agent-1/README.md' });
    expect(readme.json.error.message).toContain('reserved');
    const marker = await add('speed', { source: uri('a'), dest_path: 'x' });
    expect(marker.json.error.message).toContain('_agent-1');
  });

  it('a note inline and from a bucket', async () => {
    const inline = await add('speed', { agent_id: 'agent-2', body: 'note', type: 'plan' });
    expect(inline.status).toBe(201);
    expect(Object.keys(inline.json)).toEqual(['kind', 'filename', 'via', 'path']);
    expect(written(s, inline.json.path)).toBe(
      '---\ntype: plan\nagent: agent-2\ntimestamp: 2026-06-01 12:00 UTC\nvia: raw\ntaskforce: speed\n---\n\nnote\n',
    );
    const text = '---\nagent: agent-2\n---\nfrom the bucket';
    const note = await add('speed', { source: source(s, 'n.md', text), type: 'ignored' });
    expect((await s.call('GET', '/v1/taskforces/speed/notes?expand=1&limit=1')).json.items[0]).toMatchObject({
      filename: note.json.filename,
      frontmatter: { agent: 'agent-1', type: 'note', via: 'bucket', taskforce: 'speed' },
      body: 'from the bucket',
    });
    expectRefusal(await add('speed', { source: uri('n.md') }), 409, 'ALREADY_PROMOTED', /existing filename/);
  });

  it('a named file is copied unchanged, over an earlier one too', async () => {
    for (const text of ['---\nagent: agent-2\n---\nv1', 'v2']) {
      const answer = await add('speed', { source: source(s, 'd.md', text), dest_path: 'data_agent-1/d.md' });
      expect(answer.text).toBe(
        '{"kind":"file","filename":"data_agent-1/d.md","via":"bucket","path":"taskforces/speed/data_agent-1/d.md"}',
      );
      expect((await s.call('GET', '/v1/taskforces/speed/files/data_agent-1/d.md')).text).toBe(text);
    }
  });
});

describe('reads', () => {
  it('the list, one, notes, files', async () => {
    const list = (await s.call('GET', '/v1/taskforces')).json;
    expect(list).toMatchObject({ count: 1, matched: 1 });
    expect(Object.keys(list.items[0])).toEqual([
      'name',
      'creator',
      'created',
      'readme_excerpt',
      'contributors',
      'file_count',
      'note_count',
      'last_activity',
    ]);
    expect(list.items[0]).toMatchObject({
      creator: 'agent-1',
      readme_excerpt: 'faster',
      contributors: ['agent-1', 'agent-2'],
      file_count: 4,
    });
    const one = (await s.call('GET', '/v1/taskforces/speed')).json;
    expect(Object.keys(one)).toEqual([
      'name',
      'creator',
      'created',
      'updated',
      'readme',
      'contributors',
      'file_count',
      'note_count',
      'recent_notes',
    ]);
    expect(Object.keys(one.readme)).toEqual(['filename', 'frontmatter', 'body']);
    const files = (await s.call('GET', '/v1/taskforces/speed/files')).json;
    expect(files.items.map(({ path }: { path: string }) => path)).toEqual(
      files.items.map(({ path }: { path: string }) => path).toSorted(),
    );
    expect(files.items.at(-1)).toEqual({ path: 'data_agent-1/d.md', size: 2 });
  });
  it.each([
    ['/v1/taskforces/none', 404, 'TASKFORCE_NOT_FOUND'],
    ['/v1/taskforces/none/notes', 404, 'TASKFORCE_NOT_FOUND'],
    ['/v1/taskforces/Speed/files', 400, 'INVALID_PATH'],
    ['/v1/taskforces/speed/files/none.txt', 404, 'NOT_FOUND'],
    ['/v1/taskforces/speed/files/.hidden', 400, 'INVALID_PATH'],
  ])('%s is %i %s', async (path, status, code) => {
    expectRefusal(await s.call('GET', path), status, code);
  });
});

/** `results/verification_status.json`: one file that many writes change, written once per batch and never read as what it is not. */
import { fileStamp } from '@collab/contract/stamps.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const INDEX = 'results/verification_status.json';
const ORGANIZER = 'hf_organizerorganizer';
const AGENTS = 12;
const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const stampOf = (n: number) => `20260601-1000${String(n).padStart(2, '0')}-000`;
const head = (n: number) =>
  `---\nscore: ${n + 1}\nmethod: m\nstatus: agent-run\ndescription: d${n}\n---\ntext\n`;

const recordOf = (names: string[]) => ({
  ...Object.fromEntries(names.map((name, n) => [`results/${name}`, head(n)])),
  [INDEX]: '{}',
});

async function scene(files: Record<string, string> = {}, secret: Record<string, string> = {}) {
  const clock = testClock();
  const hub = testHub(clock);
  hub.seed(CENTRAL, files);
  hub.seed(PRIVATE, secret);
  const server = await startTestServer({ clock, hub });
  open.push(server);
  await clock.advance(1_000);
  return server;
}

/** Batches on the central bucket from now on, as the paths they add. */
function batchesOf({ hub }: TestServer): string[][] {
  const batches: string[][] = [];
  hub.afterWrite = (bucket, { adds = [] }) => {
    if (bucket === CENTRAL) batches.push(adds.map(({ path }) => path));
  };
  return batches;
}

const index = ({ hub }: TestServer) => JSON.parse(hub.textOf(CENTRAL, INDEX) ?? '{}');
const verdictOf = async (server: TestServer, name: string) =>
  (await server.call('GET', `/v1/results/${name}/verdict`)).json;
const judge = (server: TestServer, name: string, state: string) =>
  server.call('POST', `/v1/results/${name}/verdict`, { as: ORGANIZER, body: { state, reason: 'seen' } });

describe('the index of verdicts', () => {
  it('P5: results of one group share a batch, and the index is in it once', async () => {
    const server = await scene();
    const keys = await Promise.all(Array.from({ length: AGENTS }, (_, n) => server.join(`a${n}`)));
    const batches = batchesOf(server);
    const post = (key: string, n: number) =>
      server.call('POST', '/v1/results', { as: key, body: { agent_id: `a${n}`, body: head(n) } });
    const answers = await Promise.all(keys.map(post));
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 201));
    const names = answers.map(({ json }) => json.filename);
    expect(index(server)).toEqual(Object.fromEntries(names.map((name) => [name, 'pending'])));
    const touching = batches.filter((paths) => paths.some((path) => path.startsWith('results/')));
    expect(touching.length).toBeLessThanOrEqual(3);
    for (const paths of touching) expect(paths.filter((path) => path === INDEX)).toHaveLength(1);
  });

  it('P5: verdicts asked for together are one look at the file and one batch', async () => {
    const names = Array.from({ length: AGENTS }, (_, n) => `${stampOf(n)}_a${n}.md`);
    const server = await scene(recordOf(names));
    const batches = batchesOf(server);
    let looks = 0;
    server.hub.fault = (call, [, path]) => {
      if (call === 'readFile' && path === INDEX) looks++;
    };
    const answers = await Promise.all(names.map((name) => judge(server, name, 'valid')));
    expect(answers.map(({ json }) => json.verification)).toEqual(names.map(() => 'valid'));
    expect(index(server)).toEqual(Object.fromEntries(names.map((name) => [name, 'valid'])));
    const touching = batches.filter((paths) => paths.includes(INDEX));
    expect(touching.length).toBeLessThanOrEqual(2);
    expect(looks).toBeLessThanOrEqual(3);
  });

  it('C3: an index that was taken without its verdict is nobody’s word, and is put right', async () => {
    const name = `${stampOf(1)}_a1.md`;
    const server = await scene({ [`results/${name}`]: head(1), [INDEX]: '{}' });
    server.hub.refuse = (path) => path.startsWith('results/verdicts/');
    expect((await judge(server, name, 'valid')).status).toBe(503);
    expect(index(server)).toEqual({ [name]: 'valid' });
    server.hub.refuse = () => false;
    await server.clock.advance(60_000);
    expect(await verdictOf(server, name)).toMatchObject({ history: [] });
    expect(index(server)).toEqual({ [name]: 'pending' });
  });

  it('C3: what a person writes after such a failure still counts', async () => {
    const name = `${stampOf(1)}_a1.md`;
    const server = await scene({ [`results/${name}`]: head(1), [INDEX]: '{}' });
    server.hub.refuse = (path) => path.startsWith('results/verdicts/');
    await judge(server, name, 'valid');
    server.hub.refuse = () => false;
    server.hub.seed(CENTRAL, { [INDEX]: JSON.stringify({ [name]: 'invalid' }) });
    await server.clock.advance(60_000);
    expect(await verdictOf(server, name)).toMatchObject({
      verification: 'invalid',
      history: [{ kind: 'human', state: 'invalid' }],
    });
  });

  it('C3: one refused verdict of a group leaves the others and is not in the index', async () => {
    const names = [1, 2, 3].map((n) => `${stampOf(n)}_a${n}.md`);
    const server = await scene(recordOf(names));
    server.hub.refuse = (path) => path.startsWith(`results/verdicts/${names[1]}`);
    const answers = await Promise.all(names.map((name) => judge(server, name, 'valid')));
    expect(answers.map(({ status }) => status)).toEqual([201, 503, 201]);
    server.hub.refuse = () => false;
    await server.clock.advance(60_000);
    const states = ['valid', 'pending', 'valid'];
    expect(index(server)).toEqual(Object.fromEntries(names.map((name, n) => [name, states[n]])));
    expect(await verdictOf(server, names[1] as string)).toMatchObject({ history: [] });
  });

  it('C3: a verdict whose outcome was long unknown is not undone by the index of its own batch', async () => {
    const names = [1, 2].map((n) => `${stampOf(n)}_a${n}.md`);
    const server = await scene(recordOf(names));
    let blind = true;
    server.hub.afterWrite = (bucket, { adds = [] }) => {
      if (blind && bucket === CENTRAL && adds.some(({ path }) => path === INDEX)) throw new Error('lost');
    };
    server.hub.fault = (call) => {
      if (blind && call === 'pathsInfo') throw new Error('blind');
    };
    const answer = judge(server, names[0] as string, 'valid');
    await server.clock.advance(120_000);
    expect((await answer).status).toBe(503);
    blind = false;
    await server.clock.advance(120_000);
    expect(await verdictOf(server, names[0] as string)).toMatchObject({
      verification: 'valid',
      history: [{ kind: 'human', state: 'valid', reason: 'seen' }],
    });
    expect((await judge(server, names[1] as string, 'invalid')).status).toBe(201);
    expect(index(server)).toEqual({ [names[0] as string]: 'valid', [names[1] as string]: 'invalid' });
    await server.clock.advance(120_000);
    expect((await verdictOf(server, names[0] as string)).history).toHaveLength(1);
  });

  it.each([
    ['older than the verdict is what a broken-off write left, and is put right', -60_000, 'valid', 1],
    ['younger than the verdict is a person handing the result back', 60_000, 'pending', 2],
  ])('C3: at a start, a `pending` that is %s', async (_, later, state, said) => {
    const name = `${stampOf(1)}_a1.md`;
    const clock = testClock();
    const hub = testHub(clock);
    const verdict = { schema: 1, result: name, state: 'valid', at: 'x', reason: 'r' };
    const by = { kind: 'machine', id: 'verifier' };
    hub.seed(CENTRAL, {
      [`results/${name}`]: head(1),
      [`results/verdicts/${name}/${fileStamp(clock.now())}_verifier.json`]: JSON.stringify({
        ...verdict,
        by,
      }),
      [INDEX]: `{"${name}": "pending"}`,
    });
    const file = hub.buckets.get(CENTRAL)?.files.get(INDEX);
    if (file) file.mtime = clock.now() + later;
    const server = await startTestServer({ clock, hub });
    open.push(server);
    await clock.advance(120_000);
    const judged = await verdictOf(server, name);
    expect([judged.verification, judged.history.length]).toEqual([state, said]);
    expect(index(server)).toEqual({ [name]: state });
  });
});

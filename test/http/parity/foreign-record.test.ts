/** A record that another server wrote, or a person edits beside this one: the first answer is the right one. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { CENTRAL, PRIVATE, type TestServer } from '../../helpers/server.ts';
import { compatServer, source } from './scene.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const INDEX = 'results/verification_status.json';
const A = '20260601-100000-000_agent-1.md';
const B = '20260601-100000-001_agent-2.md';
const result = (agent: string, score: number) =>
  `---\nscore: ${score}\nmethod: m\nstatus: agent-run\ndescription: d\nagent: ${agent}\ntimestamp: 2026-06-01 10:00 UTC\nvia: bucket\n---\n`;
const RESULTS = { [`results/${A}`]: result('agent-1', 30), [`results/${B}`]: result('agent-2', 20) };
const index = (states: Record<string, unknown>) => ({ [INDEX]: JSON.stringify(states) });

async function started(files: Record<string, string>, env: Record<string, string> = { LISTING_TTL_S: '0' }) {
  const server = await compatServer(env, files);
  servers.push(server);
  // The Hub takes a while to give the index.
  server.hub.fault = async (call, args) => {
    for (let i = 0; call === 'readFile' && args[1] === INDEX && i < 20; i++) await turn();
  };
  return server;
}

const board = async (server: TestServer) => {
  const { rows, meta } = (await server.call('GET', '/v1/leaderboard')).json;
  return [
    rows.map((r: { agent: string; verification: string }) => `${r.agent} ${r.verification}`),
    meta.excluded,
  ];
};
const NONE = { status_negative: 0, malformed: 0 };

it.each([{ LISTING_TTL_S: '0' }, { LISTING_TTL_S: '30' }])(
  'the first board after a start knows the states of the index: %o',
  async (env) => {
    const server = await started({ ...RESULTS, ...index({ [A]: 'invalid', [B]: 'valid' }) }, env);
    expect(await board(server)).toEqual([['agent-2 valid'], { ...NONE, verification_invalid: 1 }]);
  },
);

it('with LISTING_TTL_S=0 the first read after an edit of the index shows it', async () => {
  const server = await started({ ...RESULTS, ...index({}) });
  expect(await board(server)).toEqual([['agent-1 pending', 'agent-2 pending'], NONE]);
  const steps: [Record<string, unknown>, string[], object][] = [
    [{ [A]: 'invalid' }, ['agent-2 pending'], { ...NONE, verification_invalid: 1 }],
    [{ [A]: 'valid' }, ['agent-1 valid', 'agent-2 pending'], NONE],
    [{ [A]: 5, [B]: 'valid' }, ['agent-2 valid'], { ...NONE, verification_5: 1 }],
    [{}, ['agent-1 pending', 'agent-2 pending'], NONE],
  ];
  for (const [states, rows, excluded] of steps) {
    await server.clock.advance(10);
    server.hub.seed(CENTRAL, index(states));
    expect(await board(server)).toEqual([rows, excluded]);
  }
});

it('a state of the organizers’ own stays when the index is written again, and goes with the index', async () => {
  const server = await started({ ...RESULTS, ...index({ [A]: 'on-hold', 'gone.md': 'valid' }) });
  const body = {
    source: source(server, 'r.md', '---\nscore: 1\nmethod: m\nstatus: agent-run\ndescription: d\n---\n'),
  };
  const { filename } = (await server.call('POST', '/v1/results', { body })).json;
  expect(JSON.parse(server.hub.textOf(CENTRAL, INDEX) ?? '')).toEqual({
    [A]: 'on-hold',
    [B]: 'pending',
    [filename]: 'pending',
    'gone.md': 'valid',
  });
  const state = async () => (await server.call('GET', `/v1/results/${A}`)).json.verification;
  expect(await state()).toBe('on-hold');
  server.hub.buckets.get(CENTRAL)?.files.delete(INDEX);
  expect(await state()).toBe('pending');
});

it('inbox copies whose message is not on the board are in the inbox', async () => {
  const copy = (type: string) => `---\ntype: ${type}\nagent: agent-2\n---\n\nhi @agent-1\n`;
  const server = await started({
    [`inbox/agent-1/${B}`]: copy('agent'),
    [`inbox/human-zed/${A}`]: copy('plan'),
  });
  const inbox = async (who: string) => (await server.call('GET', `/v1/inbox/${who}?expand=true`)).json;
  const records = (name: string, type: string) => [
    { filename: name, frontmatter: { type, agent: 'agent-2' }, body: 'hi @agent-1' },
  ];
  expect(await inbox('agent-1')).toMatchObject({ count: 1, items: records(B, 'agent') });
  expect(await inbox('human-zed')).toMatchObject({ count: 1, items: records(A, 'plan') });
});

it('rows of the audit log have the reference’s keys in its order, and the bytes of the file', async () => {
  const server = await started({});
  const headers = { 'user-agent': 'probe' };
  const body = { agent_id: 'agent-1', body: 'hi @agent-2' };
  const { path } = (await server.call('POST', '/v1/messages', { body, headers })).json;
  await server.services.audit.flush();
  const [file] = [...(server.hub.buckets.get(PRIVATE)?.files.keys() ?? [])].filter((p) =>
    p.startsWith('audit/'),
  );
  const row = JSON.parse(server.hub.textOf(PRIVATE, file as string) ?? '');
  const size = Buffer.byteLength(server.hub.textOf(CENTRAL, path) ?? '');
  expect(Object.keys(row).join(' ')).toBe(
    'ts agent_id route via source target_path bytes status_code user_agent mentions_delivered auth',
  );
  expect(row).toMatchObject({ route: '/v1/messages', via: 'raw', target_path: path, bytes: size });
});

import { afterEach, describe, expect, it } from 'vitest';
import { CENTRAL, PRIVATE, startTestServer, type TestServer, testClock, testHub } from '../helpers/server.ts';

const COUNT = 60;
const stamp = (n: number) => `20260601-10${String(n).padStart(4, '0')}-000`;
const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

function seeded() {
  const clock = testClock();
  const hub = testHub(clock);
  const files: Record<string, string> = {};
  for (let n = 0; n < COUNT; n++) {
    const name = `${stamp(n)}_agent-${n}.md`;
    files[`results/${name}`] = `---\nscore: ${n + 1}\nmethod: m\nstatus: agent-run\ndescription: d\n---\n`;
    const verdict = {
      schema: 1,
      result: name,
      state: 'valid',
      by: { kind: 'machine', id: 'verifier' },
      at: 'x',
      reason: 'r',
    };
    files[`results/verdicts/${name}/${stamp(n + 100)}_verifier.json`] = JSON.stringify(verdict);
  }
  hub.seed(CENTRAL, files);
  return { clock, hub };
}

describe('verdicts at a start', () => {
  it('are read from one copy after the first time; a changed file is read itself', async () => {
    const { clock, hub } = seeded();
    const ranked = async () => {
      const server = await startTestServer({ clock, hub });
      open.push(server);
      await clock.advance(1_000);
      const rows = (await server.call('GET', '/v1/leaderboard?limit=200')).json.rows;
      await server.close();
      open.pop();
      return rows.filter((row: { rank: number | null }) => row.rank !== null).length;
    };
    expect(await ranked()).toBe(COUNT);
    expect(hub.textOf(PRIVATE, 'index/verdicts.jsonl')?.trim().split('\n')).toHaveLength(COUNT);
    let reads = 0;
    hub.fault = (call, [, path]) => {
      if (call === 'readFile' && String(path).startsWith('results/verdicts/')) reads++;
    };
    expect(await ranked()).toBe(COUNT);
    expect(reads).toBe(0);
    const name = `${stamp(0)}_agent-0.md`;
    const other = {
      schema: 1,
      result: name,
      state: 'invalid',
      by: { kind: 'machine', id: 'verifier' },
      at: 'x',
      reason: 'r',
    };
    hub.seed(CENTRAL, { [`results/verdicts/${name}/${stamp(100)}_verifier.json`]: JSON.stringify(other) });
    expect(await ranked()).toBe(COUNT - 1);
  });

  it('C5: a board whose verdicts cannot be read is 503, never an empty or unverified one', async () => {
    const { clock, hub } = seeded();
    hub.fault = (call, [, path]) => {
      if (call === 'readFile' && String(path).startsWith('results/verdicts/')) throw new Error('down');
    };
    const server = await startTestServer({ clock, hub });
    open.push(server);
    const answer = await server.call('GET', '/v1/leaderboard');
    expect(answer.status).toBe(503);
  });
});

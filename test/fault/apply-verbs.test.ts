import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createHubClient } from '@collab/hub/client.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockApply } from '../../generator/apply/lock.ts';
import { main } from '../../generator/main.ts';
import { type Bench, put, startBench, testIo } from './apply-fixture.ts';

const SPACE = 'gemma-collab/gemma-collab';
const CENTRAL = 'gemma-collab/gemma-main-bucket';
const PRIVATE = 'organizer/gemma-private';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  await put(bench.dir, '.collab/hub.json', JSON.stringify({ url: bench.url, pid: process.pid }));
});
afterAll(() => bench.close());

interface Ran {
  code: number;
  out: string;
  err: string;
  json: any;
}

/** One command line, in process. */
async function collab(...argv: string[]): Promise<Ran> {
  const texts = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write: (chunk, _encoding, done) => {
        texts[name] += String(chunk);
        done();
      },
    });
  const io = testIo({ argv, cwd: bench.dir, stdout: into('out'), stderr: into('err') });
  const code = await main(io, '0.0.0');
  return { code, ...texts, json: argv.includes('--json') ? JSON.parse(texts.out) : null };
}

const hub = () => createHubClient({ endpoint: bench.url, token: bench.tokens.organizer ?? '' });

describe('B7: the verbs of the provisioner, in the order an organizer uses them', () => {
  it('plan: changes, exit 2, and a plan on disk', async () => {
    const { code, out } = await collab('plan', '--out', 'plan.json');
    expect([code, out.includes(`+ Space ${SPACE}`), out.includes('to create')]).toEqual([2, true, true]);
    const saved = await readFile(join(bench.dir, 'plan.json'), 'utf8');
    for (const token of Object.values(bench.tokens)) expect(saved.includes(token)).toBe(false);
  });

  it('apply --plan: exactly that, exit 0; a second time it is stale, exit 1', async () => {
    const first = await collab('apply', '--plan', 'plan.json', '--json');
    expect([first.code, first.json.status, first.json.writes]).toEqual([0, 'ok', 8]);
    const second = await collab('apply', '--plan', 'plan.json', '--json');
    expect([second.code, second.json.code]).toEqual([1, 'PLAN_STALE']);
  });

  it('plan and apply: nothing to do, exit 0', async () => {
    expect((await collab('plan', '--json')).json).toMatchObject({ status: 'ok', next: [] });
    const applied = await collab('apply');
    expect([applied.code, applied.out.split('\n')[0]]).toEqual([
      0,
      'Nothing was changed: everything is as planned.',
    ]);
  });

  it('status: what runs, and drift with exit 2', async () => {
    const calm = await collab('status', '--json');
    expect([calm.code, calm.json.space.stage, calm.json.space.healthy, calm.json.drift]).toEqual([
      0,
      'RUNNING',
      true,
      [],
    ]);
    await hub().setSpaceVariable(SPACE, { key: 'ORG', value: 'other' });
    const drifted = await collab('status', '--json');
    expect([drifted.code, drifted.json.drift.map(({ id }: { id: string }) => id)]).toEqual([
      2,
      ['variable:ORG', 'health'],
    ]);
    expect((await collab('apply')).code).toBe(0);
  });

  it('doctor: nothing wrong; then everything that is', async () => {
    const well = await collab('doctor', '--json');
    const wrong = (ran: Ran) => ran.json.findings.filter(({ state }: { state: string }) => state === 'wrong');
    expect(wrong(well).filter(({ id }: { id: string }) => id !== 'package')).toEqual([]);
    await hub().pauseSpace(SPACE);
    await put(bench.dir, 'space/src/hub/index.ts', 'export const edited = true;\n');
    const ill = await collab('doctor', '--json');
    const ids = wrong(ill).map(({ id }: { id: string }) => id);
    expect([ill.code, ids.filter((id: string) => id !== 'package')]).toEqual([1, ['check:space', 'space']]);
    for (const { fix } of wrong(ill)) expect(fix.command.length).toBeGreaterThan(5);
    await put(bench.dir, 'space/src/hub/index.ts', 'export {};\n');
    expect((await collab('apply')).code, 'apply wakes a paused Space').toBe(0);
  });

  it('destroy waits for an apply that is under way', async () => {
    const unlock = await lockApply(bench.dir);
    const refused = await collab('destroy', '--yes', '--json');
    await unlock();
    expect([refused.code, refused.json.code]).toEqual([1, 'APPLY_RUNNING']);
    expect(await hub().spaceInfo(SPACE)).not.toBeNull();
  });

  it('destroy: asks, keeps buckets, deletes what is named', async () => {
    const asked = await collab('destroy', '--json');
    expect([asked.code, asked.json.code]).toEqual([2, 'CONFIRMATION_MISSING']);
    const wrong = await collab('destroy', '--yes', '--delete-bucket', 'someone/else', '--json');
    expect([wrong.code, wrong.json.code]).toEqual([1, 'UNKNOWN_BUCKET']);
    const first = await collab('destroy', '--yes', '--json');
    expect([first.code, first.json.removed]).toEqual([0, [SPACE]]);
    expect([await hub().spaceInfo(SPACE), (await hub().bucketInfo(CENTRAL))?.id]).toEqual([null, CENTRAL]);
    const second = await collab(
      'destroy',
      '--yes',
      '--delete-bucket',
      CENTRAL,
      '--delete-bucket',
      PRIVATE,
      '--json',
    );
    expect(second.json.removed).toEqual([CENTRAL, PRIVATE]);
    const third = await collab('destroy', '--json');
    expect([third.code, third.json.removed]).toEqual([0, []]);
  });

  it('apply after destroy makes it anew', async () => {
    const again = await collab('apply', '--json');
    expect([again.code, again.json.writes]).toEqual([0, 8]);
    expect((await hub().listFiles(CENTRAL))?.length).toBe(6);
  });

  it('errors have a code and a next step', async () => {
    expect((await collab('apply', '--plan', 'README.md', '--json')).json).toMatchObject({
      code: 'PLAN_UNREADABLE',
    });
    expect((await collab('apply', '--take-mine', '--take-theirs', '--json')).json.code).toBe('BAD_FLAG');
    await put(bench.dir, '.collab/hub.json', JSON.stringify({ url: 'http://127.0.0.1:9', pid: process.pid }));
    const gone = await collab('plan', '--json');
    expect([gone.code, gone.json.code, gone.json.next[0].command]).toEqual([
      1,
      'HUB_NOT_RUNNING',
      'create-collab dev',
    ]);
  });
});

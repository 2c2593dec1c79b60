import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, processesOf } from '../e2e/cli.ts';
import { writeChallenge } from './apply-fixture.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url));

let parent: string;
let dir: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-dev-'));
  dir = join(parent, 'challenge');
  await writeChallenge(dir);
});
afterAll(() => rm(parent, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));

function dev(...more: string[]) {
  const child = spawn(process.execPath, [CLI, 'dev', dir, '--json', ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  return { child, said };
}

async function until(child: ChildProcess, said: { err: string }, pattern: RegExp): Promise<void> {
  while (!pattern.test(said.err)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${said.err}`);
    await Promise.race([
      once(child.stderr as NodeJS.ReadableStream & ChildProcess['stderr'], 'data'),
      once(child, 'exit'),
    ]);
  }
}

async function ran(...more: string[]) {
  const { child, said } = dev(...more);
  const [code] = await once(child, 'close');
  return { code, json: JSON.parse(said.out), err: said.err };
}

const answersAt = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe('dev', () => {
  it('comes up, stops without a trace, and goes on with the same collaboration', async () => {
    const first = await ran('--once');
    expect([first.code, first.json.status, first.json.resumed, first.json.writes]).toEqual([
      0,
      'ok',
      false,
      8,
    ]);
    expect([await answersAt(first.json.api_url), await answersAt(first.json.hub_url)]).toEqual([
      false,
      false,
    ]);
    const second = await ran('--once');
    expect([second.code, second.json.resumed, second.json.writes]).toEqual([0, true, 0]);
    expect(second.json.hub_url, 'the port of last time').toBe(first.json.hub_url);
    const tokens = Object.values(JSON.parse(await readFile(join(dir, '.collab/tokens.json'), 'utf8')));
    for (const token of tokens) expect(`${JSON.stringify(second)}`).not.toContain(token);
  });

  it('ends at SIGINT with everything it started', async () => {
    const { child, said } = dev();
    await until(child, said, /"event":"ready"/);
    const ready = JSON.parse(said.err.split('\n').find((line) => line.includes('"event":"ready"')) ?? '{}');
    expect([await answersAt(ready.api_url), await answersAt(ready.hub_url)]).toEqual([true, true]);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect([code, await answersAt(ready.api_url), await answersAt(ready.hub_url)]).toEqual([0, false, false]);
  });

  it('takes hub and Space along when it ends by SIGKILL', async () => {
    const { child, said } = dev();
    await until(child, said, /"event":"ready"/);
    const started = async () =>
      (await processesOf(dir)).filter((line) => /server\.mjs|cli\.mjs hub/.test(line)).length;
    await eventually(async () => (await started()) === 2);
    child.kill('SIGKILL');
    await once(child, 'close');
    await eventually(async () => (await processesOf(dir)).length === 0);
    expect(await processesOf(dir)).toEqual([]);
  });

  it('goes on after SIGKILL in the middle of an apply', async () => {
    await rm(join(dir, '.collab'), { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
    const { child, said } = dev();
    await until(child, said, /"id":"bucket:central","state":"done"/);
    child.kill('SIGKILL');
    await once(child, 'close');
    const again = await ran('--once');
    expect([again.code, again.json?.status], again.err).toEqual([0, 'ok']);
    expect((await ran('--once')).json.writes).toBe(0);
  });
});

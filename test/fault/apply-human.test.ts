import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyChallenge } from '../../generator/apply/challenge.ts';
import type { ApplyOptions, ApplyReport } from '../../generator/apply/types.ts';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import { put, testIo, writeChallenge } from './apply-fixture.ts';

const ADA = 'hf_ada000000000';
const SPACE_TOKEN = 'hf_space0000000';
const WRITE = ['repo.content.read', 'repo.write'];
const scopes = (permissions: string[]) => [
  { name: 'acme', type: 'org', permissions },
  { name: 'ada', type: 'user', permissions },
];
const users: Seed['users'] = [
  {
    name: 'ada',
    token: ADA,
    role: 'fineGrained',
    scopes: scopes(WRITE),
    tokens: [{ token: SPACE_TOKEN, role: 'fineGrained', scopes: scopes([...WRITE, 'job.write']) }],
  },
];
const acme = (plan: 'team' | null): Seed['orgs'] => [
  { name: 'acme', plan, credits: 5, members: [{ user: 'ada', role: 'admin' }] },
];
const REMOTE = 'hub:\n  endpoint: https://huggingface.co\n  org: acme\n  private_namespace: ada\n';

let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-human-'));
  dir = join(parent, 'challenge');
  await writeChallenge(dir);
  const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
  await put(dir, 'challenge.yaml', `${yaml.replace(/^hub:[\s\S]*?(?=^\S|$(?![\s\S]))/m, '')}\n${REMOTE}`);
});
afterEach(() => rm(parent, { recursive: true, force: true }));

/** One apply as against huggingface.co, on a hub whose world is as the seed says. */
async function applyOn(
  seed: Seed,
  more: Partial<ApplyOptions> = {},
): Promise<ApplyReport & { buckets: number }> {
  const hub = await startHub({ dir: join(parent, 'hub'), port: 0, host: '127.0.0.1', seed });
  try {
    const report = await applyChallenge({ io: testIo(), dir, hubUrl: hub.url, token: ADA, ...more });
    const client = createHubClient({ endpoint: hub.url, token: ADA });
    const found = await Promise.all(
      ['acme/gemma-main-bucket', 'ada/gemma-private'].map((id) => client.bucketInfo(id)),
    );
    return { ...report, buckets: found.filter(Boolean).length };
  } finally {
    await hub.close();
  }
}
const waiting = (report: ApplyReport) =>
  report.plan.nodes.filter(({ state }) => ['human', 'blocked'].includes(state)).map(({ id }) => id);

describe('on huggingface.co', () => {
  it('goes as far as it can, names what a person has to do, and goes on from there', async () => {
    const noOrg = await applyOn({ users, orgs: [] });
    expect([noOrg.status, noOrg.writes, noOrg.buckets]).toEqual(['action_required', 0, 0]);
    expect(waiting(noOrg)).toContain('check:org');

    const noPlan = await applyOn({ users, orgs: acme(null) });
    expect([noPlan.status, noPlan.writes, noPlan.buckets]).toEqual(['action_required', 0, 0]);
    expect(waiting(noPlan)).toEqual(['check:plan', 'human:invite', 'secret:HF_TOKEN']);

    const noSecret = await applyOn({ users, orgs: acme('team') });
    expect([noSecret.status, noSecret.buckets, noSecret.apiUrl]).toEqual(['action_required', 2, null]);
    expect(waiting(noSecret)).toEqual(['human:invite', 'secret:HF_TOKEN']);
    const skipped = noSecret.operations.filter(({ state }) => state === 'skipped').map(({ id }) => id);
    expect(skipped).toEqual(['space-files', 'health']);

    const noInvite = await applyOn({ users, orgs: acme('team') }, { spaceToken: SPACE_TOKEN });
    expect([noInvite.status, noInvite.writes]).toEqual(['action_required', 2]);
    expect(noInvite.apiUrl).toMatch(/^http/);

    await put(
      dir,
      'challenge.yaml',
      `${await readFile(join(dir, 'challenge.yaml'), 'utf8')}  invite_url: https://huggingface.co/organizations/acme/share/code\n`,
    );
    const done = await applyOn({ users, orgs: acme('team') }, { spaceToken: SPACE_TOKEN });
    expect([done.status, waiting(done)]).toEqual(['ok', []]);
    const again = await applyOn({ users, orgs: acme('team') }, { spaceToken: SPACE_TOKEN });
    expect([again.status, again.writes]).toEqual(['ok', 0]);
  });

  it('S15: takes no broad token and no token of a stranger for the Space', async () => {
    const broad = await applyOn({
      users: [{ name: 'ada', token: ADA, role: 'write' }],
      orgs: acme('team'),
    });
    expect([broad.status, broad.writes, waiting(broad)[0]]).toEqual(['action_required', 0, 'check:token']);
    const stranger = await applyOn({ users, orgs: acme('team') }, { spaceToken: 'hf_nobodyknowsthis' });
    expect(waiting(stranger)).toContain('check:space-token');
    expect(JSON.stringify(stranger)).not.toContain('hf_nobodyknowsthis');
  });
});

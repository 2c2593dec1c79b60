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
const inner = { name: 'inner', type: 'org', permissions: WRITE };
const users: Seed['users'] = [
  {
    name: 'ada',
    token: ADA,
    role: 'fineGrained',
    scopes: scopes(WRITE),
    tokens: [{ token: SPACE_TOKEN, role: 'fineGrained', scopes: scopes([...WRITE, 'job.write']) }],
  },
];
const acme = (plan: 'team' | null, credits = 5): Seed['orgs'] => [
  { name: 'acme', plan, credits, members: [{ user: 'ada', role: 'admin' }] },
];
const JOB = { image: 'python:3.12', command: ['true'], flavor: 'cpu-basic', timeoutSeconds: 60 };
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
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));

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

  it('without credits for jobs nothing is written; without jobs everything is', async () => {
    const stuck = await applyOn({ users, orgs: acme('team', 0) }, { spaceToken: SPACE_TOKEN });
    expect([stuck.status, stuck.writes, stuck.buckets]).toEqual(['action_required', 0, 0]);
    const node = stuck.plan.nodes.find(({ id }) => id === 'check:credits');
    expect(node?.human?.url).toBe('https://huggingface.co/organizations/acme/settings/billing');
    expect(node?.next?.map(({ command }) => command)).toEqual([
      'challenge.yaml: hardware.jobs_enabled: false, verification.mode: manual',
    ]);
    const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
    await put(
      dir,
      'challenge.yaml',
      yaml.replace('jobs_enabled: true', 'jobs_enabled: false').replace('mode: jobs', 'mode: manual'),
    );
    const done = await applyOn({ users, orgs: acme('team', 0) }, { spaceToken: SPACE_TOKEN });
    expect([waiting(done), done.buckets, Boolean(done.apiUrl)]).toEqual([['human:invite'], 2, true]);
  });

  it('the hub does refuse what the plan warns of: a job without credits, a Space without a plan', async () => {
    const seed = { users, orgs: acme(null, 0) };
    const hub = await startHub({ dir: join(parent, 'hub'), port: 0, host: '127.0.0.1', seed });
    const client = createHubClient({ endpoint: hub.url, token: SPACE_TOKEN });
    await expect(client.runJob('acme', JOB)).rejects.toMatchObject({ kind: 'payment' });
    const space = client.createSpace('acme/gemma-collab', { sdk: 'docker', private: false });
    await expect(space).rejects.toMatchObject({ kind: 'payment' });
    await hub.close();
  });

  it("without a plan of the organization the Space goes into a PRO user's own namespace", async () => {
    const pro = users.map((user) => ({ ...user, pro: true }));
    const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
    await put(dir, 'challenge.yaml', `${yaml}  space: ada/gemma-collab\n`);
    const done = await applyOn({ users: pro, orgs: acme(null) }, { spaceToken: SPACE_TOKEN });
    expect([waiting(done), done.buckets, Boolean(done.apiUrl)]).toEqual([['human:invite'], 2, true]);
  });

  it('a plan that the hub does not honour: the alternatives, and no harm', async () => {
    const refusing: typeof fetch = (input, init) =>
      String(input).endsWith('/api/repos/create')
        ? Promise.resolve(Response.json({ error: 'PRO is needed' }, { status: 402 }))
        : fetch(input, init);
    const seed = { users, orgs: acme('team') };
    const refused = await applyOn(seed, { spaceToken: SPACE_TOKEN, io: testIo({ fetch: refusing }) });
    const failed = refused.operations.find(({ state }) => state === 'failed');
    expect([failed?.id, failed?.error?.code]).toEqual(['space', 'SPACE_NEEDS_PLAN']);
    expect(failed?.error?.next[0]?.command).toBe("challenge.yaml: hub.space: ''");
    expect(waiting(await applyOn(seed, { spaceToken: SPACE_TOKEN }))).toEqual(['human:invite']);
  });

  it("the organizer's own token is not given to the Space", async () => {
    const same = await applyOn({ users, orgs: acme('team') }, { spaceToken: ADA });
    const node = same.plan.nodes.find(({ id }) => id === 'check:space-token');
    expect([node?.state, node?.reason]).toEqual(['blocked', expect.stringContaining('are the same')]);
    const skipped = same.operations.filter(({ state }) => state === 'skipped').map(({ id }) => id);
    expect(skipped).toContain('secret:HF_TOKEN');
  });

  it('private data waits until a contributor was shown to get 404', async () => {
    const cy = { name: 'cy', token: 'hf_cy0000000000', role: 'write' as const };
    const seed = (role: 'contributor' | 'no_access'): Seed => ({
      users: [...users.map((user) => ({ ...user, scopes: [...scopes(WRITE), inner] })), cy],
      orgs: [
        ...(acme('team') ?? []).map((org) => ({
          ...org,
          members: [...(org.members ?? []), { user: 'cy', role: 'contributor' as const }],
        })),
        {
          name: 'inner',
          plan: 'team',
          members: [
            { user: 'ada', role: 'admin' },
            { user: 'cy', role },
          ],
        },
      ],
    });
    const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
    await put(dir, 'challenge.yaml', yaml.replace('private_namespace: ada', 'private_namespace: inner'));
    const shown = await applyOn(seed('contributor'), { participantToken: cy.token });
    const probed = shown.operations.find(({ id }) => id === 'check:private-bucket');
    expect([probed?.state, probed?.error?.code]).toEqual(['failed', 'PRIVATE_BUCKET_VISIBLE']);
    expect(shown.operations.find(({ id }) => id === 'files:private')?.state).toBe('skipped');
    const hidden = await applyOn(seed('no_access'), { participantToken: cy.token });
    expect(hidden.operations.find(({ id }) => id === 'files:private')?.state).toBe('done');
    const again = await applyOn(seed('no_access'), { participantToken: cy.token });
    const node = again.plan.nodes.find(({ id }) => id === 'check:private-bucket');
    expect(node?.reason).toBe("a contributor's token gets 404");
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

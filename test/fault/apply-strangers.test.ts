import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHubClient } from '@collab/hub/client.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  acme,
  collabOn,
  commands,
  edit,
  HF,
  onHub,
  own,
  remoteChallenge,
  TOKEN,
  users,
} from './apply-remote.ts';

/** What others in the organization made, and answers of huggingface.co that the embedded hub does not give by itself. */

const CENTRAL = 'acme/gemma-main-bucket';
const SPACE = 'acme/gemma-collab';
const all = { ...own, SPACE_TOKEN: TOKEN.space };

let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-strangers-'));
  dir = await remoteChallenge(parent);
  await edit(dir, (yaml) => `${yaml}  invite_url: ${HF}/organizations/acme/share/x\n`);
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));

type Answer = (url: string) => Response | undefined;

/** Some answers are others than those of the embedded hub. */
const answering = (
  hubUrl: string,
  other: Answer,
  change?: (url: string, json: any) => unknown,
): typeof fetch => {
  return async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const said = other(url);
    if (said) return said;
    const response = await fetch(url.startsWith(HF) ? hubUrl + url.slice(HF.length) : url, init);
    if (!change || !url.endsWith('/whoami-v2')) return response;
    return Response.json(change(url, await response.json()), { status: response.status });
  };
};

describe('a name that somebody else in the organization took first', () => {
  it('gets no token, no variable and no file, until it is allowed by --adopt', async () => {
    const bo = { name: 'bo', token: 'hf_bo0000000000', role: 'write' as const };
    const members = [...(acme[0]?.members ?? []), { user: 'bo', role: 'write' as const }];
    const seed = { users: [...users, bo], orgs: acme.map((org) => ({ ...org, members })) };
    await onHub(dir, seed, async (collab, hubUrl) => {
      const other = createHubClient({ endpoint: hubUrl, token: bo.token });
      await other.createSpace(SPACE, { sdk: 'docker', private: false });
      await other.createBucket(CENTRAL, { private: false });
      const before = await other.spaceFiles(SPACE);
      const refused = await collab(all, 'apply');
      const waiting = refused.json.waiting.map(({ id }: { id: string }) => id);
      expect([refused.code, waiting]).toEqual([2, ['bucket:central', 'space']]);
      expect(commands(refused)).toContain('create-collab apply --adopt');
      expect(await other.spaceSecrets(SPACE)).toEqual([]);
      expect(await other.spaceVariables(SPACE)).toEqual([]);
      expect(await other.spaceFiles(SPACE)).toEqual(before);
      expect(await other.listFiles(CENTRAL)).toEqual([]);
      expect((await collab(all, 'plan')).json.plan.nodes.find((n: any) => n.id === 'space').state).toBe(
        'human',
      );
      const taken = await collab(all, 'apply', '--adopt');
      expect([taken.code, taken.json.operations.filter((o: any) => o.state !== 'done')]).toEqual([0, []]);
      expect((await collab(all, 'plan')).code).toBe(0);
      // It was there before: destroy leaves it.
      expect((await collab(own, 'destroy', '--yes')).json.removed).toEqual([]);
    });
  });
});

describe('a Space that was deleted by hand, its name taken by somebody else', () => {
  const bo = { name: 'bo', token: 'hf_bo0000000000', role: 'write' as const };
  const members = [...(acme[0]?.members ?? []), { user: 'bo', role: 'write' as const }];
  const seed = { users: [...users, bo], orgs: acme.map((org) => ({ ...org, members })) };

  it('gets no token, and destroy leaves it', async () => {
    await onHub(dir, seed, async (collab, hubUrl) => {
      expect((await collab(all, 'apply')).code).toBe(0);
      await createHubClient({ endpoint: hubUrl, token: TOKEN.own }).deleteSpace(SPACE);
      const other = createHubClient({ endpoint: hubUrl, token: bo.token });
      await other.createSpace(SPACE, { sdk: 'docker', private: false });
      const refused = await collab(all, 'apply');
      const waiting = refused.json.waiting.map(({ id }: { id: string }) => id);
      expect([refused.code, waiting]).toEqual([2, ['space']]);
      expect(await other.spaceSecrets(SPACE)).toEqual([]);
      expect((await collab(own, 'destroy', '--yes')).json.removed).toEqual([]);
      expect((await other.spaceInfo(SPACE))?.id).toBe(SPACE);
      expect((await collab(all, 'apply', '--adopt')).code).toBe(0);
      expect(await other.spaceSecrets(SPACE)).toEqual(['HF_TOKEN']);
      expect((await collab(all, 'plan')).code).toBe(0);
    });
  });

  it('a Space or a bucket that has moved is not deleted under its old name', async () => {
    await onHub(dir, seed, async (collab, hubUrl) => {
      expect((await collab(all, 'apply')).code).toBe(0);
      const mine = createHubClient({ endpoint: hubUrl, token: TOKEN.own });
      const there: Record<string, object | null> = {
        [SPACE]: await mine.spaceInfo(SPACE),
        [CENTRAL]: await mine.bucketInfo(CENTRAL),
      };
      const moved: Answer = (url) => {
        const [id] = Object.keys(there).filter((name) => url.endsWith(`/${name}`));
        return id === undefined ? undefined : Response.json({ ...there[id], id: 'acme/renamed' });
      };
      const argv = ['destroy', '--yes', '--delete-bucket', CENTRAL];
      const ran = await collabOn(dir, hubUrl, own, argv, { fetch: answering(hubUrl, moved) });
      const kept = { action: 'keep', reason: expect.stringContaining('acme/renamed') };
      expect([ran.code, ran.json.removed, ran.json.removals.slice(0, 2)]).toMatchObject([
        0,
        [],
        [kept, kept],
      ]);
    });
  });
});

describe('a bucket that somebody renamed', () => {
  it('is not made anew beside its record, and is taken back under either name', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab, hubUrl) => {
      expect((await collab(all, 'apply')).code).toBe(0);
      const rename = async (fromRepo: string, toRepo: string) => {
        const headers = { authorization: `Bearer ${TOKEN.own}`, 'content-type': 'application/json' };
        const body = JSON.stringify({ fromRepo, toRepo, type: 'bucket' });
        const { status } = await fetch(`${hubUrl}/api/repos/move`, { method: 'POST', headers, body });
        expect(status).toBe(200);
      };
      await rename(CENTRAL, 'acme/renamed');
      const stopped = await collab(all, 'apply');
      const waiting = stopped.json.waiting.map(({ id }: { id: string }) => id);
      expect([stopped.code, waiting, stopped.json.writes]).toEqual([2, ['bucket:central'], 0]);
      const mine = createHubClient({ endpoint: hubUrl, token: TOKEN.own });
      expect(await mine.bucketInfo(CENTRAL)).toBeNull();
      await edit(dir, (yaml) => `${yaml}  central_bucket: acme/renamed\n`);
      expect((await collab(all, 'apply')).code).toBe(0);
      expect(await mine.bucketInfo(CENTRAL)).toBeNull();
      await rename('acme/renamed', CENTRAL);
      await edit(dir, (yaml) => yaml.replace('  central_bucket: acme/renamed\n', ''));
      expect((await collab(all, 'apply')).code).toBe(0);
      expect((await collab(all, 'plan')).code).toBe(0);
    });
  });
});

describe('answers of huggingface.co', () => {
  it('a plan that whoami leaves out is read from the page of the organization', async () => {
    await onHub(dir, { users, orgs: acme }, async (_collab, hubUrl) => {
      const bare = (_url: string, who: any) => ({
        ...who,
        orgs: who.orgs.map(({ plan: _, canPay: __, ...org }: any) => org),
      });
      const io = { fetch: answering(hubUrl, () => undefined, bare) };
      expect((await collabOn(dir, hubUrl, all, ['apply'], io)).code).toBe(0);
    });
  });

  it('status tells what it can see when the token has no right to jobs', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab, hubUrl) => {
      expect((await collab(all, 'apply')).code).toBe(0);
      const denied: Answer = (url) =>
        url.includes('/api/jobs/acme')
          ? Response.json({ error: 'Forbidden: needs job.read' }, { status: 403 })
          : undefined;
      const io = { fetch: answering(hubUrl, denied) };
      const ran = await collabOn(dir, hubUrl, own, ['status'], io);
      expect([ran.code, ran.json.jobs, ran.json.space.healthy]).toEqual([0, null, true]);
      const text = await collabOn(dir, hubUrl, own, ['text', 'status'], io);
      expect(text.out).toMatch(/Jobs {5}not shown to this token/);
    });
  });

  it('a Space that is starting anyway need not be restarted', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab, hubUrl) => {
      expect((await collab(all, 'apply')).code).toBe(0);
      await edit(dir, (yaml) => yaml.replace(/^ {2}title: .*$/m, '  title: Another title'));
      let asked = 0;
      const starting: Answer = (url) => {
        if (url.endsWith('/restart')) return Response.json({ error: 'already restarting' }, { status: 409 });
        if (!url.endsWith('/runtime') || ++asked > 2) return undefined;
        return Response.json({ stage: 'APP_STARTING', hardware: null });
      };
      const ran = await collabOn(dir, hubUrl, all, ['apply'], { fetch: answering(hubUrl, starting) });
      expect([ran.code, asked > 2]).toEqual([0, true]);
    });
  });

  it('who a token belongs to is asked once a run, for the Hub rations that', async () => {
    await onHub(dir, { users, orgs: acme }, async (_collab, hubUrl) => {
      let asked = 0;
      let hurt = 2;
      const counting: Answer = (url) => {
        if (url.endsWith('/whoami-v2')) asked += 1;
        if (url.endsWith('/variables') && hurt-- > 0)
          return new Response('<html>busy</html>', { status: 200 });
        return undefined;
      };
      const ran = await collabOn(dir, hubUrl, all, ['apply'], { fetch: answering(hubUrl, counting) });
      expect([ran.code, asked]).toEqual([0, 2]);
    });
  });
});

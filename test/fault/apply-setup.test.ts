import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { put } from './apply-fixture.ts';
import {
  acme,
  collabOn,
  commands,
  HF,
  onHub,
  own,
  remoteChallenge,
  states,
  TOKEN,
  users,
} from './apply-remote.ts';

/** SETUP.md, step by step, as against huggingface.co: every call to it goes to an embedded hub. */

let parent: string;
let dir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'collab-setup-'));
  dir = await remoteChallenge(parent);
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 }));

describe('SETUP.md on huggingface.co', () => {
  it('a revoked token: every verb says where to get a new one, and none sends in a circle', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      for (const verb of ['doctor', 'plan', 'apply', 'status', 'destroy']) {
        const ran = await collab({ HF_TOKEN: TOKEN.revoked }, verb);
        expect([verb, ran.code, commands(ran)]).toEqual([verb, 1, [`${HF}/settings/tokens`]]);
      }
    });
  });

  it('before one is a member nothing is said of plan and credits, for nobody can know', async () => {
    await onHub(dir, { users, orgs: [] }, async (collab) => {
      const found = states(await collab(own, 'doctor'));
      expect([found['check:org'], found['check:plan'], found['check:credits']]).toEqual([
        'wrong',
        undefined,
        undefined,
      ]);
      const applied = await collab(own, 'apply');
      expect([applied.code, applied.json.writes]).toEqual([2, 0]);
    });
  });

  it("a private namespace that is not the organizer's is named, not the organization that is right", async () => {
    const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
    await put(dir, 'challenge.yaml', yaml.replace('private_namespace: ada', 'private_namespace: adah'));
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const { json } = await collab(own, 'plan');
      const node = json.plan.nodes.find(({ id }: { id: string }) => id === 'check:org');
      expect([node.state, node.reason]).toEqual(['human', 'ada is not a member of adah']);
      expect([node.human.url.includes('/acme'), node.human.steps]).toEqual([
        false,
        expect.stringContaining('hub.private_namespace'),
      ]);
    });
  });

  it.each([
    ['revoked', TOKEN.revoked, /PARTICIPANT_TOKEN is revoked or mistyped/],
    ["the organizer's own", TOKEN.own, /PARTICIPANT_TOKEN is a token of ada/],
  ])(
    "a participant's token that is %s is said to be that, and hides nothing else",
    async (_name, token, said) => {
      await onHub(dir, { users, orgs: acme }, async (collab) => {
        await collab(own, 'apply');
        const ran = await collab({ ...own, PARTICIPANT_TOKEN: token }, 'doctor');
        const finding = ran.json.findings.find(({ id }: { id: string }) => id === 'check:private-bucket');
        expect([finding.state, finding.text]).toEqual(['wrong', expect.stringMatching(said)]);
        expect(states(ran)['check:token']).toBe('ok');
      });
    },
  );

  it('doctor before the first apply: no fault, and what is still to come by name', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const ran = await collab(own, 'doctor');
      const found = states(ran);
      expect([ran.code, found['human:invite'], found['secret:HF_TOKEN'], found.space]).toEqual([
        0,
        'warning',
        'warning',
        'warning',
      ]);
      expect((await collab({ HF_TOKEN: TOKEN.read }, 'doctor')).code).toBe(1);
    });
  });

  it('buckets first, then a token for the server alone, then the invite; at the end nothing is left', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const first = await collab(own, 'apply');
      const waiting = first.json.waiting.map(({ id }: { id: string }) => id);
      expect([first.code, waiting]).toEqual([2, ['human:invite', 'secret:HF_TOKEN']]);
      expect(first.json.waiting[1].human.steps).toContain('acme/gemma-main-bucket, ada/gemma-private');
      const yaml = await readFile(join(dir, 'challenge.yaml'), 'utf8');
      await put(dir, 'challenge.yaml', `${yaml}  invite_url: ${HF}/organizations/acme/share/x\n`);
      const all = { ...own, SPACE_TOKEN: TOKEN.space, PARTICIPANT_TOKEN: TOKEN.participant };
      expect((await collab(all, 'apply')).code).toBe(0);
      for (const verb of ['plan', 'status', 'doctor'])
        expect([verb, (await collab(all, verb)).code]).toEqual([verb, 0]);
      expect((await collab(own, 'destroy', '--delete-bucket', 'acme/gemma-collab', '--yes')).json.code).toBe(
        'UNKNOWN_BUCKET',
      );
    });
  });

  it('a Space given up for `serve` is named until destroy has removed it; the buckets stay', async () => {
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const all = { ...own, SPACE_TOKEN: TOKEN.space };
      const yaml = `${await readFile(join(dir, 'challenge.yaml'), 'utf8')}  invite_url: ${HF}/x\n`;
      await put(dir, 'challenge.yaml', yaml);
      expect((await collab(all, 'apply')).code).toBe(0);
      await put(dir, 'challenge.yaml', `${yaml}  space: ''\n`);
      const still = await collab(all, 'plan');
      expect([still.code, commands(still)]).toEqual([2, ['create-collab destroy']]);
      expect((await collab(own, 'destroy', '--yes')).json.removed).toEqual(['acme/gemma-collab']);
      expect((await collab(own, 'plan')).code).toBe(0);
      expect((await collab(own, 'status')).code).toBe(0);
      expect(states(await collab(own, 'doctor')).server).toBe('unknown');
    });
  });

  it('serve wants the narrow token of the server, and only that', async () => {
    await put(dir, 'challenge.yaml', `${await readFile(join(dir, 'challenge.yaml'), 'utf8')}  space: ''\n`);
    await onHub(dir, { users, orgs: acme }, async (collab) => {
      const none = await collab(own, 'serve');
      expect([none.code, none.json.code]).toEqual([2, 'TOKEN_MISSING']);
      const broad = await collab({ SPACE_TOKEN: TOKEN.participant }, 'serve');
      expect([broad.code, broad.json.code, commands(broad).at(-1)]).toEqual([
        2,
        'TOKEN_UNFIT',
        'create-collab serve --allow-broad-token',
      ]);
      expect((await collab({ SPACE_TOKEN: TOKEN.space }, 'serve')).json.code).toBe('BUCKET_MISSING');
    });
  });

  it('dev rehearses it on this machine, and never calls huggingface.co', async () => {
    const ran = await collabOn(dir, 'http://127.0.0.1:9/never', own, ['dev', '--once']);
    expect([ran.code, ran.json.status, ran.json.message]).toEqual([0, 'ok', undefined]);
    expect(ran.json.api_url).toMatch(/^http:\/\/127/);
  });
});

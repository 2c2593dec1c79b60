import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { spaceVariables } from '../config/env.ts';
import { parseChallenge } from '../config/yaml.ts';
import { costLines, estimateCost } from './cost.ts';
import { sha256 } from './digest.ts';
import { emptyState, type Inputs, type World } from './model.ts';
import { planStatus, printPlan } from './print.ts';
import { planProvision } from './provision.ts';

const yaml = readFileSync(new URL('../../challenges/gemma/challenge.yaml', import.meta.url), 'utf8');
const REMOTE = `
hub:
  endpoint: https://huggingface.co
  org: acme
  private_namespace: ada
`;
const config = parseChallenge(`${yaml.replace(/^hub:[\s\S]*?(?=^\S|$(?![\s\S]))/m, '')}${REMOTE}`);
const local = parseChallenge(yaml);

const file = (path: string, text: string) => {
  const content = new TextEncoder().encode(text);
  return { path, source: path, content, sha256: sha256(content) };
};

const inputs = (more: Partial<Inputs> = {}): Inputs => ({
  config,
  variables: spaceVariables(config),
  files: { central: [file('README.md', 'hello')], private: [] },
  space: [file('server.mjs', 'x')],
  evaluator: null,
  problems: [],
  state: emptyState(),
  tokensShared: false,
  spaceToken: 'fingerprint',
  participantTokenGiven: false,
  takeMine: false,
  takeTheirs: false,
  allowBroadToken: false,
  adopt: false,
  texts: [],
  harness: null,
  skipProofs: false,
  probe: false,
  ...more,
});

const scope = (name: string, type: string) => ({
  name,
  type,
  permissions: ['repo.content.read', 'repo.write'],
});
const world = (more: Partial<World> = {}, identity: Partial<World['identity']> = {}): World => ({
  identity: {
    name: 'ada',
    type: 'user',
    isPro: false,
    canPay: true,
    tokenRole: 'fineGrained',
    scopes: [scope('acme', 'org'), scope('ada', 'user')],
    orgs: [{ name: 'acme', role: 'admin', plan: 'team', canPay: true }],
    ...identity,
  },
  spaceIdentity: null,
  orgExists: true,
  buckets: { central: null, private: null },
  live: { central: {}, private: {} },
  space: null,
  privateSeenByParticipant: 'unknown',
  hardware: [],
  spaceHardware: [],
  evaluator: null,
  evaluatorIdentity: null,
  python: null,
  ...more,
});

const server = (tokenRole = 'fineGrained', jobs = ['job.write']): World['identity'] => {
  const scopes = [
    scope('acme', 'org'),
    scope('ada', 'user'),
    { name: 'acme', type: 'org', permissions: jobs },
  ];
  return { name: 'ada', type: 'user', isPro: false, canPay: true, orgs: [], tokenRole, scopes };
};

const plan = (i: Inputs, w: World) => planProvision(i, w, i.config.hub.endpoint);
const node = (i: Inputs, w: World, id: string) => plan(i, w).nodes.find((found) => found.id === id);

describe('what has to be right before the first write', () => {
  const table: [what: string, id: string, state: string, i: Inputs, w: World][] = [
    ['a fine-grained token', 'check:token', 'unchanged', inputs(), world()],
    ['a token without scopes', 'check:token', 'blocked', inputs(), world({}, { scopes: [] })],
    [
      'a scope on one of two namespaces',
      'check:token',
      'blocked',
      inputs(),
      world({}, { scopes: [scope('acme', 'org')] }),
    ],
    ['a read token', 'check:token', 'blocked', inputs(), world({}, { tokenRole: 'read' })],
    ['a broad token', 'check:token', 'blocked', inputs(), world({}, { tokenRole: 'write' })],
    [
      'a broad token, allowed',
      'check:token',
      'unchanged',
      inputs({ allowBroadToken: true }),
      world({}, { tokenRole: 'write' }),
    ],
    ['a login in the browser', 'check:token', 'blocked', inputs(), world({}, { tokenRole: 'oauth' })],
    ['a token of an unknown kind', 'check:token', 'blocked', inputs(), world({}, { tokenRole: 'unknown' })],
    [
      'a login in the browser, allowed',
      'check:token',
      'unchanged',
      inputs({ allowBroadToken: true }),
      world({}, { tokenRole: 'oauth' }),
    ],
    [
      'permissions that the Hub calls by other names, tried all the same',
      'check:token',
      'unchanged',
      inputs({ allowBroadToken: true }),
      world({}, { scopes: [] }),
    ],
    [
      'a member with write',
      'check:org',
      'unchanged',
      inputs(),
      world({}, { orgs: [{ name: 'Acme', role: 'write' }] }),
    ],
    [
      'a contributor',
      'check:org',
      'human',
      inputs(),
      world({}, { orgs: [{ name: 'acme', role: 'contributor' }] }),
    ],
    ['no organization', 'check:org', 'human', inputs(), world({ orgExists: false }, { orgs: [] })],
    ['somebody else’s namespace', 'check:org', 'human', inputs(), world({}, { name: 'bob' })],
    ['a plan', 'check:plan', 'unchanged', inputs(), world()],
    ['no plan', 'check:plan', 'blocked', inputs(), world({}, { orgs: [{ name: 'acme', role: 'admin' }] })],
    ['no invite link', 'human:invite', 'human', inputs(), world()],
    ['credits', 'check:credits', 'unchanged', inputs(), world()],
    [
      'no credits',
      'check:credits',
      'human',
      inputs(),
      world({}, { orgs: [{ name: 'acme', role: 'admin', plan: 'team', canPay: false }] }),
    ],
    ['no token for the Space', 'secret:HF_TOKEN', 'human', inputs({ spaceToken: null }), world()],
    [
      'no Python on this machine',
      'check:python',
      'blocked',
      inputs({ config: local }),
      world({ python: { problem: 'none', fix: { command: 'brew install python', why: 'there' } } }),
    ],
    [
      'a private bucket that participants see',
      'check:private-bucket',
      'blocked',
      inputs(),
      world({ privateSeenByParticipant: 'visible' }),
    ],
  ];
  it.each(table)('%s: %s is %s', (_what, id, state, i, w) => {
    expect(node(i, w, id)?.state).toBe(state);
  });

  it('a person is told where to go, what to choose and how it is checked', () => {
    const waiting = plan(
      inputs({ spaceToken: null }),
      world({ orgExists: false }, { orgs: [] }),
    ).nodes.filter(({ state }) => state === 'human');
    expect(waiting.map(({ id }) => id)).toEqual(['check:org', 'human:invite', 'secret:HF_TOKEN']);
    for (const { human } of waiting) {
      expect(human?.url).toMatch(/^https:\/\/huggingface\.co\//);
      expect(human?.steps.length).toBeGreaterThan(20);
      expect(human?.check.length).toBeGreaterThan(10);
    }
    expect(waiting[1]?.human?.steps).toContain('contributor');
  });
});

describe('what is there already', () => {
  const bucket = (author: string, id = 'acme/gemma-main-bucket') =>
    world({
      buckets: {
        central: { id, author, private: false, createdAt: 'x', size: 0, totalFiles: 0 },
        private: null,
      },
    });
  const space = (id: string) =>
    world({
      space: {
        info: { id, author: id.split('/')[0] ?? '', sha: '', private: false, sdk: 'docker', host: '' },
        files: {},
        variables: {},
        secrets: [],
        runtime: { stage: 'RUNNING', hardware: null },
        healthy: false,
      },
    });
  const SPACE = 'acme/gemma-collab';
  const cut = (id: string) => inputs({ state: { ...emptyState(), making: [id] } });
  const own = inputs({ config: { ...config, hub: { ...config.hub, space: 'ada/gemma-collab' } } });
  const table: [what: string, id: string, state: string, i: Inputs, w: World][] = [
    ["somebody else's bucket", 'bucket:central', 'human', inputs(), bucket('mallory')],
    ['a bucket of whom the Hub names the namespace', 'bucket:central', 'human', inputs(), bucket('acme')],
    ["the organizer's own bucket", 'bucket:central', 'adopt', inputs(), bucket('ada')],
    ["somebody else's, with consent", 'bucket:central', 'adopt', inputs({ adopt: true }), bucket('mallory')],
    ['a bucket that has moved', 'bucket:central', 'blocked', inputs(), bucket('ada', 'acme/other')],
    ['a Space in the organization', 'space', 'human', inputs(), space(SPACE)],
    ['a Space in the organization, with consent', 'space', 'adopt', inputs({ adopt: true }), space(SPACE)],
    ['a Space that a run was making when it was cut off', 'space', 'adopt', cut(SPACE), space(SPACE)],
    [
      'a Space in the own namespace, where nobody else can make one',
      'space',
      'adopt',
      own,
      space('ada/gemma-collab'),
    ],
    ['a Space that has moved', 'space', 'blocked', inputs({ adopt: true }), space('acme/renamed')],
  ];
  it.each(table)('%s: %s is %s', (_what, id, state, i, w) => {
    expect(node(i, w, id)?.state).toBe(state);
  });

  it('holds up everything that would be put into it, and says whose it may be', () => {
    const { nodes } = plan(inputs(), space(SPACE));
    const waiting = nodes.find(({ id }) => id === 'space');
    expect(waiting?.human?.url).toBe(`https://huggingface.co/spaces/${SPACE}`);
    expect(waiting?.next?.[0]?.command).toBe('create-collab apply --adopt');
    for (const id of ['space-files', 'secret:HF_TOKEN', 'variable:ORG'])
      expect(nodes.find((each) => each.id === id)?.dependsOn).toContain('space');
  });
});

describe('a harness deployed unproven', () => {
  const harness = (content: string): Inputs['harness'] => ({
    proofs: { selftest: 'never run', redteam: 'stale' },
    content,
    untestable: [],
    cheats: [],
    probe: null,
  });
  const skipped = {
    at: '2026-02-03T04:05:06Z',
    by: 'ada',
    content: 'this',
    selftest: 'never run',
    redteam: 'stale',
  };
  const state = { ...emptyState(), skippedProofs: skipped } as Inputs['state'];

  it('is said with who did it and when, and stays deployed', () => {
    const found = node(inputs({ state, harness: harness('this') }), world(), 'check:proofs');
    expect([found?.state, found?.warn]).toEqual(['unchanged', true]);
    expect(found?.reason).toContain('deployed all the same by ada on 2026-02-03 (--skip-proofs)');
  });

  it('is asked for again once it is another one', () => {
    expect(node(inputs({ state, harness: harness('that') }), world(), 'check:proofs')?.state).toBe('blocked');
  });
});

describe('an evaluator on hardware that is paid by the hour', () => {
  const on = (eval_hardware: string): Inputs => {
    const { verification, hub } = config;
    const asked = {
      ...config,
      verification: { ...verification, mode: 'eval-space' as const },
      hub: { ...hub, eval_hardware },
    };
    return inputs({ config: asked, evaluator: { files: [], written: true, variables: {}, token: null } });
  };
  it.each([
    ['cpu-basic', true, 'blocked'],
    ['cpu-upgrade', true, 'unchanged'],
    ['cpu-upgrade', undefined, 'unchanged'],
    ['cpu-upgrade', false, 'blocked'],
  ])('%s without a plan, way to pay %s: %s', (hardware, canPay, state) => {
    const payer = canPay === undefined ? {} : { canPay };
    const { canPay: _, ...identity } = world().identity;
    const w = { ...world(), identity: { ...identity, ...payer } };
    expect(node(on(hardware), w, 'check:eval-plan')?.state).toBe(state);
  });
});

describe('the plan', () => {
  it('is the same for the same, and another one when anything moved', () => {
    const base = plan(inputs(), world());
    expect(plan(inputs(), world())).toEqual(base);
    expect(plan(inputs({ takeMine: true }), world()).inputs).not.toBe(base.inputs);
    const changed = inputs({ files: { central: [file('README.md', 'other')], private: [] } });
    expect(plan(changed, world()).inputs).not.toBe(base.inputs);
    expect(plan(inputs(), world({}, { tokenRole: 'write' })).world).not.toBe(base.world);
  });

  it('depends on nothing that is not in it, and in no circle', () => {
    const { nodes } = plan(inputs(), world({ spaceIdentity: server() }));
    const depth = new Map<string, number>();
    const visit = (id: string, above: string[]): number => {
      expect(above).not.toContain(id);
      const found = nodes.find((candidate) => candidate.id === id);
      expect(found, id).toBeDefined();
      const known = depth.get(id);
      if (known !== undefined) return known;
      const deepest = Math.max(0, ...(found?.dependsOn ?? []).map((next) => visit(next, [...above, id]) + 1));
      depth.set(id, deepest);
      return deepest;
    };
    for (const { id } of nodes) visit(id, []);
    expect(depth.get('health')).toBeGreaterThan(depth.get('space') ?? 99);
  });

  it('shows nothing of private data, and no value of a secret', () => {
    const i = inputs({ files: { central: [], private: [file('eval_dataset/split.jsonl', 'THE ANSWERS')] } });
    const info = {
      id: 'ada/gemma-private',
      author: 'ada',
      private: true,
      createdAt: 'x',
      size: 1,
      totalFiles: 1,
    };
    const live = { xetHash: 'h', size: 1, sha256: 'other', content: new TextEncoder().encode('OLD ANSWERS') };
    const w = world({
      buckets: { central: null, private: info },
      live: { central: {}, private: { 'eval_dataset/split.jsonl': live } },
    });
    const text = JSON.stringify(plan(i, w));
    expect(text).not.toMatch(/ANSWERS/);
    expect(node(i, w, 'private-data:eval_dataset/split.jsonl')?.state).toBe('conflict');
  });

  it('is printed for people', () => {
    const text = printPlan(plan(inputs(), world()), []);
    expect(text).toContain('+ Bucket acme/gemma-main-bucket (public): does not exist');
    expect(text).toMatch(/\+ \d+ variables: ORG, /);
    expect(text).toContain('? Invite link for participants: hub.invite_url is empty');
    expect(planStatus(plan(inputs(), world()))).toBe('changes');
  });
});

describe('cost', () => {
  it('is the price of the hub times the time limit, else that of challenge.yaml', () => {
    const offer = { name: 'cpu-basic', prettyName: 'CPU', usdPerHour: 0.06 };
    const prices = { hardware: [offer], spaceHardware: null, space: null };
    expect(estimateCost(config, prices)).toMatchObject({
      jobUsdPerHour: 0.06,
      source: 'hub',
      maxUsdPerRun: 0.01,
    });
    const none = estimateCost(config, { ...prices, hardware: [] });
    expect(none).toMatchObject({ jobUsdPerHour: 0.01, source: 'challenge.yaml' });
    expect(costLines(config, estimateCost(config, prices))[0]).toContain('$0.06/h');
  });

  it.each([
    ['cpu-basic', null, 'the Space on cpu-basic: the Hub names no price.'],
    [null, 0, 'the Space on cpu-basic is free.'],
    ['t4-small', 0.4, 'the Space on t4-small $0.4/h, about $292 a month while it runs.'],
  ])('of a Space on %s at %s', (hardware, usdPerHour, said) => {
    const name = hardware ?? 'cpu-basic';
    const offers = usdPerHour === null ? null : [{ name, prettyName: name, usdPerHour }];
    const space = hardware === null ? null : { runtime: { hardware } };
    const cost = estimateCost(config, { hardware: [], spaceHardware: offers, space });
    expect(costLines(config, cost).at(-1)?.trim()).toBe(said);
  });
});

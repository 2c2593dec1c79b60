/** The real thing with a seeded record: embedded hub, the built Space as its child process, people who can log in. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHubClient, type HubPort } from '@collab/hub/index.ts';
import { startHub } from '../../generator/local-hub/serve.ts';
import { until } from './hub.ts';

const ORG = 'gemma-collab';
const CENTRAL = `${ORG}/gemma-main-bucket`;
const PRIVATE = 'organizer/gemma-private';
const SPACE = `${ORG}/gemma-collab`;
const TOKENS = { organizer: 'hf_organizer', ada: 'hf_user_1', bob: 'hf_user_2' };
const BUILT = fileURLToPath(new URL('../../dist/space', import.meta.url));

const SETTINGS: Record<string, string> = {
  ORG,
  COLLAB_SLUG: 'gemma',
  CENTRAL_BUCKET: CENTRAL,
  AUDIT_BUCKET: PRIVATE,
  CHALLENGE_TITLE: 'The Gemma challenge',
  CHALLENGE_TAGLINE: 'Serve the model as fast as you can, and change **nothing** it says.',
  SCORE_FIELD: 'tps',
  SCORE_LABEL: 'Tokens per second',
  SCORE_UNIT: 'tokens/s',
  SECONDARY_FIELD: 'ppl',
  SECONDARY_LABEL: 'Perplexity',
  REQUIRED_RESULT_FIELDS: 'tps,method,status,description',
  GATES: JSON.stringify([
    { id: 'audit_top1', field: 'audit_top1', op: '>=', limit: 0.98, when: 'every' },
    { id: 'output_length', field: 'output_length', op: '<=', limit: 0.1, when: 'every' },
    { id: 'ppl', field: 'ppl', op: '<=', limit: 2.415, when: 'every' },
  ]),
  DIVISIONS: JSON.stringify([
    { id: 'lossless', label: 'Lossless', gates: ['audit_top1', 'output_length'], headline: true },
    { id: 'open', label: 'Open', gates: ['ppl', 'output_length'] },
  ]),
  VERIFICATION_MODE: 'manual',
};

export interface SeededSpace {
  url: string;
  hub: HubPort;
  hubUrl: string;
  tokens: typeof TOKENS;
  central: string;
  /** The organizers' bucket. */
  private: string;
  close: () => Promise<void>;
}

/** Where the Space says it is, and where people log in, when something stands before both. */
export interface PublicAddress {
  host: string;
  provider: string;
}

/**
 * @param files of the central bucket, path → text.
 * @param at without it the Space is where the hub puts it.
 * @param settings in place of the usual ones.
 */
export async function startSeededSpace(
  files: ReadonlyMap<string, string>,
  at?: PublicAddress,
  settings: Record<string, string> = {},
): Promise<SeededSpace> {
  const dir = await mkdtemp(join(tmpdir(), 'collab-space-'));
  const server = await startHub({ port: 0, dir, seed: SEED });
  const hub = createHubClient({ endpoint: server.url, token: TOKENS.organizer });
  await hub.createBucket(CENTRAL, { private: false });
  await hub.createBucket(PRIVATE, { private: true });
  const { failed } = await hub.write(CENTRAL, {
    adds: [...files].map(([path, content]) => ({ path, content })),
  });
  if (failed.length > 0) throw new Error(`the hub refused ${failed.length} files`);
  await hub.createSpace(SPACE, { sdk: 'docker', private: false });
  for (const [key, value] of Object.entries({ ...SETTINGS, ...settings }))
    await hub.setSpaceVariable(SPACE, { key, value });
  await hub.setSpaceSecret(SPACE, 'HF_TOKEN', TOKENS.organizer);
  await hub.commitSpace(SPACE, await spaceFiles(at), [], 'first');
  const url = await until(() => running(hub), 60_000);
  return {
    url,
    hub,
    hubUrl: server.url,
    tokens: TOKENS,
    central: CENTRAL,
    private: PRIVATE,
    close: async () => {
      await server.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
    },
  };
}

const SEED = {
  users: [
    { name: 'organizer', token: TOKENS.organizer, pro: true },
    { name: 'user-1', token: TOKENS.ada },
    { name: 'user-2', token: TOKENS.bob },
  ],
  orgs: [
    {
      name: ORG,
      plan: 'team' as const,
      members: [
        { user: 'organizer', role: 'admin' as const },
        { user: 'user-1', role: 'contributor' as const },
        { user: 'user-2', role: 'contributor' as const },
      ],
    },
  ],
};

const CARD = `---\ntitle: Gemma\nsdk: docker\napp_port: 7860\nhf_oauth: true\nhf_oauth_scopes:\n- openid\n- profile\n---\n`;

async function spaceFiles(at?: PublicAddress): Promise<{ path: string; content: Uint8Array }[]> {
  const built = ['server.mjs', 'public', 'client/collab.mjs'];
  const names = (await readdir(BUILT, { recursive: true, withFileTypes: true }))
    .filter((e) => e.isFile())
    .map((e) => relative(BUILT, join(e.parentPath, e.name)))
    .filter((name) => built.some((b) => name === b || name.startsWith(`${b}/`)));
  const files = await Promise.all(
    names.map(async (path) => ({
      path: at && path === 'server.mjs' ? INNER : path,
      content: await readFile(join(BUILT, path)),
    })),
  );
  const text = (path: string, content: string) => ({ path, content: new TextEncoder().encode(content) });
  return [
    ...files,
    ...(at ? [text('server.mjs', elsewhere(at))] : []),
    text('README.md', CARD),
    text('Dockerfile', 'FROM node:22-slim\nCMD ["node","server.mjs"]\n'),
  ];
}

const INNER = 'inner.mjs';

/** The hub of this machine knows loopback addresses alone: the server is told its public ones. */
const elsewhere = ({ host, provider }: PublicAddress) =>
  `process.env.SPACE_HOST = ${JSON.stringify(host)};
process.env.OPENID_PROVIDER_URL = ${JSON.stringify(provider)};
await import('./${INNER}');
`;

async function running(hub: HubPort): Promise<string | false> {
  const { stage, errorMessage } = await hub.spaceRuntime(SPACE);
  if (/ERROR/.test(stage)) throw new Error(`the Space did not start: ${errorMessage ?? stage}`);
  const info = await hub.spaceInfo(SPACE);
  if (stage !== 'RUNNING' || !info) return false;
  const answer = await fetch(`${info.host}/v1/digest`).catch(() => null);
  return answer?.ok ? info.host : false;
}

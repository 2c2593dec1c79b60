import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Seed } from '../../generator/local-hub/seed.ts';
import { type HubServer, type HubServerOptions, startHub } from '../../generator/local-hub/serve.ts';

export const TOKENS = {
  admin: 'hf_organizer',
  writer: 'hf_server',
  one: 'hf_one',
  two: 'hf_two',
  reader: 'hf_reader',
  outsider: 'hf_outsider',
  readOnly: 'hf_admin_read',
  fine: 'hf_fine',
} as const;

/** One org with every role, an outsider, and an org without a plan or credits. */
export const SEED: Seed = {
  users: [
    {
      name: 'organizer',
      token: TOKENS.admin,
      email: 'organizer@example.org',
      pro: true,
      tokens: [
        { token: TOKENS.readOnly, role: 'read' },
        {
          token: TOKENS.fine,
          role: 'fineGrained',
          scopes: [
            { name: 'acme/only', type: 'bucket', permissions: ['repo.content.read', 'repo.write'] },
            { name: 'acme', type: 'org', permissions: ['repo.content.read'] },
          ],
        },
      ],
    },
    { name: 'collab-server', token: TOKENS.writer },
    { name: 'participant-1', token: TOKENS.one, email: 'one@example.org' },
    { name: 'participant-2', token: TOKENS.two },
    { name: 'reader', token: TOKENS.reader },
    { name: 'outsider', token: TOKENS.outsider },
  ],
  orgs: [
    {
      name: 'acme',
      plan: 'team',
      members: [
        { user: 'organizer', role: 'admin' },
        { user: 'collab-server', role: 'write' },
        { user: 'participant-1', role: 'contributor' },
        { user: 'participant-2', role: 'contributor' },
        { user: 'reader', role: 'read' },
      ],
    },
    { name: 'poor', credits: 0, members: [{ user: 'organizer', role: 'admin' }] },
  ],
};

/** A hub on a free port with a store of its own; `remove` stops it and deletes the store. */
export async function testHub(more: Partial<HubServerOptions> = {}) {
  const dir = more.dir ?? (await mkdtemp(join(tmpdir(), 'collab-hub-')));
  const hub = await startHub({ port: 0, seed: SEED, ...more, dir });
  const remove = async () => {
    await hub.close();
    await rm(dir, { recursive: true, force: true, maxRetries: 9, retryDelay: 100 });
  };
  return { ...hub, remove, call: caller(hub) };
}

/** Raw calls with a token and an optional JSON body. */
export function caller(hub: Pick<HubServer, 'url'>) {
  return (token: string | null, method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${hub.url}${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
}

/** Waits until `probe` gives a value; polls because the thing waited for is another process. */
export async function until<T>(probe: () => Promise<T | undefined | false>, ms = 240_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value as T;
    if (performance.now() > deadline) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

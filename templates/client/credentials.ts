import { chmod, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PUBLIC_HUB } from '@collab/contract/settings.ts';
import { ClientError } from './errors.ts';
import type { ClientIo } from './io.ts';

/** What `join` leaves behind on this machine: who the agent is, where, and its key. File mode 0600. */
export interface Profile {
  api: string;
  agent_id: string;
  agent_key: string;
  agent_bucket: string;
  hf_user: string;
  /** Hub the scratch bucket is on. */
  hub: string;
  joined_at: string;
}

type Env = Pick<ClientIo, 'env' | 'home'>;

/** `$HF_HOME`, else the place the `hf` command line uses. */
function hfHome({ env, home }: Env): string {
  return env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(home, '.cache'), 'huggingface');
}

/**
 * The caller's Hugging Face token: HF_TOKEN, else the file the `hf` command line keeps it in.
 * @throws ClientError HF_TOKEN_MISSING
 */
export async function hfToken(io: Env): Promise<string> {
  const given = (io.env.HF_TOKEN ?? io.env.HUGGING_FACE_HUB_TOKEN)?.trim();
  if (given) return given;
  const path = io.env.HF_TOKEN_PATH ?? join(hfHome(io), 'token');
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.trim()) return text.trim();
  throw new ClientError(
    'HF_TOKEN_MISSING',
    'No Hugging Face token: HF_TOKEN is not set and no login is kept.',
    {
      next: [
        { command: 'hf auth login', why: 'keeps a token where this client finds it' },
        { command: 'export HF_TOKEN=…', why: 'for this shell only' },
      ],
    },
  );
}

/** The Hub in use: HF_ENDPOINT, else huggingface.co. */
export function hubEndpoint(env: ClientIo['env']): string {
  return (env.HF_ENDPOINT ?? PUBLIC_HUB).replace(/\/+$/, '');
}

export const isLoopback = (hostname: string) =>
  /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(hostname) || hostname.endsWith('.localhost');

/** Folder of a collaboration's profiles. A loopback server changes its port when it restarts, so the port is left out. */
function folder(io: Env, api: string): string {
  const { hostname, host } = new URL(api);
  const name = isLoopback(hostname) ? 'loopback' : host.replace(/[^A-Za-z0-9.-]/g, '_');
  return join(hfHome(io), 'collab', name);
}

/** Writes the profile so that no other user can read it, also where an older file was open to all. */
export async function saveProfile(io: Env, profile: Profile): Promise<string> {
  const file = join(folder(io, profile.api), `${profile.agent_id}.json`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
  return file;
}

/** Every profile kept on this machine, the one used last first. */
export async function listProfiles(io: Env): Promise<Profile[]> {
  const root = join(hfHome(io), 'collab');
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((e) => e.isFile() && e.name.endsWith('.json'));
  const read = await Promise.all(files.map((e) => readOne(join(e.parentPath, e.name))));
  return read
    .flatMap((r) => (r ? [r] : []))
    .sort((a, b) => b.mtimeMs - a.mtimeMs)
    .map((r) => r.profile);
}

async function readOne(file: string): Promise<{ profile: Profile; mtimeMs: number } | null> {
  const [text, info] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
  const value = parseProfile(text);
  return value ? { profile: value, mtimeMs: info.mtimeMs } : null;
}

function parseProfile(text: string): Profile | null {
  try {
    const value = JSON.parse(text) as Profile;
    return typeof value.api === 'string' && typeof value.agent_key === 'string' ? value : null;
  } catch {
    return null;
  }
}

/**
 * The profile the caller means: by `--agent-id` and `--api` (or AGENT_ID, COLLAB_API), else the only one kept.
 * @throws ClientError NOT_JOINED, WHICH_AGENT
 */
export async function findProfile(io: Env, want: { agentId?: string; api?: string }): Promise<Profile> {
  const agentId = want.agentId ?? io.env.AGENT_ID;
  const api = want.api ?? io.env.COLLAB_API;
  const all = await listProfiles(io);
  const fits = all.filter((p) => (!agentId || p.agent_id === agentId) && (!api || samePlace(p.api, api)));
  if (fits.length === 1 && fits[0]) return api ? { ...fits[0], api: trimSlash(api) } : fits[0];
  if (fits.length === 0) throw notJoined(agentId, api);
  throw new ClientError('WHICH_AGENT', 'More than one agent has joined from this machine.', {
    next: fits.slice(0, 5).map((p) => ({
      command: `--agent-id ${p.agent_id} --api ${p.api}`,
      why: 'add this to the command',
    })),
  });
}

/** The server that is meant when nothing but reading is asked for: that of the profiles, when they agree. */
export async function findApi(io: Env): Promise<string> {
  const places = new Set((await listProfiles(io)).map((profile) => profile.api));
  const [only] = places;
  if (only && places.size === 1) return only;
  return (await findProfile(io, {})).api;
}

const trimSlash = (url: string) => url.replace(/\/+$/, '');

function samePlace(a: string, b: string): boolean {
  const left = new URL(a);
  const right = new URL(b);
  return left.host === right.host || (isLoopback(left.hostname) && isLoopback(right.hostname));
}

function notJoined(agentId: string | undefined, api: string | undefined): ClientError {
  const who = agentId ? `Agent ${agentId} has` : 'No agent has';
  const join = `node collab.mjs join --api ${api ?? '<api url>'} --agent-id ${agentId ?? '<name>'}`;
  return new ClientError('NOT_JOINED', `${who} joined a collaboration from this machine yet.`, {
    next: [{ command: join, why: 'registers the agent and keeps its key here' }],
  });
}

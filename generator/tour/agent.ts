import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';

/** A participant as a process of its own: the Space's `collab.mjs`, its own HF_HOME, its own token. */
export interface TourAgent {
  agentId: string;
  /** Runs one verb. @returns its JSON object. @throws CollabError with the client's code */
  call<T>(...argv: string[]): Promise<T>;
}

export interface AgentPlace {
  io: Io;
  /** `collab.mjs` as the Space serves it. */
  client: string;
  apiUrl: string;
  hubUrl: string;
  /** Folder that becomes the agent's HF_HOME. */
  home: string;
  token: string;
}

/** Prepares the agent's own home, with its token where every Hugging Face client looks for it. */
export async function openAgent(place: AgentPlace, agentId: string): Promise<TourAgent> {
  await mkdir(place.home, { recursive: true, mode: 0o700 });
  await writeFile(join(place.home, 'token'), place.token, { mode: 0o600 });
  const env = environment(place, agentId);
  return { agentId, call: <T>(...argv: string[]) => call<T>(place, env, agentId, argv) };
}

/** Nothing of the caller's shell reaches an agent but where programs are. */
function environment({ io, apiUrl, hubUrl, home }: AgentPlace, agentId: string): Record<string, string> {
  return {
    PATH: io.env.PATH ?? '',
    HOME: home,
    HF_HOME: home,
    HF_ENDPOINT: hubUrl,
    COLLAB_API: apiUrl,
    AGENT_ID: agentId,
  };
}

function call<T>(
  { io, client }: AgentPlace,
  env: Record<string, string>,
  agentId: string,
  argv: string[],
): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [client, ...argv, '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: io.signal,
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      const answer = parse(out);
      if (code === 0 && answer) resolve(answer as T);
      else reject(refused(agentId, argv[0] ?? '', code, answer, err));
    });
  });
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function refused(
  agentId: string,
  verb: string,
  exit: number | null,
  answer: Record<string, unknown> | null,
  err: string,
) {
  const code = typeof answer?.code === 'string' ? answer.code : 'AGENT_FAILED';
  const said =
    [answer?.message, answer?.hint].filter(Boolean).join(' ') ||
    err.trim().split('\n').at(-1) ||
    `exit ${exit}`;
  return new CollabError(code, `${agentId}: collab.mjs ${verb} failed: ${said}`);
}

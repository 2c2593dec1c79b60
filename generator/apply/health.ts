import { HubError, type HubPort, type SpaceRuntime } from '@collab/hub/port.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { CommandOf } from '../plan/commands.ts';
import type { OperationContext } from './operation.ts';

const DEAD = new Set(['BUILD_ERROR', 'RUNTIME_ERROR', 'CONFIG_ERROR']);
const ASLEEP = new Set(['STOPPED', 'PAUSED', 'SLEEPING']);
const LOG_LINES = 15;

/** A private Space of huggingface.co is reached with a token; no other host ever gets it. */
export function tokenFor(info: { private: boolean; host: string }, token: string): string | undefined {
  const url = URL.canParse(info.host) ? new URL(info.host) : null;
  return info.private && url?.protocol === 'https:' && url.hostname.endsWith('.hf.space') ? token : undefined;
}

/** True when `GET {host}/v1/healthz` answers 200. */
export async function answers(doFetch: typeof fetch, host: string, token?: string): Promise<boolean> {
  try {
    const response = await doFetch(`${host}/v1/healthz`, {
      signal: AbortSignal.timeout(5_000),
      ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
    });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

export interface HealthOptions {
  io: Io;
  hub: HubPort;
  space: string;
  /** Revision that has to be running. */
  sha?: string;
  timeoutMs: number;
  /** The organizer's, for a private Space. */
  token: string;
}

const MOVING = new Set(['BUILDING', 'RUNNING_BUILDING', 'APP_STARTING', 'RUNNING_APP_STARTING']);

/** Starts a Space anew. Settings start it by themselves on huggingface.co: one that is starting needs no more. */
export async function restart(hub: HubPort, space: string): Promise<void> {
  try {
    await hub.restartSpace(space);
  } catch (error) {
    const refused = error instanceof HubError && (error.kind === 'invalid' || error.kind === 'conflict');
    if (!refused || !MOVING.has((await hub.spaceRuntime(space)).stage)) throw error;
  }
}

/** How long a stage has to last before it is believed of a revision that the Hub does not name as ours. */
const BELIEVED_MS = { DEAD: 20_000, RUNNING: 180_000 };

/**
 * Waits until the Space runs and its server answers. @returns its base URL.
 * @throws CollabError SPACE_FAILED, SPACE_TIMEOUT with the stage and the end of its log.
 */
export async function waitForHealth(options: HealthOptions): Promise<string> {
  const { io, hub, space } = options;
  const until = io.now() + options.timeoutMs;
  let stage = 'unknown';
  let since = io.now();
  let woken = false;
  const remote = options.timeoutMs > 300_000;
  for (let wait = 100; ; wait = Math.min(wait * 1.5, remote ? 10_000 : 1_000)) {
    const runtime = await hub.spaceRuntime(space);
    if (runtime.stage !== stage) since = io.now();
    stage = runtime.stage;
    const lasted = io.now() - since;
    const named = revisionOf(runtime, options.sha);
    if (stage === 'RUNNING' && (named !== 'other' || lasted >= BELIEVED_MS.RUNNING)) {
      const info = await hub.spaceInfo(space);
      if (info?.host && (await answers(io.fetch, info.host, tokenFor(info, options.token)))) return info.host;
    }
    // Right after a commit or a restart the Hub may still tell of the run before.
    const sure = named === 'ours' || (named === 'unnamed' && (!remote || lasted >= BELIEVED_MS.DEAD));
    if (DEAD.has(stage) && (sure || lasted >= BELIEVED_MS.RUNNING)) throw await failed(options, runtime);
    if (ASLEEP.has(stage) && !woken) {
      woken = true;
      await restart(hub, space);
    }
    if (io.now() >= until) throw await late(options, stage);
    await io.sleep(wait, io.signal);
  }
}

/** {@link waitForHealth} as an operation does it. */
export function untilHealthy(
  { options, hub }: Pick<OperationContext, 'options' | 'hub'>,
  space: string,
  sha: string | undefined,
): Promise<string> {
  const { io, token, hubUrl } = options;
  const timeoutMs = options.healthTimeoutMs ?? (hubUrl.startsWith('https:') ? 900_000 : 120_000);
  return waitForHealth({ io, hub, space, ...(sha ? { sha } : {}), timeoutMs, token });
}

function revisionOf(runtime: SpaceRuntime, sha?: string): 'ours' | 'other' | 'unnamed' {
  if (sha === undefined || runtime.sha === undefined) return 'unnamed';
  return runtime.sha === sha ? 'ours' : 'other';
}

async function failed(options: HealthOptions, runtime: SpaceRuntime): Promise<CollabError> {
  const said = runtime.errorMessage ? `: ${runtime.errorMessage}` : '';
  const kind = runtime.stage === 'BUILD_ERROR' ? 'build' : 'run';
  const message = `${options.space} did not come up (${runtime.stage})${said}${await logTail(options, kind)}`;
  return new CollabError('SPACE_FAILED', message, { next: [CommandOf.doctor, CommandOf.apply] });
}

async function late(options: HealthOptions, stage: string): Promise<CollabError> {
  const seconds = Math.round(options.timeoutMs / 1000);
  const kind = stage === 'BUILDING' ? 'build' : 'run';
  const message = `${options.space} does not answer after ${seconds} s (${stage})${await logTail(options, kind)}`;
  return new CollabError('SPACE_TIMEOUT', message, { next: [CommandOf.apply, CommandOf.doctor] });
}

async function logTail(options: HealthOptions, kind: 'build' | 'run'): Promise<string> {
  try {
    const lines = await options.hub.spaceLogs(options.space, kind, LOG_LINES);
    return lines.length === 0 ? '' : `\n${lines.map((line) => `    ${line}`).join('\n')}`;
  } catch (error) {
    if (error instanceof HubError) return ` (its log could not be read: ${error.kind})`;
    throw error;
  }
}

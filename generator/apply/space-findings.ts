import type { HubPort } from '@collab/hub/port.ts';
import type { NextStep } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import type { World } from '../plan/model.ts';
import type { Finding } from './finding.ts';

const LOG_LINES = 8;
const COMING = new Set(['BUILDING', 'RUNNING_BUILDING', 'APP_STARTING', 'RUNNING_APP_STARTING']);
const ASLEEP = new Set(['PAUSED', 'STOPPED', 'SLEEPING']);

const FIX: Partial<Record<string, NextStep>> = {
  BUILD_ERROR: {
    command: 'npm run build:space && create-collab apply',
    why: 'builds space/ anew and uploads what differs; the log above says what the Hub missed',
  },
  CONFIG_ERROR: {
    command: 'space/README.md',
    why: 'its head must say sdk: docker and app_port: 7860; then create-collab apply',
  },
  NO_APP_FILE: { ...CommandOf.apply, why: 'uploads the files of space/' },
  RUNTIME_ERROR: {
    ...CommandOf.apply,
    why: 'sets what differs and starts it anew; the log above says why it ended',
  },
};

/** Whether the Space was built, runs and answers; with the end of the log that tells why not. */
export async function spaceFinding(hub: HubPort, id: string, world: World): Promise<Finding> {
  const { space } = world;
  if (!space)
    return { id: 'space', state: 'warning', text: `Space ${id}: does not exist yet`, fix: CommandOf.apply };
  if (space.healthy)
    return { id: 'space', state: 'ok', text: `Space ${id}: runs and answers at ${space.info.host}` };
  const { stage, errorMessage } = space.runtime;
  if (COMING.has(stage))
    return {
      id: 'space',
      state: 'warning',
      text: `Space ${id}: on its way (${stage})`,
      fix: CommandOf.status,
    };
  if (ASLEEP.has(stage)) {
    const fix = { ...CommandOf.apply, why: 'wakes it' };
    return { id: 'space', state: 'wrong', text: `Space ${id}: ${stage.toLowerCase()}`, fix };
  }
  const log = await lastLines(hub, id, stage === 'BUILD_ERROR' ? 'build' : 'run');
  const said = errorMessage && log.length === 0 ? `: ${errorMessage}` : '';
  const text = [`Space ${id}: does not answer (${stage})${said}`, ...log.map((line) => `    ${line}`)];
  return { id: 'space', state: 'wrong', text: text.join('\n'), fix: FIX[stage] ?? CommandOf.apply };
}

const lastLines = (hub: HubPort, id: string, kind: 'build' | 'run'): Promise<string[]> =>
  hub.spaceLogs(id, kind, LOG_LINES).catch((error: Error) => [`(log: ${error.message})`]);

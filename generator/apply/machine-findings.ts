import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HubError, type HubPort } from '@collab/hub/port.ts';
import type { NextStep } from '../errors.ts';
import type { Io } from '../io.ts';
import type { Finding } from './finding.ts';
import { pythonHere } from './observe.ts';

const MAX_SKEW_S = 60;

/** What can be looked at without a Hub: Node, this package, Python. */
export async function machineFindings(io: Io): Promise<Finding[]> {
  const built = existsSync(join(io.packageRoot, 'dist', 'space', 'server.mjs'));
  return [
    { id: 'node', state: 'ok', text: `Node: ${process.versions.node}` },
    built
      ? { id: 'package', state: 'ok', text: 'create-collab is complete' }
      : { id: 'package', state: 'wrong', text: 'create-collab is not built', fix: BUILD },
    await pythonFinding(io),
  ];
}

const BUILD: NextStep = { command: 'npm run build', why: 'in a checkout of create-collab' };

async function pythonFinding(io: Io): Promise<Finding> {
  const python = await pythonHere(io);
  if ('version' in python) return { id: 'python', state: 'ok', text: `Python: ${python.version} runs` };
  return { id: 'python', state: 'wrong', text: `Python: ${python.problem}`, fix: python.fix };
}

const SET_CLOCK: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'sudo sntp -sS time.apple.com',
  linux: 'sudo timedatectl set-ntp true',
};

/** This machine's clock against the Hub's. */
export async function clockFinding(io: Io, hub: HubPort): Promise<Finding> {
  try {
    const theirs = await hub.hubTime();
    if (theirs === null) return { id: 'clock', state: 'unknown', text: 'Clock: the Hub names no time' };
    const skew = Math.round((io.now() - theirs) / 1000);
    if (Math.abs(skew) <= MAX_SKEW_S)
      return { id: 'clock', state: 'ok', text: `Clock: agrees with the Hub's to ${Math.abs(skew)} s` };
    const fix = {
      command: SET_CLOCK[process.platform] ?? "turn on the system's time synchronization",
      why: 'order of posts and token lifetimes depend on the time',
    };
    const text = `Clock: ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the Hub's`;
    return { id: 'clock', state: 'wrong', text, fix };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    return { id: 'clock', state: 'unknown', text: `Clock: not compared; ${error.message}` };
  }
}

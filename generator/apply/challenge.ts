import { randomUUID } from 'node:crypto';
import { HubError, type HubPort } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { readChallenge } from '../config/yaml.ts';
import { Cancelled } from '../errors.ts';
import type { TargetState } from '../plan/model.ts';
import { PROOFS } from '../plan/proofs.ts';
import { planProvision, waitsForPerson } from '../plan/provision.ts';
import type { ProvisionPlan } from '../plan/types.ts';
import { clientFor } from './hub-client.ts';
import { readInputs } from './inputs.ts';
import { learn } from './learn.ts';
import { lockApply } from './lock.ts';
import { observe } from './observe.ts';
import type { Operation, OperationContext } from './operation.ts';
import { operationsFor } from './operations.ts';
import { isTransient, runOperations } from './run.ts';
import { heldTo, type Picture } from './saved-plan.ts';
import { coalesced, journal, saveState } from './state.ts';
import type { ApplyOptions, ApplyReport, OperationResult } from './types.ts';

/** Looks again and goes on after a failure that may pass: so often, and no more. */
const ROUNDS = 4;

/**
 * The plan of a challenge directory against a Hub. Reads only.
 * @throws CollabError of challenge.yaml and the files; HubError when something could not be seen.
 */
export async function planChallenge(options: ApplyOptions, hub = clientFor(options)): Promise<Picture> {
  const read = await readChallenge(options.dir);
  const config = options.rehearsal ? onThisMachine(read) : read;
  const inputs = await readInputs(config, options);
  const { participantToken, spaceToken, evaluatorToken } = options;
  const world = await observe(inputs, {
    hub,
    io: options.io,
    token: options.token,
    ...(participantToken ? { participantToken } : {}),
    ...(spaceToken ? { spaceToken } : {}),
    ...(evaluatorToken ? { evaluatorToken } : {}),
  });
  return { inputs, world, plan: planProvision(inputs, world, config.hub.endpoint) };
}

/** The challenge as `dev` runs it: on the embedded hub, with a Space, for that costs nothing there. */
export function onThisMachine(config: ChallengeConfig): ChallengeConfig {
  const { hub } = config;
  if (hub.endpoint === 'local') return config;
  const space = hub.space || `${hub.org}/${config.challenge.slug}-collab`;
  return { ...config, hub: { ...hub, endpoint: 'local', space } };
}

/**
 * Makes the Hub as the challenge directory says. May be cut off anywhere and run again: each round looks first, and
 * does only what is missing. A second run writes nothing.
 */
export async function applyChallenge(options: ApplyOptions): Promise<ApplyReport> {
  const unlock = await lockApply(options.dir);
  try {
    return await applyInRounds(options);
  } finally {
    await unlock();
  }
}

async function applyInRounds(options: ApplyOptions): Promise<ApplyReport> {
  const hub = clientFor(options);
  const began = options.io.now();
  const run = randomUUID().slice(0, 8);
  const done: OperationResult[] = [];
  let writes = 0;
  let first: ProvisionPlan | undefined;
  const hold = heldTo(options.expected);
  for (let round = 1; ; round++) {
    if (options.io.signal.aborted) throw new Cancelled();
    const picture = await lookUntilSeen(options, hub, round);
    hold(picture);
    first ??= picture.plan;
    const outcome = await applyOnce(picture, options, hub, run);
    writes += outcome.writes;
    done.push(...outcome.results.filter((result) => result.state === 'done'));
    const again = outcome.errors.length > 0 && outcome.errors.every(isTransient) && round < ROUNDS;
    if (options.io.signal.aborted) throw new Cancelled();
    if (!again) {
      const rest = outcome.results.filter((result) => result.state !== 'done');
      return report(
        first,
        picture.plan,
        [...done, ...rest],
        writes,
        outcome.apiUrl,
        options.io.now() - began,
      );
    }
    await pause(waitAfter(outcome.errors, round), options);
  }
}

async function lookUntilSeen(options: ApplyOptions, hub: HubPort, round: number): Promise<Picture> {
  for (let attempt = round; ; attempt++) {
    try {
      return await planChallenge(options, hub);
    } catch (error) {
      if (!isTransient(error) || attempt >= ROUNDS) throw error;
      await pause(waitAfter([error], attempt), options);
    }
  }
}

const SAID_MS = 5_000;

/** Before it looks again. A wait that a person would notice is said. */
async function pause(ms: number, { io, progress }: ApplyOptions): Promise<void> {
  const text = `The Hub asks to wait ${Math.round(ms / 1000)} s`;
  if (ms > SAID_MS) progress?.({ id: 'wait', state: 'start', text });
  await io.sleep(ms, io.signal);
  if (ms > SAID_MS) progress?.({ id: 'wait', state: 'done', text, ms });
}

function waitAfter(errors: unknown[], round: number): number {
  const asked = errors.map((error) => (error instanceof HubError ? (error.retryAfterS ?? 0) * 1000 : 0));
  return Math.max(200 * 2 ** round, ...asked);
}

async function applyOnce(picture: Picture, options: ApplyOptions, hub: HubPort, run: string) {
  const { inputs, world, plan } = picture;
  const { dir, io } = options;
  const state = learn(inputs, world);
  const target = inputs.config.hub.endpoint;
  const save = coalesced(() => saveState(dir, target, state), state);
  const at: OperationContext = { options, hub, inputs, world, state, save, found: { apiUrl: null } };
  const operations = operationsFor(plan, at);
  const stamp = () => new Date(io.now()).toISOString();
  announce(operations, picture, state, stamp());
  if (JSON.stringify(state) !== JSON.stringify(inputs.state)) await save();
  if (operations.length > 0) await journal(dir, { at: stamp(), run, event: 'begin' });
  let writes = 0;
  const { results, errors } = await runOperations(plan, operations, {
    now: io.now,
    signal: io.signal,
    progress: options.progress ?? (() => undefined),
    settled: async ({ id, state: became, ms, error }) => {
      const writing = operations.find((operation) => operation.id === id)?.writes ?? false;
      if (became === 'done' && writing) writes += 1;
      if (became === 'skipped') return;
      await save();
      const event = became === 'done' ? 'done' : 'failed';
      await journal(dir, { at: stamp(), run, event, id, ms, ...(error ? { error: error.code } : {}) });
    },
  });
  const apiUrl = at.found.apiUrl ?? (world.space?.healthy ? world.space.info.host : null);
  return { results, errors, writes, apiUrl };
}

/** What holds from now on, also when this run is cut off. */
function announce(
  operations: Operation[],
  { inputs, world, plan }: Picture,
  state: TargetState,
  at: string,
): void {
  if (operations.some((operation) => operation.id === 'variables'))
    state.variables = [...new Set([...state.variables, ...Object.keys(inputs.variables)])].sort();
  // Only what is deployed unproven is worth a record.
  const unproven = plan.nodes.some((node) => node.id === PROOFS && node.reason.endsWith('--skip-proofs'));
  if (!unproven || !inputs.harness || operations.length === 0) return;
  const { content, proofs } = inputs.harness;
  state.skippedProofs = { at, by: world.identity.name, content, ...proofs };
}

function report(
  first: ProvisionPlan,
  last: ProvisionPlan,
  operations: OperationResult[],
  writes: number,
  apiUrl: string | null,
  total: number,
): ApplyReport {
  const failed = operations.some((operation) => operation.state === 'failed');
  const waiting = last.nodes.some(waitsForPerson);
  const health = operations.find((operation) => operation.id === 'health')?.ms ?? 0;
  return {
    plan: first,
    status: failed ? 'error' : waiting ? 'action_required' : 'ok',
    writes,
    operations,
    apiUrl,
    timingsMs: { apply: total - health, spaceReady: health },
  };
}

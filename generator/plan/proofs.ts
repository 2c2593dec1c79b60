import { checkNode } from './check-node.ts';
import { CommandOf } from './commands.ts';
import { digest } from './digest.ts';
import { type Inputs, isLocal, type ProbeRecord, type TargetState, type World } from './model.ts';
import type { PlanNode, Standing } from './types.ts';

export const PROOFS = 'check:proofs';
export const PROBE = 'probe';
/** A probe that takes longer is stuck; it needs seconds. */
export const PROBE_MINUTES = 5;

/**
 * Whether the harness was proven to judge rightly, and which layers of isolation exist where it will judge. Nothing
 * when no job runs it.
 */
export function proofNodes(inputs: Inputs, world: World): PlanNode[] {
  if (!inputs.harness) return [];
  return [provenNode(inputs), ...(inputs.harness.probe === null ? [] : [probeNode(inputs, world)])];
}

const passed = ({ harness }: Inputs): boolean =>
  harness !== null && harness.proofs.selftest === 'passed' && harness.proofs.redteam === 'passed';

/** Refused at huggingface.co without proofs of these very files; on this machine it is only said. */
function provenNode(inputs: Inputs): PlanNode {
  const node = checkNode(PROOFS, 'Self-test and red team');
  if (passed(inputs)) return { ...node, state: 'unchanged', ...howPassed(inputs) };
  const { selftest, redteam } = inputs.harness?.proofs ?? {};
  const reason = `self-test ${selftest}, red team ${redteam}: nothing proves that this harness judges rightly`;
  const both = selftest !== 'passed' && redteam !== 'passed';
  const next = [both ? CommandOf.proofs : selftest === 'passed' ? CommandOf.redteam : CommandOf.selftest];
  if (isLocal(inputs.config)) return { ...node, state: 'unchanged', reason, next, warn: true };
  if (inputs.skipProofs)
    return { ...node, state: 'unchanged', reason: `${reason}; --skip-proofs`, next, warn: true };
  const skipped = skippedFor(inputs);
  if (skipped) return { ...node, state: 'unchanged', reason: `${reason}; ${skipped}`, next, warn: true };
  return { ...node, state: 'blocked', reason, next: [...next, CommandOf.skipProofs] };
}

/** Holds for the very harness that was deployed so; another one needs proofs, or to be skipped again. */
function skippedFor({ state: { skippedProofs: skipped }, harness }: Inputs): string | null {
  if (!skipped || skipped.content !== harness?.content) return null;
  return `deployed all the same by ${skipped.by} on ${skipped.at.slice(0, 10)} (--skip-proofs)`;
}

/** What the red team could not try on its machine is no pass: the probe has to tell for where jobs run. */
function howPassed({ harness }: Inputs): Pick<PlanNode, 'reason' | 'warn'> {
  const open = harness?.untestable ?? [];
  const reason = 'both passed on this harness';
  if (open.length === 0) return { reason };
  return { reason: `${reason}; untestable where the red team ran: ${open.join(', ')}`, warn: true };
}

/** One probe per hardware, image and code of the layers. */
export const probeKey = ({ config, harness }: Pick<Inputs, 'config' | 'harness'>): string =>
  digest([config.hardware.flavor, config.hardware.image, harness?.probe]).slice(0, 16);

const probeOf = (inputs: Inputs, state: TargetState = inputs.state): ProbeRecord | undefined =>
  state.probes[probeKey(inputs)];

function probeNode(inputs: Inputs, world: World): PlanNode {
  const { flavor } = inputs.config.hardware;
  const node = {
    id: PROBE,
    kind: 'probe' as const,
    title: `Layers of isolation on ${flavor}`,
    dependsOn: ['check:token', 'check:org', 'check:credits', 'bucket:central', 'bucket:private'],
  };
  const record = probeOf(inputs);
  if (record?.found) return { ...node, ...seen(inputs, record.found) };
  const failure = record?.error ? `the last probe said nothing: ${record.error}` : null;
  const local = isLocal(inputs.config);
  if (local && failure && !inputs.probe) return { ...node, ...unknown(inputs, failure) };
  if (local) return { ...node, state: 'create', reason: failure ?? 'not looked at yet' };
  const cost = { usd: probePrice(inputs, world), per: 'once' as const };
  const price = `a job of at most ${PROBE_MINUTES} minutes, $${cost.usd.toFixed(3)} or less`;
  if (inputs.probe || (record && !failure))
    return { ...node, state: 'create', reason: `${failure ?? 'not looked at yet'}; ${price}`, cost };
  return {
    ...node,
    state: 'human',
    reason: failure ?? 'not looked at yet',
    cost,
    human: {
      url: `${inputs.config.hub.endpoint}/docs/hub/jobs-pricing`,
      steps: `${price[0]?.toUpperCase()}${price.slice(1)}, tells what a submission could reach there. Allow it with --probe.`,
      check: 'the layers are in the plan and in the private bucket',
    },
    next: [CommandOf.probe],
  };
}

function probePrice({ config }: Inputs, { hardware }: World): number {
  const offer = hardware.find((candidate) => candidate.name === config.hardware.flavor);
  return ((offer?.usdPerHour ?? config.hardware.usd_per_hour) * PROBE_MINUTES) / 60;
}

/** What holds there, and which of the shipped cheats nothing would stop there. */
function seen(inputs: Inputs, found: NonNullable<ProbeRecord['found']>): Standing {
  const held = found.layers.join(', ') || 'none';
  if (found.strict) return { state: 'unchanged', reason: `${held} hold` };
  const missing = Object.keys(found.missing).join(', ');
  if (isStrict(inputs))
    return {
      state: 'blocked',
      reason: `verification.isolation is strict, and ${missing} cannot be had there (${held} hold)`,
      next: [CommandOf.bestIsolation],
    };
  const open = openCheats(inputs, found.layers);
  const stopped =
    open.length > 0
      ? `nothing there stops ${open.join(', ')}`
      : 'every shipped cheat is stopped there all the same';
  return { state: 'unchanged', reason: `${held} hold, ${missing} not: ${stopped}`, warn: true };
}

function unknown(inputs: Inputs, failure: string): Standing {
  if (isStrict(inputs))
    return {
      state: 'blocked',
      reason: `${failure}; verification.isolation is strict`,
      next: [CommandOf.bestIsolation],
    };
  return { state: 'unchanged', reason: failure, next: [CommandOf.probe], warn: true };
}

const isStrict = ({ config }: Inputs): boolean => config.verification.isolation === 'strict';

/** Shipped cheats that a layer has to stop, and none of theirs holds. */
const openCheats = ({ harness }: Pick<Inputs, 'harness'>, layers: string[]): string[] =>
  (harness?.cheats ?? [])
    .filter(({ layers: needed }) => !needed.some((layer) => layers.includes(layer)))
    .map(({ name }) => name);

import { CollabError } from '../errors.ts';
import { CommandOf } from '../plan/commands.ts';
import { type Inputs, isLocal, type ProbeRecord } from '../plan/model.ts';
import { probeKey } from '../plan/proofs.ts';
import type { PlanNode } from '../plan/types.ts';
import { clientFor } from './hub-client.ts';
import { type Operation, type OperationContext, single } from './operation.ts';
import { probeLayers } from './probe-layers.ts';

/** The Space's own token may start jobs; the organizer's need not. */
export function layersOperation(node: PlanNode, at: OperationContext): Operation {
  const { io, hubUrl, token, spaceToken } = at.options;
  const key = probeKey(at.inputs);
  const record = (found: ProbeRecord) => {
    at.state.probes = { [key]: found };
    return at.save();
  };
  return single(node, true, async () => {
    const hub = clientFor({ io, hubUrl, token: spaceToken ?? token });
    const started = at.inputs.state.probes[key];
    const found = await probeLayers({
      io,
      hub,
      inputs: at.inputs,
      ...(started ? { started } : {}),
      save: record,
    });
    await record(found);
    refuseUnfit(found, at.inputs);
  });
}

/** Recorded all the same: the plan says it again until it is settled. */
function refuseUnfit({ found, error }: ProbeRecord, { config }: Inputs): void {
  const { flavor } = config.hardware;
  if (error && !isLocal(config))
    throw new CollabError('PROBE_FAILED', `the probe on ${flavor} said nothing: ${error}`, {
      next: [CommandOf.probe],
    });
  if (config.verification.isolation !== 'strict' || found?.strict) return;
  const missing = found ? Object.keys(found.missing).join(', ') : (error ?? '');
  throw new CollabError(
    'ISOLATION_MISSING',
    `verification.isolation is strict, and on ${flavor} this is missing: ${missing}`,
    { next: [CommandOf.bestIsolation] },
  );
}

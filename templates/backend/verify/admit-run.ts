import { resultPath } from '@collab/contract/paths.ts';
import type { JobSpec } from '@collab/hub/port.ts';
import type { Queued } from '../domain/queue/order.ts';
import type { Reservation } from '../domain/quota/ledger.ts';
import { readSnapshotRef } from '../domain/results/snapshot.ts';
import { verificationSpec } from '../jobs/spec.ts';
import { conclude } from './conclude.ts';
import { BASELINE, hasBaseline } from './control.ts';
import type { VerifierDeps } from './types.ts';

/** What became of a waiting result: its run may start, it needs none, or it has to wait. */
export type Admission =
  | { what: 'run'; entry: Reservation; spec(): Promise<JobSpec> }
  | { what: 'concluded' }
  | { what: 'waits' };

const NO_SUBMISSION =
  "couldn't reproduce it: no submission was found when the result was posted; post again with `submission:` naming a folder of your own bucket";

/**
 * Reserves a verification run, whoever is to run it: a job, or the evaluator named. `spec` writes down what was asked for
 * and gives the run; when it fails the reservation stands, and is the caller's to give back.
 */
export async function admitRun(deps: VerifierDeps, item: Queued, evaluator?: string): Promise<Admission> {
  const { settings, store, ledger, log } = deps;
  const record = store.get(resultPath(item.filename));
  const snapshot = record && readSnapshotRef(record.frontmatter);
  if (!snapshot) {
    const state = deps.rules.compat ? 'pending' : 'inconclusive';
    await conclude(deps, item.filename, { state, reason: NO_SUBMISSION });
    return { what: 'concluded' };
  }
  const id = deps.newId();
  const runPath = await freshRunPath(deps, item.filename, id);
  const withPrivate = (await store.private.list(`${settings.PRIVATE_DATASET_PREFIX}/`)).length > 0;
  const about = { result: item.filename, run_path: runPath, snapshot, private_data: String(withPrivate) };
  const control = item.attempts >= settings.VERIFIER_MAX_ATTEMPTS;
  // Without a baseline nobody can tell whose fault it is that fresh runs say nothing.
  if (control && item.fresh && !(await hasBaseline(deps))) return { what: 'waits' };
  const target = { ...about, ...(item.fresh && { fresh: 'true' }), ...(control && { control: 'true' }) };
  const { agent, user } = item;
  const own = control || item.fresh;
  const reserved = await ledger.reserve({ id, kind: 'verification', agent, user, target, evaluator, own });
  if (!reserved.ok) {
    log('info', 'verification_waits', { result: item.filename, why: reserved.refusal.message });
    return { what: 'waits' };
  }
  const spec = async () => {
    await store.private.writeJson(
      `${runPath}/verification_request.json`,
      requestOf(deps, item, { ...target, ...(control && { snapshot: BASELINE }) }),
    );
    const submission = { bucket: settings.CENTRAL_BUCKET, prefix: control ? BASELINE : snapshot };
    return verificationSpec(settings, { result: item.filename, submission, runPath, withPrivate }, id);
  };
  return { what: 'run', entry: reserved.entry, spec };
}

function requestOf(deps: VerifierDeps, item: Queued, target: { snapshot: string; run_path: string }) {
  return {
    filename: item.filename,
    reported_score: item.claimed.exact ?? item.claimed.score,
    submission_bucket: deps.settings.CENTRAL_BUCKET,
    submission_prefix: target.snapshot,
    run_path: target.run_path,
    requested_at: new Date(deps.now()).toISOString(),
    by: deps.rules.verifier,
    reason: item.reason,
  };
}

/** A folder of its own for every run: an old summary.json can never be read as the new one. */
async function freshRunPath(
  { settings, store }: VerifierDeps,
  filename: string,
  id: string,
): Promise<string> {
  const base = `${settings.VERIFICATION_RUNS_PREFIX}/${filename}`;
  const before = await store.private.list(`${base}/`);
  return before.length === 0 ? base : `${base}/run-${id.slice(0, 12)}`;
}

/** Runs that an evaluator outside the server holds: it runs the harness, the server judges what came out. */
import { resultPath } from '@collab/contract/paths.ts';
import { claimRun, endRun, releaseRun, renewRun } from '@collab/contract/routes/evaluator.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import type { Services } from '../services.ts';
import type { Claimed } from '../verify/leases.ts';

/** An evaluator renews several times before its lease ends: one lost request costs nothing. */
const RENEWALS_PER_LEASE = 4;

export const routes: RouteModule = (s) => [
  handle(claimRun, async (call) => {
    s.auth.evaluator(call.credential);
    const claimed = await s.evaluation.leases.claim(call.body.evaluator);
    return { body: { run: claimed && runAnswer(s, claimed) } };
  }),
  handle(renewRun, async (call) => {
    s.auth.evaluator(call.credential);
    const expiresAt = await s.evaluation.leases.renew(runOf(call, 'renew'));
    return { body: { expires_at: iso(expiresAt) } };
  }),
  handle(releaseRun, async (call) => {
    s.auth.evaluator(call.credential);
    await s.evaluation.leases.release(runOf(call, 'release'));
    return { body: { released: true as const } };
  }),
  handle(endRun, async (call) => {
    s.auth.evaluator(call.credential);
    const { exit_code, timed_out, message, seconds, logs, files } = call.body;
    const decoded = new Map(
      Object.entries(files).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))]),
    );
    const report = { exitCode: exit_code, timedOut: timed_out, message, seconds, logs, files: decoded };
    const result = await s.evaluation.leases.end(runOf(call, 'end'), report);
    audit(s, call, result);
    const reason = s.evaluation.book.judgement(result).decided?.reason ?? null;
    return {
      body: { filename: result, verification: s.evaluation.standings.state(result), reason },
    };
  }),
];

const runOf = (call: { params: { run: string } }, verb: string) =>
  call.params.run.replace(new RegExp(`:${verb}$`), '');

const iso = (ms: number) => new Date(ms).toISOString();

function runAnswer({ settings }: Services, { id, result, spec, expiresAt }: Claimed) {
  const volumes = (spec.volumes ?? []).map(({ source, path = '', mountPath, readOnly = false }) => {
    return { source, path, mountPath, readOnly };
  });
  return {
    id,
    result,
    command: spec.command,
    volumes,
    timeout_s: spec.timeoutSeconds,
    expires_at: iso(expiresAt),
    renew_every_s: settings.EVALUATOR_LEASE_S / RENEWALS_PER_LEASE,
  };
}

function audit(s: Services, call: Call<typeof endRun>, result: string): void {
  s.audit.record(call, {
    agent_id: s.evaluation.rules.verifier,
    route: endRun.path,
    via: 'server',
    source: null,
    target_path: resultPath(result),
    bytes: 0,
    status_code: 200,
  });
}

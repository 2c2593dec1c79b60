/** Benchmarks on the organization's account: the owner's, from the owner's bucket, within quota and budget. */
import { ApiError, type Problem } from '@collab/contract/errors.ts';
import { agentIdProblem } from '@collab/contract/identity.ts';
import { pathProblem, scratchBucket } from '@collab/contract/paths.ts';
import { cancelJob, listJobs, runJob } from '@collab/contract/routes/jobs.ts';
import type { Credential, Writer } from '../auth/types.ts';
import { tryJson } from '../codec/json.ts';
import type { Reservation } from '../domain/quota/ledger.ts';
import { type Call, handle, type RouteModule } from '../http/handle.ts';
import { MAX_JSON_BYTES, Preflight, preflight } from '../jobs/preflight.ts';
import type { Services } from '../services.ts';
import { hubFailure } from '../store/hub-failure.ts';
import { listingBound, refuseBoundless } from '../store/source.ts';

export const routes: RouteModule = (s) => [
  handle(runJob, async (call) => {
    requireJobs(s);
    const { agent_id: agent } = call.body;
    const problem = agentIdProblem(agent);
    if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
    const submissionPrefix = prefixOf(call.body.submission_prefix, 'submission_prefix');
    const runPrefix = prefixOf(call.body.run_prefix, 'run_prefix');
    if (!s.profile.compat) refuseOverlap(submissionPrefix, runPrefix);
    const writer = await ownerOf(s, call.credential, agent);
    const bucket = scratchBucket(s.settings.ORG, s.settings.COLLAB_SLUG, agent);
    if (!s.profile.compat) await refuseBroken(s, bucket, submissionPrefix);
    const idempotency = call.idempotency === null ? undefined : `${agent}:${call.idempotency}`;
    const request = { agent, user: writer.hfUser, submissionPrefix, runPrefix, idempotency };
    const run = await s.evaluation.benchmarks.run(request);
    audit(s, call, bucket, run.jobId, writer.hfUser);
    const timeout = s.settings.JOB_TIMEOUT_MINUTES;
    return {
      status: 202,
      body: {
        agent_id: agent,
        hf_user: writer.hfUser,
        submission_bucket: bucket,
        submission_prefix: submissionPrefix,
        run_bucket: bucket,
        run_prefix: runPrefix,
        job_id: run.jobId,
        job_url: run.jobUrl,
        status: 'launched' as const,
        timeout_minutes: timeout,
        status_file: `hf://buckets/${bucket}/${runPrefix}/job_status.json`,
        logs_file: `hf://buckets/${bucket}/${runPrefix}/job_logs.txt`,
        quota: run.remaining,
        message: `benchmark launched (capped at ${timeout} min). Poll status_file; summary.json lands beside it.`,
      },
    };
  }),
  handle(listJobs, async ({ query: { agent } }) => {
    requireJobs(s);
    const problem = agent === undefined ? null : agentIdProblem(agent);
    if (problem) throw new ApiError('INVALID_PATH', problem.message, { hint: problem.hint });
    const { entries } = await s.evaluation.ledger.recent();
    const items = entries.filter((entry) => agent === undefined || entry.agent_id === agent).toReversed();
    return { body: { count: items.length, items: items.map((entry) => jobAnswer(s, entry)) } };
  }),
  handle(cancelJob, (call) => cancel(s, call)),
];

/** Whose agent it is, and whose scratch bucket still. Under compat the bucket is asked first, for the caller. */
async function ownerOf(s: Services, credential: Credential, agent: string): Promise<Writer> {
  if (s.profile.compat) await s.auth.handshake(agent, credential);
  const writer = await s.auth.writer(credential, agent, { always: true });
  // What follows asks the Hub several times, long before a quota is looked at.
  s.limits.source(writer);
  if (!s.profile.compat) await s.auth.handshake(agent);
  return writer;
}

function requireJobs({ settings }: Services): void {
  if (settings.JOBS_ENABLED) return;
  throw new ApiError('JOBS_DISABLED', 'this challenge does not run jobs', {
    hint: 'run the harness on your own hardware',
  });
}

/** A reservation as it is shown. */
function jobAnswer({ settings }: Services, entry: Reservation) {
  const { id, job_id, kind, agent_id, state, ts, launched_at, usd, target } = entry;
  const url = job_id ? `${settings.HF_ENDPOINT}/jobs/${settings.ORG}/${job_id}` : null;
  const when = { reserved_at: ts, launched_at: launched_at ?? null };
  // Where a verification run lies is the organizers' business.
  const { run_path: _, ...shown } = target;
  return {
    run_id: id,
    job_id: job_id ?? null,
    job_url: url,
    kind,
    agent: agent_id,
    state,
    ...when,
    usd,
    target: shown,
  };
}

async function cancel(s: Services, call: Call<typeof cancelJob>) {
  requireJobs(s);
  const jobId = call.params.job_id.replace(/:cancel$/, '');
  const { entries } = await s.evaluation.ledger.recent();
  const entry = entries.find(
    (each) => each.job_id === jobId && each.kind === 'benchmark' && each.state === 'launched',
  );
  if (!entry) throw new ApiError('NOT_FOUND', 'no such running benchmark');
  const writer = await s.auth.writer(call.credential, entry.agent_id, { always: true });
  await s.hub.cancelJob(s.settings.ORG, jobId).catch(hubFailure('cancel the job'));
  s.audit.record(call, {
    agent_id: entry.agent_id,
    route: cancelJob.path,
    via: 'job',
    source: null,
    target_path: entry.target.run_prefix ?? null,
    bytes: 0,
    status_code: 202,
    job_id: jobId,
    hf_user: writer.hfUser,
  });
  return { status: 202, body: jobAnswer(s, entry) };
}

function prefixOf(text: string, field: string): string {
  const problem = pathProblem(text);
  if (problem) throw new ApiError('INVALID_PATH', `${field}: ${problem}`);
  return text.replace(/\/+$/, '');
}

/** A run that writes into its own submission would change what it measures. */
function refuseOverlap(submission: string, run: string): void {
  const inside = (inner: string, outer: string) => `${inner}/`.startsWith(`${outer}/`);
  if (inside(run, submission) || inside(submission, run))
    throw new ApiError('INVALID_PATH', 'run_prefix and submission_prefix must not lie inside each other', {
      hint: 'for example submissions/v1 and runs/v1',
    });
}

/** Every problem that costs nothing to find, before anything is reserved. */
async function refuseBroken(s: Services, bucket: string, prefix: string): Promise<void> {
  const listed = await s.hub
    .listFiles(bucket, `${prefix}/`, listingBound(s.settings))
    .catch(refuseBoundless(s.settings))
    .catch(hubFailure('list the submission'));
  const files = (listed ?? []).map(({ path, size }) => ({ path: path.slice(prefix.length + 1), size }));
  if (files.length === 0)
    throw new ApiError('SOURCE_NOT_FOUND', `nothing below hf://buckets/${bucket}/${prefix}/`);
  const rules = await preflightRules(s);
  if (!rules) return;
  const text = async (path: string) => {
    const bytes = await s.hub
      .readFile(bucket, `${prefix}/${path}`, { maxBytes: MAX_JSON_BYTES })
      .catch(hubFailure('read the submission'));
    return bytes && new TextDecoder().decode(bytes);
  };
  const problems: Problem[] = await preflight(rules, { files, text });
  if (problems.length === 0) return;
  const [first] = problems;
  throw new ApiError('INVALID_REQUEST', `the submission is not ready: ${first?.path} ${first?.problem}`, {
    hint: 'nothing was launched and nothing counted',
    problems,
  });
}

/** What the harness declares. `null`: it declares nothing. Rules that cannot be read are not "no rules". */
async function preflightRules(s: Services): Promise<Preflight | null> {
  const bytes = await s.store.bytes(`${s.settings.HARNESS_PREFIX}/preflight.json`, MAX_JSON_BYTES);
  if (bytes === null) return null;
  const parsed = Preflight.safeParse(tryJson(new TextDecoder().decode(bytes)));
  if (parsed.success) return parsed.data;
  s.log('error', 'preflight_unreadable', { error: parsed.error });
  throw new ApiError('JOB_LAUNCH_FAILED', "the harness's preflight.json cannot be read", {
    hint: 'nothing was launched and nothing counted; tell an organizer',
  });
}

function audit(s: Services, call: Call<typeof runJob>, bucket: string, jobId: string, hfUser: string): void {
  const { agent_id, submission_prefix, run_prefix } = call.body;
  s.audit.record(call, {
    agent_id,
    route: runJob.path,
    via: 'job',
    source: `hf://buckets/${bucket}/${submission_prefix}`,
    target_path: run_prefix,
    bytes: 0,
    status_code: 202,
    job_id: jobId,
    hf_user: hfUser,
  });
}

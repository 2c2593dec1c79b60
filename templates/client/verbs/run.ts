import type { jobRoutes } from '@collab/contract/routes/jobs.ts';
import { fileStamp } from '@collab/contract/stamps.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf } from '../records.ts';
import { type Summary, scoreOf, summaryOf, waitForRun } from '../run-state.ts';
import { openScratch, type Scratch } from '../scratch.ts';
import { readSubmission } from '../submission.ts';
import { oneLine } from '../untrusted.ts';
import { count, flag, type Session, session, text, type Verb, type VerbContext } from '../verb.ts';

type Launched = AnswerOf<typeof jobRoutes.runJob>;

interface Run {
  runPrefix: string;
  submissionPrefix: string | null;
  job?: Launched;
}

/** An ended run of the same content is as good as a new one; the jobs of a collaboration are not free. */
async function earlierRun(scratch: Scratch, prefix: string): Promise<string | null> {
  const files = await scratch.list(`runs/${prefix}-`);
  const done = files?.map((f) => f.path).filter((path) => path.endsWith('/job_status.json')) ?? [];
  return done.sort().at(-1)?.slice(0, -'/job_status.json'.length) ?? null;
}

async function launch({ api, profile }: Session, run: Run): Promise<Launched> {
  return api.call<Launched>('/v1/jobs:run', {
    method: 'POST',
    body: { agent_id: profile.agent_id, submission_prefix: run.submissionPrefix, run_prefix: run.runPrefix },
    bearer: profile.agent_key,
    timeoutMs: 120_000,
  });
}

async function prepare(context: VerbContext, own: Session, scratch: Scratch): Promise<Run> {
  const waitFor = text(context, 'wait-for');
  if (waitFor) return { runPrefix: waitFor.replace(/\/+$/, ''), submissionPrefix: null };
  const [folder] = context.positionals;
  if (!folder) throw new ClientError('BAD_FLAG', 'Name the submission folder: run <folder>.');
  const submission = await readSubmission(context.io.cwd, folder);
  const id = `${submission.name}-${submission.sha256.slice(0, 12)}`;
  const submissionPrefix = `submissions/${id}`;
  const sent = await scratch.upload(submission, submissionPrefix);
  context.note(
    `${sent ? 'Uploaded' : 'Already there:'} ${submission.files.length} files, ${submission.bytes} bytes`,
  );
  const before = flag(context, 'reuse') ? await earlierRun(scratch, id) : null;
  if (before) return { runPrefix: before, submissionPrefix };
  const run = { runPrefix: `runs/${id}-${fileStamp(context.io.now())}`, submissionPrefix };
  try {
    return { ...run, job: await launch(own, run) };
  } catch (error) {
    throw withoutJobs(error, `hf://buckets/${scratch.bucket}/${submissionPrefix}`);
  }
}

/** Where no jobs are run the submission is uploaded all the same: what is left is to publish it. */
function withoutJobs(error: unknown, submission: string): unknown {
  if (!(error instanceof ClientError) || error.code !== 'JOBS_DISABLED') return error;
  const command = `node collab.mjs result --score <yours> --submission ${submission} --method … --description …`;
  return new ClientError(error.code, `${error.message}; the submission is uploaded`, {
    ...(error.hint ? { hint: error.hint } : {}),
    ...(error.status ? { status: error.status } : {}),
    next: [{ command, why: 'publishes it with the score you measured' }],
    cause: error,
  });
}

function printed(run: Run, scratch: Scratch, summary: Summary | null) {
  const { job_id, job_url, quota } = run.job ?? {};
  const submission = run.submissionPrefix && `hf://buckets/${scratch.bucket}/${run.submissionPrefix}`;
  const data = { run_prefix: run.runPrefix, submission, job_id, job_url, quota, summary };
  const next = `Next: node collab.mjs result --run ${run.runPrefix} --method … --description …`;
  const lines = summary ? summaryLines(summary) : ['The job is running.'];
  return { data, text: [...lines, `Run: ${run.runPrefix}`, ...(summary ? [next] : [])].join('\n') };
}

function summaryLines(summary: Summary): string[] {
  const fields = Object.keys(summary).filter((key) => key !== 'schema');
  const numbers = fields.flatMap((key) => {
    const number = scoreOf(summary, key);
    return number === null ? [] : [[key, number] as const];
  });
  const gates = (summary.gates ?? []).map(
    (g) =>
      `  ${g.pass ? 'pass' : 'FAIL'}  ${oneLine(g.id)}: ${g.value} ${g.op} ${g.limit}${g.note ? `  ${oneLine(g.note)}` : ''}`,
  );
  return [...numbers.map(([key, value]) => `${oneLine(key)}: ${value}`), ...gates];
}

export const run: Verb = {
  args: '<folder>',
  summary: 'upload a submission, run the benchmark as a job, wait for its summary',
  options: {
    'wait-for': { type: 'string' },
    'no-wait': { type: 'boolean' },
    reuse: { type: 'boolean' },
    'timeout-minutes': { type: 'string' },
  },
  docs: {
    'wait-for': 'go on waiting for this run',
    'no-wait': 'return as soon as the job is launched',
    reuse: 'take an earlier run of the same content when there is one',
    'timeout-minutes': 'how long to wait (120)',
  },
  async run(context) {
    const own = await session(context);
    const scratch = await openScratch(context.io, own);
    const started = await prepare(context, own, scratch);
    if (flag(context, 'no-wait')) return printed(started, scratch, null);
    const limit = count(context, 'timeout-minutes', 120) * 60_000;
    const status = await waitForRun(context.io, scratch, started.runPrefix, limit);
    const submissionPrefix = started.submissionPrefix ?? status.submission_prefix ?? null;
    const summary = await summaryOf(scratch, started.runPrefix, status);
    return printed({ ...started, submissionPrefix }, scratch, summary);
  },
};

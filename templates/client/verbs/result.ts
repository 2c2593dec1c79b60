import type { resultRoutes } from '@collab/contract/routes/results.ts';
import { ClientError } from '../errors.ts';
import type { AnswerOf, BodyOf } from '../records.ts';
import { type JobStatus, type Summary, scoreOf } from '../run-state.ts';
import { openScratch, type Scratch } from '../scratch.ts';
import { bodyFrom, FILE_DOC, FILE_OPTION } from '../text-input.ts';
import { oneLine } from '../untrusted.ts';
import { type Session, session, text, type Verb, type VerbContext } from '../verb.ts';

type Field = string | number | boolean | string[];

/** What a run says about itself: its score and where its submission lies. */
async function fromRun(
  scratch: Scratch,
  runPrefix: string,
  scoreField: string,
): Promise<Record<string, Field>> {
  const [summary, status] = await Promise.all([
    scratch.json<Summary>(`${runPrefix}/summary.json`),
    scratch.json<JobStatus>(`${runPrefix}/job_status.json`),
  ]);
  const score = scoreOf(summary, scoreField);
  if (score === null)
    throw new ClientError('RUN_HAS_NO_SCORE', `${runPrefix}/summary.json holds no number "${scoreField}".`, {
      next: [
        { command: `node collab.mjs run --wait-for ${runPrefix}`, why: 'waits until the run has ended' },
      ],
    });
  const submission = status?.submission_prefix;
  return {
    [scoreField]: score,
    ...(submission ? { submission: `hf://buckets/${scratch.bucket}/${submission}` } : {}),
    artifacts: `hf://buckets/${scratch.bucket}/${runPrefix}`,
  };
}

/** `--set key=value`: numbers stay numbers. */
function extras(context: VerbContext): Record<string, Field> {
  const given = context.options.set;
  const pairs = (Array.isArray(given) ? given : []).map((pair) => {
    const [key = '', ...rest] = String(pair).split('=');
    if (!key || rest.length === 0) throw new ClientError('BAD_FLAG', `--set takes key=value, not "${pair}".`);
    const value = rest.join('=');
    return [key, /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value) ? Number(value) : value] as const;
  });
  return Object.fromEntries(pairs);
}

const lists = (context: VerbContext, names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const items = text(context, name)
        ?.split(/[,\s]+/)
        .filter(Boolean);
      return items ? [[name, items]] : [];
    }),
  );

const singles = (context: VerbContext, names: string[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = text(context, name);
      return value ? [[name, value]] : [];
    }),
  );

/** The newest run of the own bucket that has ended. @throws ClientError NO_RUN */
async function lastRun(scratch: Scratch): Promise<string> {
  const ended = (await scratch.list('runs/'))?.filter((file) => file.path.endsWith('/summary.json')) ?? [];
  const newest = ended.sort((a, b) => ((a.mtime ?? '') < (b.mtime ?? '') ? 1 : -1))[0];
  if (newest) return newest.path.slice(0, -'/summary.json'.length);
  throw new ClientError('NO_RUN', 'There is no finished run to publish, and no --score was given.', {
    next: [{ command: 'node collab.mjs run <folder>', why: 'measures a submission' }],
  });
}

/** Score and submission of the run that is meant; nothing when the score is given by hand. */
async function measured(
  context: VerbContext,
  own: Session,
  scoreField: string,
): Promise<Record<string, Field>> {
  const named = text(context, 'run')?.replace(/\/+$/, '');
  if (!named && text(context, 'score')) return {};
  const scratch = await openScratch(context.io, own);
  return fromRun(scratch, named ?? (await lastRun(scratch)), scoreField);
}

async function frontmatter(context: VerbContext, own: Session): Promise<Record<string, Field>> {
  const { score_field } = await own.api.call<{ score_field: string }>('/v1');
  const score = text(context, 'score');
  const claimed =
    score === undefined ? {} : { [score_field]: Number.isNaN(Number(score)) ? score : Number(score) };
  return {
    ...(await measured(context, own, score_field)),
    ...claimed,
    status: 'agent-run',
    ...singles(context, ['method', 'description', 'status', 'submission', 'lane', 'summary']),
    ...lists(context, ['parents', 'tags']),
    ...extras(context),
  };
}

function whatNext(
  { filename, submission_snapshot }: AnswerOf<typeof resultRoutes.postResult>,
  status: Field | undefined,
): string {
  if (status === 'negative') return 'A dead end stands on the board for others; nobody runs it again.';
  if (!submission_snapshot) return 'It names no submission, so nobody can run it again.';
  return `What comes of it: node collab.mjs verdict ${filename}`;
}

export const result: Verb = {
  args: '[text | -]',
  summary: 'publish a result, with the score and submission of a run',
  options: {
    ...FILE_OPTION,
    run: { type: 'string' },
    score: { type: 'string' },
    method: { type: 'string' },
    description: { type: 'string' },
    status: { type: 'string' },
    submission: { type: 'string' },
    parents: { type: 'string' },
    tags: { type: 'string' },
    lane: { type: 'string' },
    summary: { type: 'string' },
    set: { type: 'string', multiple: true },
  },
  docs: {
    ...FILE_DOC,
    run: 'run prefix that `run` printed (else the newest): score and submission come from it',
    score: 'the score, when no run measured it',
    method: 'short name of what was done',
    description: 'one line for the leaderboard',
    status: 'agent-run (default) or negative: a dead end worth knowing',
    submission: 'hf:// folder that was measured',
    parents: 'results this builds on, separated by commas',
    tags: 'separated by commas',
    lane: 'research avenue it belongs to',
    summary: 'one line that lists and digests show',
    set: 'further field, key=value; repeatable',
  },
  async run(context) {
    const own = await session(context);
    const fields = await frontmatter(context, own);
    const body =
      context.positionals.length > 0 || context.options.file
        ? await bodyFrom(context, 'result')
        : String(fields.description ?? '');
    const request: BodyOf<typeof resultRoutes.postResult> = {
      agent_id: own.profile.agent_id,
      frontmatter: fields,
      body,
    };
    const answer = await own.api.call<AnswerOf<typeof resultRoutes.postResult>>('/v1/results', {
      method: 'POST',
      body: request,
      bearer: own.profile.agent_key,
    });
    const lines = [
      `Published ${answer.filename}, ${answer.verification}. ${whatNext(answer, fields.status)}`,
      ...answer.warnings.map((warning) => `Warning: ${oneLine(warning)}`),
    ];
    return { data: { ...answer, fields }, text: lines.join('\n') };
  },
};

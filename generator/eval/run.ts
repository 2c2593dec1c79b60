import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { CommandContext, Outcome } from '../command.ts';
import { shellWord } from '../config/replay.ts';
import { CollabError } from '../errors.ts';
import { type Challenge, type Ran, runHarness } from './harness.ts';
import { HARNESS_LOG, logsIn, stampOf } from './run-folder.ts';
import type { Summary } from './summary.ts';
import { digits, table } from './table.ts';

/** `eval run`: one submission through the harness, as a job would do it. `--private`: as verification does it. */
export async function run(context: CommandContext, challenge: Challenge): Promise<Outcome> {
  const submission = submissionOf(context, challenge.dir);
  const state = stateOf(context, challenge.dir, basename(submission));
  const ran = await runHarness(context.io, challenge, {
    submission,
    state,
    private: context.options.private === true,
    seed: seedOf(context),
  });
  if (ran.state !== 'measured') throw await notMeasured(context, ran, state);
  return { status: 'ok', text: report(challenge, ran, context.io.stdout.columns), data: runData(ran, state) };
}

/** `eval preflight`: every problem that is seen without running anything. */
export async function preflight(context: CommandContext, challenge: Challenge): Promise<Outcome> {
  const submission = submissionOf(context, challenge.dir);
  const state = stateOf(context, challenge.dir, `preflight-${basename(submission)}`);
  const ran = await runHarness(context.io, challenge, { submission, state, preflight: true });
  const problems = ran.finished.output
    .split('\n')
    .filter((line) => line.startsWith('preflight: ') && line !== 'preflight: no problem found')
    .map((line) => line.slice('preflight: '.length));
  if (ran.state === 'measured')
    return { status: 'ok', text: 'Preflight: no problem found.', data: { problems: [] } };
  if (problems.length === 0) throw await notMeasured(context, ran, state);
  throw new CollabError('PREFLIGHT_FAILED', 'The submission would be refused before it is run.', {
    problems: problems.map((text) => {
      const [at = '', ...rest] = text.split(': ');
      return { at, problem: rest.join(': ') };
    }),
  });
}

/** The folder of `--submission`, from here or from the challenge. @throws CollabError SUBMISSION_MISSING, SUBMISSION_NOT_FOUND */
export function submissionOf({ options, io }: CommandContext, dir: string): string {
  if (typeof options.submission !== 'string')
    throw new CollabError('SUBMISSION_MISSING', 'Which submission? Give its folder with --submission.', {
      kind: 'action_required',
      next: [
        { command: 'create-collab eval run --submission submissions/baseline', why: 'runs the baseline' },
      ],
    });
  const places = [resolve(io.cwd, options.submission), resolve(dir, options.submission)];
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new CollabError('SUBMISSION_NOT_FOUND', `There is no folder ${options.submission}.`, {
    next: [{ command: 'ls submissions', why: 'lists the samples of this challenge' }],
  });
}

function stateOf({ options, io }: CommandContext, dir: string, name: string): string {
  if (typeof options.state === 'string') return resolve(io.cwd, options.state);
  return join(dir, 'runs', `${stampOf(io)}-${name}`);
}

function seedOf({ options }: CommandContext): number | undefined {
  if (options.seed === undefined) return undefined;
  const seed = Number(options.seed);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new CollabError('BAD_FLAG', '--seed must be a whole number, zero or more.');
}

async function notMeasured({ io }: CommandContext, ran: Ran, state: string): Promise<CollabError> {
  const own = ran.state === 'submission-fault';
  const who = own ? 'The submission is at fault' : 'The harness or this machine is at fault';
  const logs = await logsIn(state);
  const next = logs
    .map((log) => ({ log, harness: basename(log) === HARNESS_LOG }))
    .sort((a, b) => Number(a.harness === own) - Number(b.harness === own))
    .map(({ log, harness }) => ({
      command: `cat ${shellWord(relative(io.cwd, log))}`,
      why: harness ? 'what the harness printed, with the place of a fault' : 'what the submission printed',
    }));
  const code = own ? 'SUBMISSION_FAULT' : 'HARNESS_FAULT';
  return new CollabError(code, `${who}: ${ran.error ?? 'no reason was given'}`, { next });
}

function runData(ran: Ran, state: string) {
  const { score, valid, failed, summary } = ran;
  return { valid, score, failed_gates: failed, state_dir: state, ms: ran.finished.ms, summary };
}

function report({ config }: Challenge, ran: Ran, columns?: number): string {
  const { metric } = config;
  const sd = ran.summary?.score?.sd;
  const spread = sd === null || sd === undefined ? '' : ` ± ${digits(sd)} between passes`;
  return [
    `${metric.label}: ${digits(ran.score)} ${metric.unit}${spread}`,
    '',
    gateTable(ran.summary, columns),
    '',
    ran.valid ? 'Valid: every gate of the headline division holds.' : `Invalid: ${missed(ran).join(', ')}.`,
    `Layers of isolation: ${ran.summary?.provenance.isolation?.layers.join(', ') || 'none'}.`,
  ].join('\n');
}

/** A gate without an entry was never measured: the harness has to be taught it. */
function missed({ failed, summary }: Ran): string[] {
  const known = new Set(summary?.gates.map(({ id }) => id));
  return failed.map((id) => (known.has(id) ? id : `${id} (not measured by the harness)`));
}

function gateTable(summary: Summary | null, columns?: number): string {
  const rows = (summary?.gates ?? []).map((gate) => [
    gate.pass ? '✓' : '✗',
    gate.id,
    digits(gate.value),
    `${gate.op} ${digits(gate.limit)}`,
    gate.n ?? '',
    digits(gate.se),
    gate.note ?? '',
  ]);
  const absent = Object.entries((summary?.shown.gates_not_applicable ?? {}) as Record<string, string>);
  const others = absent.map(([gate, why]) => ['–', gate, '', '', '', '', `does not apply: ${why}`]);
  return table(['', 'gate', 'value', 'limit', 'n', 'se', 'note'], [...rows, ...others], columns);
}

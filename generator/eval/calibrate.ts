import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import type { CommandContext, Outcome } from '../command.ts';
import type { ChallengeConfig } from '../config/types.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { fetchedRuns, fetchRuns } from './fetched-runs.ts';
import { type Challenge, runHarness } from './harness.ts';
import { python } from './process.ts';
import { submissionOf } from './run.ts';
import { digits, table } from './table.ts';

const GateNoise = z.object({
  mean: z.number(),
  sd: z.number(),
  limit: z.number(),
  sds_to_limit: z.number().nullable(),
  held: z.number(),
  /** Chance that one more honest run misses it, and the tightest limit that keeps the family of gates at one in a hundred. */
  missed: z.number().nullable().optional(),
  tightest: z.number().nullable().optional(),
});

/** harness/calibration.json, as the harness library computes it. */
export const Calibration = z.object({
  schema: z.literal(1),
  hub: z.string(),
  flavor: z.string(),
  date: z.string(),
  runs: z.number().int(),
  passes: z.number().int(),
  mean: z.number(),
  machine_sd: z.number(),
  pass_sd: z.number(),
  job_sd: z.number(),
  job_sd_upper: z.number(),
  relative_job_sd_upper: z.number(),
  gates: z.record(z.string(), GateNoise),
});
export type Calibration = z.infer<typeof Calibration>;

/** The calibration that holds for this challenge: of the same hub and the same hardware, or none. */
export async function usableCalibration({ dir, config }: Challenge): Promise<Calibration | null> {
  const text = await readFile(join(dir, 'harness', 'calibration.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const found = Calibration.parse(JSON.parse(text));
  return found.hub === config.hub.endpoint && found.flavor === config.hardware.flavor ? found : null;
}

/** `eval calibrate`: A/A runs of the baseline here, or (`--from`) the summaries of jobs that ran elsewhere. */
export async function calibrate(context: CommandContext, challenge: Challenge): Promise<Outcome> {
  const { io, options } = context;
  const { dir, config } = challenge;
  const from = typeof options.from === 'string' ? resolve(io.cwd, options.from) : null;
  if (!from && config.hub.endpoint !== 'local') throw elsewhere(config);
  const asked = options.submission === undefined ? undefined : submissionOf(context, dir);
  const summaries = from ? await fetchedRuns(from, challenge, asked) : await runs(context, challenge);
  const out = join(dir, 'harness', 'calibration.json');
  const found = await noiseOf(io, challenge, summaries, out);
  return {
    status: 'ok',
    text: `${report(config, found)}\nWritten to ${relative(io.cwd, out)}.`,
    data: { calibration: found, file: out },
    next: [{ command: 'create-collab apply', why: 'gives the board the noise to pool and rank by' }],
  };
}

/** Computes the noise from summaries of A/A runs and writes it to `out`. @throws CollabError CALIBRATION_FAILED */
export async function noiseOf(
  io: Io,
  { dir, config }: Challenge,
  summaries: string[],
  out: string,
): Promise<Calibration> {
  const program = join(dir, 'harness', 'collab_harness', 'calibration.py');
  const where = ['--out', out, '--hub', config.hub.endpoint, '--flavor', config.hardware.flavor];
  const date = ['--date', new Date(io.now()).toISOString()];
  const { code, output } = await python(io, [program, ...where, ...date, ...summaries], {
    cwd: dir,
    timeoutMs: 60_000,
  });
  if (code !== 0)
    throw new CollabError('CALIBRATION_FAILED', output.trim().split('\n').at(-1) ?? 'no reason given', {
      next: [{ command: 'cat harness/README.md', why: 'what a summary has to hold' }],
    });
  return Calibration.parse(JSON.parse(await readFile(out, 'utf8')));
}

async function runs(context: CommandContext, challenge: Challenge): Promise<string[]> {
  const { io, options } = context;
  const count = Number(options.runs ?? 6);
  if (!Number.isInteger(count) || count < 2) throw new CollabError('BAD_FLAG', '--runs must be 2 or more.');
  const stamp = String(io.now());
  const files: string[] = [];
  for (let i = 1; i <= count; i++) {
    const state = join(challenge.dir, 'runs', `calibration-${stamp}-${i}`);
    const ran = await runHarness(io, challenge, {
      submission: join(challenge.dir, 'submissions', 'baseline'),
      state,
    });
    if (ran.state !== 'measured')
      throw new CollabError('CALIBRATION_FAILED', `The baseline was not measured: ${ran.error}`);
    files.push(join(state, 'summary.json'));
    const text = `run ${i} of ${count}: ${digits(ran.score)} ${challenge.config.metric.unit}`;
    context.progress({ id: `calibrate:${i}`, state: 'done', text, ms: ran.finished.ms });
  }
  return files;
}

const elsewhere = (config: ChallengeConfig) =>
  new CollabError(
    'CALIBRATE_THERE',
    `Noise has to be measured on ${config.hardware.flavor}, not on this machine: run the baseline there in separate jobs, fetch their run folders, and give their folder with --from.`,
    {
      next: [
        fetchRuns(config),
        {
          command: 'create-collab eval calibrate . --from got',
          why: 'computes it from the fetched summaries',
        },
      ],
    },
  );

function report({ metric }: ChallengeConfig, found: Calibration): string {
  const gates = Object.entries(found.gates);
  const rows = gates.map(([id, gate]) => [
    id,
    digits(gate.mean),
    digits(gate.sd),
    digits(gate.limit),
    gate.missed == null ? 'no noise' : chance(gate.missed),
    digits(gate.tightest),
    `${gate.held}/${found.runs}`,
  ]);
  const family = gates.reduce((sum, [, gate]) => sum + (gate.missed ?? 0), 0);
  return [
    `${metric.label}: ${digits(found.mean)} over ${found.runs} runs of the baseline, ${found.passes} passes each (${metric.unit})`,
    `  between machines or jobs  sd ${digits(found.machine_sd)}`,
    `  between passes of a job   sd ${digits(found.pass_sd)}`,
    `  of a job's mean           sd ${digits(found.job_sd)}, at most ${digits(found.job_sd_upper)} (90 % confidence, ${digits(100 * found.relative_job_sd_upper)} %)`,
    '',
    table(['gate', 'mean', 'sd', 'limit', 'honest misses', 'tightest limit', 'held'], rows),
    `All gates together refuse an honest run at most ${chance(family)} of the time${family > FAMILY ? `: more than ${chance(FAMILY)}. Loosen a limit, or calibrate with more runs.` : '.'}`,
  ].join('\n');
}

/** What honest work may lose to chance. */
const FAMILY = 0.01;

const chance = (p: number) => (p < 0.00005 ? '< 0.01 %' : `${(100 * p).toFixed(2)} %`);

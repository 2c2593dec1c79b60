import { z } from 'zod';
import { tryJson } from '../../codec/json.ts';
import type { MeasuredRun } from '../verification/verdict.ts';

/** Noise of the machines, from A/A runs of the baseline (`calibration.json` of the harness folder). */
export interface Calibration {
  /** Standard deviation between jobs, as a fraction of the score: a machine that is slow is slow by a factor. */
  machineRelSd: number;
  /** Between passes inside one job, as a fraction of the score. */
  passRelSd: number;
}

const CalibrationFile = z
  .looseObject({
    hub: z.string(),
    flavor: z.string(),
    mean: z.number(),
    passes: z.number().int().positive(),
    machine_sd: z.number().nonnegative(),
    pass_sd: z.number().nonnegative(),
    /** Upper confidence bound of the sd of a job's mean, relative: few runs say little, so the bound is used. */
    relative_job_sd_upper: z.number().nonnegative().optional(),
  })
  .refine((file) => file.mean !== 0);

/** Where jobs run: a calibration made elsewhere says nothing about it. */
export interface Place {
  /** `local` for the embedded hub, else the hub's URL. */
  hub: string;
  flavor: string;
}

/** @returns `null` when the text is no calibration of this place. */
export function readCalibration(text: string, place: Place): Calibration | null {
  const parsed = CalibrationFile.safeParse(tryJson(text));
  if (!parsed.success || parsed.data.hub !== place.hub || parsed.data.flavor !== place.flavor) return null;
  const { mean, passes, machine_sd, pass_sd, relative_job_sd_upper: upper } = parsed.data;
  const passRelSd = pass_sd / Math.abs(mean);
  if (upper === undefined) return { machineRelSd: machine_sd / Math.abs(mean), passRelSd };
  return { machineRelSd: Math.sqrt(Math.max(0, upper ** 2 - passRelSd ** 2 / passes)), passRelSd };
}

/** All verification runs of one content, as one estimate. */
export interface Estimate {
  score: number;
  /** Variance of `score`; `null` when one job without calibration says nothing about machines. */
  variance: number | null;
  ci95: [number, number] | null;
  jobs: number;
}

/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom (any table of the distribution). */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const Z95 = 1.96;

/**
 * Mean over jobs; variance = machine² / jobs + pass² / (jobs · passes). Without a
 * calibration two jobs or more give their own spread with Student's t; one job gives no interval.
 */
export function pool(runs: readonly MeasuredRun[], calibration: Calibration | null): Estimate | null {
  if (runs.length === 0) return null;
  const jobs = runs.length;
  const score = runs.reduce((sum, run) => sum + run.score, 0) / jobs;
  const variance = calibration ? modelVariance(runs, score, calibration) : spread(runs, score);
  if (variance === null) return { score, variance, ci95: null, jobs };
  const half = (calibration ? Z95 : (T95[jobs - 2] ?? Z95)) * Math.sqrt(variance);
  return { score, variance, ci95: [score - half, score + half], jobs };
}

function modelVariance(runs: readonly MeasuredRun[], score: number, calibration: Calibration): number {
  const machine = calibration.machineRelSd * score;
  const pass = calibration.passRelSd * score;
  const perJob = runs.map((run) => machine ** 2 + pass ** 2 / run.passes);
  return perJob.reduce((sum, variance) => sum + variance, 0) / runs.length ** 2;
}

function spread(runs: readonly MeasuredRun[], score: number): number | null {
  if (runs.length < 2) return null;
  const squares = runs.reduce((sum, run) => sum + (run.score - score) ** 2, 0);
  return squares / (runs.length - 1) / runs.length;
}

/**
 * Is a claim better than what we measured by more than noise explains? The claim is itself one draw of one job,
 * so its own variance counts too: an honest author's lucky draw is not an overclaim.
 */
export function isOverclaim(
  claimed: number,
  estimate: Estimate,
  order: 'asc' | 'desc',
  calibration: Calibration | null,
  tolerance: number,
): boolean {
  const excess = order === 'desc' ? claimed - estimate.score : estimate.score - claimed;
  const single = calibration
    ? (estimate.score * calibration.machineRelSd) ** 2 + (estimate.score * calibration.passRelSd) ** 2
    : (estimate.variance ?? 0) * estimate.jobs;
  const noise = Z95 * Math.sqrt((estimate.variance ?? 0) + single);
  return excess > Math.max(noise, calibration ? 0 : tolerance * Math.abs(estimate.score));
}

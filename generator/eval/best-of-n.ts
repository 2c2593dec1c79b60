import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { families } from '@collab/backend/domain/leaderboard/families.ts';
import { type Calibration, readCalibration } from '@collab/backend/domain/leaderboard/pool.ts';
import type { MeasuredRun } from '@collab/backend/domain/verification/verdict.ts';
import { CollabError } from '../errors.ts';
import type { Io } from '../io.ts';
import { noiseOf } from './calibrate.ts';
import { type Challenge, type Ran, runHarness } from './harness.ts';
import type { ShippedCheat } from './samples.ts';

/** A/A runs that tell the noise here and now; few, so its upper bound is wide. */
const NOISE_RUNS = 3;

export interface Draws {
  runs: { key: string; runs: MeasuredRun[] }[];
  calibration: Calibration;
}

interface Bench {
  io: Io;
  challenge: Challenge;
  work: string;
  profile?: string;
}

/** Posts one code several times, a byte changed each time, after the noise of this machine was measured on it. */
export async function draw(bench: Bench, cheat: ShippedCheat): Promise<Draws> {
  const same: Ran[] = [];
  for (let i = 0; i < NOISE_RUNS; i++) same.push(await measured(bench, cheat.folder, `noise-${i}`));
  const calibration = await calibrationOf(bench);
  const runs: Draws['runs'] = [];
  for (let i = 0; i < (cheat.draws ?? 0); i++) {
    const folder = join(bench.work, `draw-${i}`);
    await cp(cheat.folder, folder, { recursive: true });
    await appendFile(join(folder, 'serve.py'), `# ${i}\n`);
    const ran = await measured(bench, folder, `draw-${i}`);
    runs.push({ key: ran.summary?.provenance.submission_sha256 ?? '', runs: [runOf(ran)] });
  }
  return { runs, calibration };
}

/** The best score of the author on the board, by the board's own pooling, and the best single draw. */
export function standing({ runs, calibration }: Draws, order: 'asc' | 'desc', pooling: boolean) {
  const by = families(runs, order, pooling ? calibration : null);
  const best = order === 'desc' ? Math.max : Math.min;
  const scores = [...by.values()].map((estimate) => estimate?.score ?? Number.NaN);
  const draws = runs.flatMap((content) => content.runs.map((run) => run.score));
  return { board: best(...scores), luckiest: best(...draws), draws };
}

async function measured(
  { io, challenge, work, profile }: Bench,
  submission: string,
  name: string,
): Promise<Ran> {
  const state = join(work, 'best-of-n', name);
  const ran = await runHarness(io, challenge, {
    submission,
    state,
    private: true,
    ...(profile ? { profile } : {}),
  });
  if (ran.state === 'measured' && ran.summary?.score) return ran;
  throw new CollabError('CHEAT_NOT_MEASURED', `best-of-n: ${ran.error ?? 'the run measured nothing'}`);
}

function runOf({ summary }: Ran): MeasuredRun {
  const { mean = Number.NaN, sd = null, runs = 1 } = summary?.score ?? {};
  return { score: mean, sd, passes: runs };
}

async function calibrationOf({ io, challenge, work }: Bench): Promise<Calibration> {
  const out = join(work, 'best-of-n', 'calibration.json');
  const names = Array.from({ length: NOISE_RUNS }, (_, i) =>
    join(work, 'best-of-n', `noise-${i}`, 'summary.json'),
  );
  await noiseOf(io, challenge, names, out);
  const { hub, hardware } = challenge.config;
  const place = { hub: hub.endpoint, flavor: hardware.flavor };
  const found = readCalibration(await readFile(out, 'utf8'), place);
  if (found) return found;
  throw new CollabError('CALIBRATION_FAILED', 'The noise of this machine could not be told.');
}

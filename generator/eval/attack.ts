import { cp, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { folderSha256 } from '../content-hash.ts';
import type { Io } from '../io.ts';
import { withAccomplice } from './accomplice.ts';
import { draw, standing } from './best-of-n.ts';
import { type Evidence, evidenceOf, type Kept } from './evidence.ts';
import { type Challenge, privateDirOf, type Ran, runHarness } from './harness.ts';
import { FORGED, GAIN, type ShippedCheat } from './samples.ts';
import { digits } from './table.ts';

/**
 * `caught`: by what is named, and it wins with that off. `won`: it got what it is after. `stopped by something else`: what is
 * named did nothing. `unproven`: it does not win with what is named off either. `untestable here`: none of the layers is there.
 */
export type CheatState = 'caught' | 'won' | 'stopped by something else' | 'unproven' | 'untestable here';

export interface CheatRow {
  cheat: string;
  state: CheatState;
  /** The gate, layer or behaviour that stopped it. */
  by: string[];
  /** Did it come through with exactly those switched off? `null`: not tried. */
  wins_without: boolean | null;
  /** What decided. */
  detail: string;
  runs: Evidence[];
}

export interface Bench {
  io: Io;
  challenge: Challenge;
  /** A temporary folder for copies. */
  work: string;
  /** Where the runs of this cheat stay. */
  kept: string;
  /** Runs of the baseline to compare a gain with, by whether the questions were private. */
  baselines: Map<boolean, Ran>;
}

type Judged = Omit<CheatRow, 'cheat' | 'runs'> & { runs?: Kept[] };

/** One cheat as it is, and again with the named defence switched off; its runs stay in `kept`. */
export async function attack(bench: Bench, cheat: ShippedCheat): Promise<CheatRow> {
  const judge = cheat.how === 'pooling' ? reposted : cheat.how === 'downstream' ? examined : tried;
  const { runs = [], ...row } = await judge(bench, cheat);
  return { cheat: cheat.name, ...row, runs: runs.map(evidenceOf) };
}

/** Posted again and again: the board's own pooling has to see to it. */
async function reposted({ io, challenge, kept }: Bench, cheat: ShippedCheat): Promise<Judged> {
  const profile = quick(challenge);
  const draws = await draw({ io, challenge, work: kept, ...(profile ? { profile } : {}) }, cheat);
  const { order } = challenge.config.metric;
  const [as, without] = [standing(draws, order, true), standing(draws, order, false)];
  const through = without.board === without.luckiest;
  const state = as.board === as.luckiest ? 'won' : through ? 'caught' : 'unproven';
  const sign = order === 'desc' ? 1 : -1;
  const gain = (score: number) => `${digits(100 * sign * (score / mean(as.draws) - 1))} %`;
  const detail = `gains ${gain(as.board)} over the mean of its draws; alone ${gain(without.board)}`;
  return { state, by: state === 'won' ? [] : cheat.caught_by, wins_without: through, detail };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** It has to come through the run that everybody gets, and then fail the exam of those near the top. */
async function examined({ io, challenge, kept }: Bench, cheat: ShippedCheat): Promise<Judged> {
  const profile = quick(challenge);
  const asked = { submission: cheat.folder, private: true, ...(profile ? { profile } : {}) };
  const one = async (run: string, exam: boolean): Promise<Kept> => {
    const state = join(kept, run);
    return { run, ran: await runHarness(io, challenge, { ...asked, state, exam }), times: null, state };
  };
  const runs = [await one('run', false), await one('exam', true)] as const;
  const [{ ran }, { ran: exam }] = runs;
  const by = cheat.caught_by.filter((gate) => exam.failed.includes(gate));
  const row = { by, wins_without: ran.valid, runs: [...runs] };
  if (!ran.valid) {
    const state = by.length > 0 ? 'unproven' : 'stopped by something else';
    return { ...row, state, detail: `the run stops it as well: ${refusal(ran)}` };
  }
  if (by.length > 0) return { ...row, state: 'caught', detail: exam.error ?? '' };
  if (exam.valid) return { ...row, state: 'won', detail: 'it passes the exam' };
  return { ...row, state: 'stopped by something else', detail: `the exam: ${refusal(exam)}` };
}

async function tried(bench: Bench, cheat: ShippedCheat): Promise<Judged> {
  const asIs = await runsOf(bench, cheat, [], false);
  const as = asIs.at(-1) as Kept;
  const by = await stoppedBy(cheat, as.ran);
  const row = { by, wins_without: null, runs: asIs, detail: as.ran.error ?? '' };
  if (by.length === 0 && cheat.how === 'layer')
    return { ...row, state: 'untestable here', detail: missing(cheat, as.ran) };
  if (wins(cheat, as) && (by.length === 0 || cheat.how !== 'identity'))
    return { ...row, by: [], state: 'won', detail: outcome(cheat, as) };
  if (by.length === 0) return { ...row, state: 'stopped by something else', detail: outcome(cheat, as) };
  const mutated = await runsOf(bench, cheat, cheat.mutation, true);
  const without = mutated.at(-1) as Kept;
  const through = wins(cheat, without);
  const both = { ...row, runs: [...asIs, ...mutated], wins_without: through };
  if (through) return { ...both, state: 'caught' };
  const off = cheat.mutation.join(', ');
  return {
    ...both,
    state: 'unproven',
    detail: `without ${off} it does not win either: ${outcome(cheat, without)}`,
  };
}

/** Its run with some defences off. @param expected whether it wins so. @returns the last decides */
function runsOf(bench: Bench, cheat: ShippedCheat, off: string[], expected: boolean): Promise<Kept[]> {
  const asExpected = (run: Kept) => run.times === null || wins(cheat, run) === expected;
  return confirmed(asExpected, (again) => runCheat(bench, cheat, off, again));
}

/** A machine that stalls for a moment makes speeds: what nobody expects has to happen twice. @returns the last decides */
export async function confirmed<T>(asExpected: (run: T) => boolean, run: (again: boolean) => Promise<T>) {
  const first = await run(false);
  return asExpected(first) ? [first] : [first, await run(true)];
}

async function runCheat(bench: Bench, cheat: ShippedCheat, off: string[], again: boolean): Promise<Kept> {
  const { io, kept } = bench;
  const challenge = cheat.how === 'layer' ? await expendable(bench, cheat) : bench.challenge;
  const secret = !off.includes('private_prompts');
  const mutate = off.filter((name) => name !== 'private_prompts' && name !== 'content_sha256');
  const state = join(kept, `${off.length > 0 ? 'without' : 'as-is'}${again ? '-again' : ''}`);
  const use = (submission: string) =>
    runHarness(io, challenge, { submission, state, private: secret, mutate, profile: quick(challenge) });
  const model = join(challenge.dir, 'harness', 'model');
  const ran = cheat.accomplice
    ? await withAccomplice(cheat, model, io.env.PATH ?? '', use)
    : await use(join(cheat.folder, cheat.submission ?? ''));
  const times = cheat.wins_if === 'gain' && ran.valid ? await timesBaseline(bench, ran, secret) : null;
  const run = off.length > 0 ? `without ${off.join(', ')}` : 'as it is';
  return { run: again ? `${run}, again` : run, ran, times, state };
}

/** A copy of the harness: where the layers are switched off, nothing keeps the cheat from changing it. */
async function expendable({ challenge, work }: Bench, { name }: ShippedCheat): Promise<Challenge> {
  const dir = await mkdtemp(join(work, `${name}-`));
  await cp(join(challenge.dir, 'harness'), join(dir, 'harness'), { recursive: true });
  return { ...challenge, dir, privateDir: privateDirOf(challenge) };
}

/** The red team asks whether, not how well: the smallest profile does. */
const quick = ({ config }: Challenge) => (config.profile === 'rehearsal' ? 'quick' : undefined);

/** Which of the named defences stopped it, as far as the run tells. */
async function stoppedBy(cheat: ShippedCheat, ran: Ran): Promise<string[]> {
  const named = (list: string[]) => cheat.caught_by.filter((name) => list.includes(name));
  if (cheat.how === 'gate') return named(ran.failed);
  if (cheat.how === 'layer') return named(ran.summary?.provenance.isolation?.layers ?? []);
  if (cheat.how === 'fault') return cheat.caught_by.filter((name) => ran.error?.includes(name));
  if (cheat.how === 'identity') {
    const posted = await folderSha256(join(cheat.folder, cheat.posted ?? ''));
    return posted === ran.summary?.provenance.submission_sha256 ? [] : cheat.caught_by;
  }
  return ran.state === 'measured' ? cheat.caught_by : [];
}

function wins({ wins_if, gain = GAIN }: ShippedCheat, { ran, times }: Kept): boolean {
  if (wins_if === 'harness_dies') return ran.state === 'harness-fault';
  if (wins_if === 'stdout') return forged(ran);
  return ran.valid && (wins_if === 'valid' || (times !== null && times >= gain));
}

const forged = (ran: Ran) => ran.finished.output.includes(FORGED);

/** Against the control of the same run where the harness has one, else against a run of the baseline. NaN: cannot be told. */
async function timesBaseline(bench: Bench, ran: Ran, secret: boolean): Promise<number> {
  const control = ran.summary?.shown.control as { times_baseline?: number } | undefined;
  if (control?.times_baseline !== undefined) return control.times_baseline;
  const base = await baseline(bench, secret);
  if (!ran.score || !base.score) return Number.NaN;
  return bench.challenge.config.metric.order === 'desc' ? ran.score / base.score : base.score / ran.score;
}

async function baseline({ io, challenge, kept, baselines }: Bench, secret: boolean): Promise<Ran> {
  const known = baselines.get(secret);
  if (known) return known;
  const ran = await runHarness(io, challenge, {
    submission: join(challenge.dir, 'submissions', 'baseline'),
    state: join(kept, secret ? 'baseline' : 'baseline-public'),
    private: secret,
    profile: quick(challenge),
  });
  baselines.set(secret, ran);
  return ran;
}

const missing = (cheat: ShippedCheat, ran: Ran) =>
  ran.summary?.provenance.isolation
    ? `none of ${cheat.caught_by.join(', ')} holds on this machine`
    : (ran.error ?? 'the run recorded no layers');

const refusal = (ran: Ran) => ran.error ?? (ran.failed.join(', ') || 'it was not measured');

/** What a run came to, measured by what the cheat is after. */
function outcome({ wins_if, gain = GAIN }: ShippedCheat, { ran, times }: Kept): string {
  if (wins_if === 'harness_dies' && ran.state === 'harness-fault') return `the harness died: ${ran.error}`;
  if (wins_if === 'stdout')
    return `what it printed is ${forged(ran) ? '' : 'not '}in the output of the harness`;
  if (!ran.valid) return refusal(ran);
  if (wins_if !== 'gain') return 'the run is valid';
  if (times === null || Number.isNaN(times)) return 'its gain cannot be told: the baseline has no score';
  return `${digits(times)} times the baseline; a win is ${digits(gain)} times or more`;
}

import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext, Outcome } from '../command.ts';
import type { Io } from '../io.ts';
import { usableCalibration } from './calibrate.ts';
import { type Challenge, type Ran, runHarness } from './harness.ts';
import { provingGround } from './proving-ground.ts';
import { remember } from './record.ts';
import { archivesTo, forgedName, linkOut, type Spoil } from './spoil.ts';
import { decidingGates } from './summary.ts';
import { digits, table } from './table.ts';

export interface Check {
  check: string;
  expected: string;
  found: string;
  ok: boolean;
  ms: number;
}

interface Bench {
  io: Io;
  challenge: Challenge;
  work: string;
}

type Result = Omit<Check, 'check' | 'ms'>;
type Step = [check: string, run: (bench: Bench) => Promise<Result>];

/** `eval selftest`: the harness accepts what is right, refuses what is not, and survives what is hostile. */
export async function selftest(context: CommandContext, asked: Challenge): Promise<Outcome> {
  const { io, progress } = context;
  const challenge = await provingGround(context, asked);
  const work = await mkdtemp(join(tmpdir(), 'collab-selftest-'));
  const checks: Check[] = [];
  try {
    for (const [check, run] of [...STEPS, ...(await hostileSteps(challenge.dir))]) {
      const began = io.now();
      const result = { check, ...(await run({ io, challenge, work })), ms: io.now() - began };
      checks.push(result);
      progress({
        id: check,
        state: result.ok ? 'done' : 'failed',
        text: `${check}: ${result.found}`,
        ms: result.ms,
      });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const outcome = verdict(checks, io.stdout.columns);
  const failed = checks.filter((check) => !check.ok).map((check) => check.check);
  await remember(
    challenge.dir,
    'selftest',
    failed.length === 0 ? 'ok' : 'error',
    stamp(io),
    failed.join('; '),
  );
  return outcome;
}

const stamp = (io: Io) => new Date(io.now()).toISOString();

const STEPS: Step[] = [
  ['the oracle passes', (bench) => sample(bench, 'oracle', 'valid')],
  ['the baseline passes', (bench) => sample(bench, 'baseline', 'valid')],
  ['the oracle passes the exam of those near the top', oracleExam],
  ['a no-op fails', (bench) => sample(bench, 'noop', 'submission-fault', 'invalid')],
  ['a broken manifest is refused before it is run', brokenManifest],
  ['two runs agree', twoRunsAgree],
  ['hostile: links out of itself', (bench) => refused(bench, 'link', linkOut, 'only plain files')],
  ['hostile: a name that forges a line', (bench) => refused(bench, 'name', forgedName, 'plain names')],
  ['hostile: archives that unpack elsewhere', archives],
];

const run = ({ io, challenge, work }: Bench, folder: string, name: string, profile?: string) =>
  runHarness(io, challenge, {
    submission: folder,
    state: join(work, `state-${name}`),
    private: true,
    profile,
  });

async function sample(bench: Bench, name: string, ...allowed: string[]): Promise<Result> {
  const ran = await run(bench, join(bench.challenge.dir, 'submissions', name), name);
  const found = ran.state !== 'measured' ? ran.state : ran.valid ? 'valid' : 'invalid';
  const detail = ran.error ?? ran.failed.join(', ');
  const expected = allowed.join(' or ');
  return { expected, found: detail ? `${found} (${detail})` : found, ok: allowed.includes(found) };
}

/** Where the challenge has gates that only results near the top are measured on. */
async function oracleExam({ io, challenge, work }: Bench): Promise<Result> {
  const expected = 'valid';
  if (decidingGates(challenge.config, true).length === 0)
    return { expected, found: 'this challenge has no such gate', ok: true };
  const submission = join(challenge.dir, 'submissions', 'oracle');
  const state = join(work, 'state-exam');
  const ran = await runHarness(io, challenge, { submission, state, private: true, exam: true });
  const found = ran.valid ? 'valid' : (ran.error ?? `invalid (${ran.failed.join(', ')})`);
  return { expected, found, ok: ran.valid };
}

async function brokenManifest(bench: Bench): Promise<Result> {
  const folder = join(bench.work, 'broken');
  await cp(join(bench.challenge.dir, 'submissions', 'baseline'), folder, { recursive: true });
  await writeFile(join(folder, 'manifest.json'), '{ "serve": "python3 serve.py" ');
  const ran = await run(bench, folder, 'broken');
  const ok = ran.state === 'submission-fault' && Boolean(ran.error?.startsWith('preflight: manifest.json'));
  return { expected: 'preflight: manifest.json …', found: ran.error ?? ran.state, ok };
}

/** A baseline with one thing that no version control or package would carry. */
async function spoiled(bench: Bench, name: string, spoil: Spoil): Promise<string> {
  const folder = join(bench.work, name);
  await cp(join(bench.challenge.dir, 'submissions', 'baseline'), folder, { recursive: true });
  await spoil(folder, bench);
  return folder;
}

async function refused(bench: Bench, name: string, spoil: Spoil, reason: string): Promise<Result> {
  const ran = await run(bench, await spoiled(bench, name, spoil), name);
  const ok = ran.state === 'submission-fault' && Boolean(ran.error?.includes(reason));
  return { expected: `at fault: … ${reason} …`, found: ran.error ?? ran.state, ok };
}

/** Archives are bytes: nothing unpacks them, whatever their members are called. */
async function archives(bench: Bench): Promise<Result> {
  const target = join(bench.work, 'unpacked-by-somebody');
  const folder = await spoiled(bench, 'archives', archivesTo(target));
  const ran = await run(bench, folder, 'archives');
  const left = existsSync(target);
  const found = left
    ? 'a member was unpacked'
    : ran.valid
      ? 'valid, nothing unpacked'
      : (ran.error ?? ran.state);
  return { expected: 'valid, nothing unpacked', found, ok: ran.valid && !left };
}

/**
 * Without a calibration this is only a sanity check: two runs agree when their scores, or their scores as shares of the
 * baseline beside each, are within a factor of three, or within what the spread between their passes explains.
 */
const UNCALIBRATED = Math.log(3);

async function twoRunsAgree(bench: Bench): Promise<Result> {
  const folder = join(bench.challenge.dir, 'submissions', 'baseline');
  const [a, b] = [await run(bench, folder, 'first'), await run(bench, folder, 'second')];
  if (!a.score || !b.score)
    return { expected: 'two scores', found: a.error ?? b.error ?? 'no score', ok: false };
  const calibration = await usableCalibration(bench.challenge);
  const spread = 4 * Math.hypot(passSpread(a), passSpread(b));
  const bound = calibration
    ? 4 * Math.SQRT2 * calibration.relative_job_sd_upper
    : Math.max(UNCALIBRATED, spread);
  const expected = `within ${digits(100 * Math.expm1(bound))} % (${calibration ? 'calibrated' : 'no calibration yet'})`;
  const apart = Math.abs(Math.log(a.score / b.score));
  const shares = Math.abs(Math.log((relative(a) ?? a.score) / (relative(b) ?? b.score)));
  const distance = calibration ? apart : Math.min(apart, shares);
  return { expected, found: `${digits(100 * Math.expm1(distance))} % apart`, ok: distance <= bound };
}

/** Standard deviation between the passes of a run, relative to their mean. */
const passSpread = ({ summary }: Ran) => (summary?.score?.sd ?? 0) / (summary?.score?.mean ?? 1);

function relative(ran: Ran): number | undefined {
  const control = ran.summary?.shown.control as { times_baseline?: number } | undefined;
  return control?.times_baseline;
}

/** One step per folder of submissions/hostile; hostile.json says what the harness has to find. */
async function hostileSteps(dir: string): Promise<Step[]> {
  const root = join(dir, 'submissions', 'hostile');
  const names = (await readdir(root).catch(() => [])).sort();
  return names.map((name): Step => [`hostile: ${name}`, (bench) => hostile(bench, join(root, name), name)]);
}

async function hostile(bench: Bench, folder: string, name: string): Promise<Result> {
  const { error } = JSON.parse(await readFile(join(folder, 'hostile.json'), 'utf8')) as { error: string };
  const profile = bench.challenge.config.profile === 'rehearsal' ? 'quick' : undefined;
  const ran = await run(bench, folder, name, profile);
  const ok = ran.state === 'submission-fault' && Boolean(ran.error?.includes(error));
  return { expected: `at fault: … ${error} …`, found: ran.error ?? ran.state, ok };
}

function verdict(checks: Check[], columns?: number): Outcome {
  const bad = checks.filter((check) => !check.ok);
  const rows = checks.map((c) => [c.ok ? '✓' : '✗', c.check, `${(c.ms / 1000).toFixed(1)} s`, c.found]);
  const text = [
    table(['', 'check', 'time', 'found'], rows, columns),
    '',
    `${checks.length - bad.length} of ${checks.length} hold.`,
    ...bad.map((c) => `✗ ${c.check}: expected ${c.expected}, found ${c.found}`),
  ].join('\n');
  const data = { checks };
  if (bad.length === 0)
    return {
      status: 'ok',
      text,
      data,
      next: [{ command: 'create-collab eval redteam', why: 'proves that the shipped cheats are caught' }],
    };
  return { status: 'error', text, data };
}

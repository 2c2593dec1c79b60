/**
 * What the rules of verdicts and of the board cost and stop: node scripts/run.mjs test/bench/verdicts/main.ts
 * [--trials N] [--seed N] [--json] [--write]. The rules are the product's own: gates and audit of the harness (gates.py),
 * verdicts, pooling, fresh runs and ranks of the server. --write renews the tables and the plot of docs/verdicts.md.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { judge } from '@collab/backend/domain/verification/judgement.ts';
import type { StampedVerdict } from '@collab/backend/domain/verification/verdict.ts';
import { parse } from 'yaml';
import { CALIBRATED, type Rule } from './author.ts';
import { plot, renewed, tables } from './page.ts';
import { published, rankErrors } from './published.ts';
import { type Random, random } from './random.ts';
import { reposting } from './reposting.ts';

const FRESH = [0, 1, 2, 3] as const;
const PAGE = 'docs/verdicts.md';
const PLOT = 'docs/audit-power.svg';

export interface GatesFound {
  honest: Record<string, { refused: number; missed: Record<string, number>; tokens: number }>;
  exam: Record<string, { missed: number; asked_all: number }>;
  lost: Record<string, { first: number; posts: number; fresh: number }>;
  accepted: Record<string, number>;
  lossy: number;
  calibrated: Record<string, { refused: number; accepted: Record<string, number> }>;
}

/** The gates of the full profile, judged by the harness itself. */
async function gates(runs: number, seed: number): Promise<GatesFound> {
  const { gates, divisions } = parse(readFileSync('challenges/gemma/profiles/full.yaml', 'utf8'));
  const dir = mkdtempSync(join(tmpdir(), 'verdicts-'));
  try {
    const rules = join(dir, 'gates.json');
    writeFileSync(rules, JSON.stringify({ gates, divisions }));
    const program = ['-B', 'test/bench/verdicts/gates.py', '--rules', rules];
    const asked = ['--runs', String(runs), '--seed', String(seed)];
    const { stdout } = await promisify(execFile)('python3', [...program, ...asked]);
    return JSON.parse(stdout);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Of honest results whose every run misses a gate with chance `miss`: the share that ends invalid. */
function rejected(miss: number, fresh: number, trials: number, random: Random): number {
  const verdict = (at: number): StampedVerdict => ({
    ...{ schema: 1, result: 'r.md', by: { kind: 'machine', id: 'verifier' }, at: '', reason: '', gates: [] },
    state: random.uniform() < miss ? 'invalid' : 'valid',
    measured: { score: 1, passes: 1, job_id: String(at), fresh: at > 0 },
    stamp: String(at),
  });
  const ends = () => {
    const first = verdict(0);
    const more = first.state === 'valid' ? Array.from({ length: fresh }, (_, at) => verdict(at + 1)) : [];
    return judge([first, ...more]).state;
  };
  return Array.from({ length: trials }, ends).filter((state) => state === 'invalid').length / trials;
}

/** The calibration that six runs of the baseline give: their spread, and its upper bound at 90 % (sqrt(5 / 1.610)). */
function bySixRuns(random: Random) {
  const draws = Array.from({ length: 5 }, () => random.normal(0, 1) ** 2);
  const spread = Math.sqrt(draws.reduce((sum, each) => sum + each, 0) / 5);
  return { ...CALIBRATED, machineRelSd: CALIBRATED.machineRelSd * spread * Math.sqrt(5 / 1.61) };
}

export async function simulate(trials: number, seed: number) {
  const authors = Math.ceil(trials / 20);
  const harness = gates(Math.ceil(trials / 40), seed);
  const columns: [string, Rule][] = [
    ...FRESH.map((fresh): [string, Rule] => [String(fresh), { fresh, calibration: () => CALIBRATED }]),
    ['2, calibrated by six runs', { fresh: 2, calibration: bySixRuns }],
  ];
  return {
    trials,
    seed,
    rejectedAtOnePercent: FRESH.map((fresh) => rejected(0.01, fresh, trials, random(seed))),
    published: published(trials, random(seed)),
    ranks: rankErrors(Math.ceil(trials / 4), random(seed)),
    reposting: columns.map(([name, rule], at) => ({
      name,
      ...reposting(rule, authors, random(seed + at)),
    })),
    gates: await harness,
  };
}

export type Simulated = Awaited<ReturnType<typeof simulate>>;

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean' },
    write: { type: 'boolean' },
  },
});
const found = await simulate(Number(values.trials), Number(values.seed));
process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : `${tables(found)}\n`);
if (values.write) {
  writeFileSync(PAGE, renewed(readFileSync(PAGE, 'utf8'), tables(found)));
  writeFileSync(PLOT, plot(found.gates));
}

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { BLOWS, type Blow, forget, prepared, runCase } from './apply-cases.ts';
import { nameOf, type Point } from './apply-faults.ts';
import { SCENARIOS, type Scenario } from './apply-scenarios.ts';

/**
 * Every call of a run with every fault, or with SIGKILL before and after it; the tests beside this try a few.
 *   node scripts/run.mjs test/fault/matrix.ts first update [--kill] [--jobs 3] [--log cases.ndjson] [--only "POST /api/jobs"]
 * The log has a line per case; cases that it holds already are not tried again. SIGKILL needs a build.
 */
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kill: { type: 'boolean', default: false },
    /** Cases side by side: most of a case is waiting. */
    jobs: { type: 'string', default: '3' },
    log: { type: 'string' },
    /** Only the cases whose name holds this. */
    only: { type: 'string', default: '' },
  },
});

interface Case {
  scenario: string;
  point: Point;
  blow: Blow;
}

interface Tried {
  case: string;
  outcome: 'converged' | 'not reached' | 'failed';
  problem?: string;
  ms: number;
}

const titleOf = ({ scenario, point, blow }: Case): string => `${scenario}: ${nameOf(point)} ${blow}`;

/** @param wanted what is on the hub after a run without a fault. */
async function attempt(it: Case, from: string, wanted: unknown): Promise<Tried> {
  const began = performance.now();
  const end = (outcome: Tried['outcome'], problem?: string): Tried => {
    const ms = Math.round(performance.now() - began);
    return { case: titleOf(it), outcome, ...(problem === undefined ? {} : { problem }), ms };
  };
  try {
    const { hit, picture } = await runCase(it.scenario, from, it.point, it.blow);
    if (!isDeepStrictEqual(picture, wanted)) return end('failed', differences(picture, wanted));
    return end(hit ? 'converged' : 'not reached');
  } catch (error) {
    return end('failed', (error as Error).message);
  }
}

const differences = (picture: unknown, wanted: unknown): string =>
  `another picture: ${JSON.stringify(picture)}\nwanted: ${JSON.stringify(wanted)}`;

function logged(): Tried[] {
  if (!flags.log || !existsSync(flags.log)) return [];
  const lines = readFileSync(flags.log, 'utf8').split('\n');
  return lines.filter(Boolean).map((line) => JSON.parse(line) as Tried);
}

/** Runs with a fault what is left of one scenario; each of the jobs goes on with copies of a folder of its own. */
async function tryAll(scenario: string): Promise<Tried[]> {
  const folders = [await prepared(SCENARIOS[scenario] as Scenario)];
  const blows = flags.kill ? BLOWS.kills : BLOWS.faults;
  try {
    const { points, picture } = await runCase(scenario, folders[0] as string, null, blows[0]);
    const cases = points.flatMap((point) => blows.map((blow): Case => ({ scenario, point, blow })));
    const wanted = cases.filter((it) => titleOf(it).includes(flags.only));
    const titles = new Set(wanted.map(titleOf));
    const known = logged().filter((tried) => titles.has(tried.case));
    const done = new Set(known.map((tried) => tried.case));
    const queue = wanted.filter((it) => !done.has(titleOf(it)));
    process.stderr.write(`${scenario}: ${points.length} calls, ${queue.length} cases to try\n`);
    const tried: Tried[] = [];
    const work = async (folder: string) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const found = await attempt(next, folder, picture);
        tried.push(found);
        if (flags.log) appendFileSync(flags.log, `${JSON.stringify(found)}\n`);
        if (found.outcome === 'failed') process.stderr.write(`${found.case}: ${found.problem}\n`);
      }
    };
    while (folders.length < Number(flags.jobs)) folders.push(await prepared(SCENARIOS[scenario] as Scenario));
    await Promise.all(folders.map(work));
    return [...known, ...tried];
  } finally {
    await Promise.all(folders.map(forget));
  }
}

function report(scenario: string, tried: Tried[]): string {
  const count = (outcome: Tried['outcome']) => tried.filter((one) => one.outcome === outcome).length;
  const ms = tried.reduce((sum, one) => sum + one.ms, 0) / (tried.length || 1);
  const rest = `${count('not reached')} not reached, ${count('failed')} failed`;
  return `${scenario}: ${count('converged')} of ${tried.length} converged, ${rest}; ${Math.round(ms)} ms a case\n`;
}

let failed = false;
for (const scenario of positionals.length > 0 ? positionals : Object.keys(SCENARIOS)) {
  if (!SCENARIOS[scenario]) throw new Error(`${scenario}: one of ${Object.keys(SCENARIOS).join(', ')}`);
  const tried = await tryAll(scenario);
  failed ||= tried.some(({ outcome }) => outcome === 'failed');
  process.stdout.write(report(scenario, tried));
}
process.exit(failed ? 1 : 0);

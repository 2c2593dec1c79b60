/** An author on the board: posts, verification runs, fresh runs, and what the row shows, all by the server's own rules. */
import { measuredBoard } from '@collab/backend/domain/leaderboard/board.ts';
import type { Calibration } from '@collab/backend/domain/leaderboard/pool.ts';
import type { Entry } from '@collab/backend/domain/leaderboard/row.ts';
import { freshCandidates } from '@collab/backend/domain/queue/fresh.ts';
import { UNJUDGED } from '@collab/backend/domain/verification/judgement.ts';
import type { MeasuredRun } from '@collab/backend/domain/verification/verdict.ts';
import type { Random } from './random.ts';

/** Measured in the published challenge: tokens per second, and standard deviations between machines and inside one. */
export const SPEED = 500;
export const MACHINE_SD = 4.864;
export const PASS_SD = 0.056;
export const PASSES = 4;

export const CALIBRATED: Calibration = { machineRelSd: MACHINE_SD / SPEED, passRelSd: PASS_SD / SPEED };

const DIVISION = { id: 'lossless', gates: [], headline: true };
export const RULES = {
  order: 'desc' as const,
  groupBy: 'user' as const,
  states: new Set(['valid', 'pending'] as const),
  division: DIVISION,
  gates: [],
  minImprovement: 0.01,
  allowNonPositive: false,
  claimTolerance: 0.05,
};
const TOP_K = 10;

/** One job: a machine, and the mean of its passes. */
export function job(speed: number, random: Random): MeasuredRun {
  const machine = random.normal(speed, MACHINE_SD);
  return { score: random.normal(machine, PASS_SD / Math.sqrt(PASSES)), passes: PASSES };
}

/** A valid result of a user, with the runs that judged it. */
export function validEntry(at: number, user: string, content: string, runs: MeasuredRun[]): Entry {
  const stamp = String(at).padStart(19, '0');
  const filename = `${stamp}_${user}.md`;
  const by = { kind: 'machine' as const, id: 'verifier' };
  const decided = {
    schema: 1 as const,
    result: filename,
    state: 'valid' as const,
    by,
    at: '',
    reason: '',
    gates: [],
    stamp,
  };
  return {
    ...{ filename, stamp, agent: user, user, malformed: false, state: 'valid' },
    frontmatter: { status: 'agent-run' },
    claimed: { score: runs[0]?.score ?? SPEED },
    judgement: { ...UNJUDGED, state: 'valid', decided, runs, sha256: content },
  };
}

export interface Rule {
  /** Runs more that a content in front gets. */
  fresh: number;
  /** What the organizer's calibration says; asked once for each author. */
  calibration(random: Random): Calibration;
}

/** A result whose runs ended before they measured anything. */
function endedEntry(at: number, user: string): Entry {
  const entry = validEntry(at, user, `ended-${at}`, []);
  Object.assign(entry, { claimed: { score: SPEED } });
  return end(entry);
}

function end(entry: Entry): Entry {
  const { decided } = entry.judgement;
  const last = { ...decided, state: 'invalid', evidence: entry.filename, measured: null };
  Object.assign(entry, {
    state: 'invalid',
    judgement: { ...entry.judgement, state: 'invalid', decided: last },
  });
  return entry;
}

export interface Author {
  /** @param slowest standard deviations from the mean: on machines below it the submission ends its run. */
  post(speed: number, content: string, slowest?: number): void;
  /** What the row shows. */
  score(): number;
  jobs(): number;
}

export function author(rule: Rule, random: Random): Author {
  const { fresh } = rule;
  const calibration = rule.calibration(random);
  const entries: Entry[] = [];
  const posted = new Map<string, { speed: number; slowest: number }>();
  let jobs = 0;
  const run = (speed: number, slowest: number, more = {}): MeasuredRun | null => {
    const measured = { ...job(speed, random), job_id: String(jobs++), ...more };
    return measured.score < speed + slowest * MACHINE_SD ? null : measured;
  };
  let shown = 0;
  const look = () => {
    shown = measuredBoard(entries, { ...RULES, calibration }).rows[0]?.score ?? 0;
  };

  function candidate(): Entry | undefined {
    if (fresh === 0) return undefined;
    const row = { score: shown };
    const context = { order: RULES.order, topK: TOP_K, runs: fresh, ranked: [row], scoreOf: () => row };
    return freshCandidates(entries, context)[0];
  }

  return {
    score: () => shown,
    jobs: () => jobs,
    post(speed, content, slowest = Number.NEGATIVE_INFINITY) {
      const first = run(speed, slowest);
      const at = entries.length;
      const entry = first ? validEntry(at, 'author', content, [first]) : endedEntry(at, 'author');
      posted.set(entry.filename, { speed, slowest });
      entries.push(entry);
      look();
      for (let due = candidate(); due; due = candidate()) {
        const own = posted.get(due.filename) ?? { speed, slowest };
        const fresh = run(own.speed, own.slowest, { fresh: true });
        if (fresh) due.judgement.runs.push(fresh);
        else end(due);
        look();
      }
    },
  };
}

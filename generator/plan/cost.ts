import { FREE_HARDWARE } from '../config/prices.ts';
import type { ChallengeConfig } from '../config/types.ts';
import type { World } from './model.ts';
import { wrap } from './text.ts';

export interface CostEstimate {
  /** US dollars per hour of the jobs' hardware, and where the price is from. */
  jobUsdPerHour: number;
  source: 'hub' | 'challenge.yaml';
  /** Most that one run can cost: price times time limit. */
  maxUsdPerRun: number;
  /** All jobs together stop there; 0 = no limit set. */
  budgetUsd: number;
  /** Hardware of the Space, and US dollars per hour; `null`: the Hub names no price. */
  space: SpaceCost | null;
  evaluator: SpaceCost | null;
}

interface SpaceCost {
  hardware: string;
  usdPerHour: number | null;
}

type Running = { runtime: { hardware: string | null } } | null;
type Prices = Pick<World, 'hardware' | 'spaceHardware'> & { space: Running; evaluator?: Running };

const INDENT = '      ';
const SOURCE = { hub: "the Hub's price list", 'challenge.yaml': 'challenge.yaml says so' };
const HOURS_PER_MONTH = 730;

/** What running the challenge costs, from the Hub's live price lists; challenge.yaml covers a flavor the Hub does not name. */
export function estimateCost(config: ChallengeConfig, prices: Prices): CostEstimate {
  const { flavor, usd_per_hour, timeout_minutes, budget_usd } = config.hardware;
  const offer = prices.hardware.find((candidate) => candidate.name === flavor);
  const jobUsdPerHour = offer?.usdPerHour ?? usd_per_hour;
  return {
    jobUsdPerHour,
    source: offer ? 'hub' : 'challenge.yaml',
    maxUsdPerRun: (jobUsdPerHour * timeout_minutes) / 60,
    budgetUsd: budget_usd,
    space: config.hub.space ? spaceCost(prices.space, FREE_HARDWARE, prices) : null,
    evaluator:
      config.verification.mode === 'eval-space'
        ? spaceCost(prices.evaluator ?? null, config.hub.eval_hardware, prices)
        : null,
  };
}

/** The Space as it runs, or as it will be made. */
function spaceCost(space: Running, planned: string, { spaceHardware }: Prices): SpaceCost {
  const hardware = space?.runtime.hardware ?? planned;
  const usdPerHour = spaceHardware?.find(({ name }) => name === hardware)?.usdPerHour ?? null;
  return { hardware, usdPerHour };
}

export function costLines(config: ChallengeConfig, cost: CostEstimate): string[] {
  const { space, evaluator } = cost;
  const spaces = [
    space ? spaceLine('the Space', space) : 'no Space.',
    ...(evaluator ? [spaceLine("the evaluator's Space", evaluator)] : []),
  ];
  return [...wrap(jobsLine(config, cost), 'Cost: ', INDENT), ...spaces.flatMap((line) => wrap(line, INDENT))];
}

function jobsLine({ hardware, verification }: ChallengeConfig, cost: CostEstimate): string {
  if (!hardware.jobs_enabled && verification.mode !== 'jobs') return 'no jobs.';
  const budget =
    cost.budgetUsd > 0
      ? `all jobs stop at $${cost.budgetUsd}`
      : 'no total limit is set (hardware.budget_usd)';
  return (
    `a job on ${hardware.flavor} $${round(cost.jobUsdPerHour)}/h (${SOURCE[cost.source]}), at most ` +
    `$${cost.maxUsdPerRun.toFixed(3)} per run of ${hardware.timeout_minutes} min; ${budget}.`
  );
}

/** Prices come by the minute and in binary fractions. */
const round = (usd: number): number => Number(usd.toFixed(4));

function spaceLine(name: string, { hardware, usdPerHour }: SpaceCost): string {
  if (usdPerHour === null) return `${name} on ${hardware}: the Hub names no price.`;
  if (usdPerHour === 0) return `${name} on ${hardware} is free.`;
  const monthly = Math.round(usdPerHour * HOURS_PER_MONTH);
  return `${name} on ${hardware} $${round(usdPerHour)}/h, about $${monthly} a month while it runs.`;
}

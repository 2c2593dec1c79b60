import type { HardwareOffer } from '@collab/hub/port.ts';
import type { ChallengeConfig } from '../config/types.ts';

export interface CostEstimate {
  /** US dollars per hour of the jobs' hardware, and where the price is from. */
  jobUsdPerHour: number;
  source: 'hub' | 'challenge.yaml';
  /** Most that one run can cost: price times time limit. */
  maxUsdPerRun: number;
  /** All jobs together stop there; 0 = no limit set. */
  budgetUsd: number;
  /** Of the Space's hardware. */
  spaceUsdPerHour: number;
}

/** What running the challenge costs, from the Hub's live price list; its own list covers a flavor the Hub does not name. */
export function estimateCost(config: ChallengeConfig, offers: HardwareOffer[]): CostEstimate {
  const { flavor, usd_per_hour, timeout_minutes, budget_usd } = config.hardware;
  const offer = offers.find((candidate) => candidate.name === flavor);
  const jobUsdPerHour = offer?.usdPerHour ?? usd_per_hour;
  return {
    jobUsdPerHour,
    source: offer ? 'hub' : 'challenge.yaml',
    maxUsdPerRun: (jobUsdPerHour * timeout_minutes) / 60,
    budgetUsd: budget_usd,
    spaceUsdPerHour: 0,
  };
}

export function costLines(config: ChallengeConfig, cost: CostEstimate): string[] {
  const { flavor, timeout_minutes } = config.hardware;
  if (!config.hardware.jobs_enabled && config.verification.mode !== 'jobs')
    return ['Cost: no jobs; the Space runs on free hardware (cpu-basic).'];
  const budget =
    cost.budgetUsd > 0
      ? `all jobs stop at $${cost.budgetUsd}`
      : 'no total limit is set (hardware.budget_usd)';
  return [
    `Cost: a job on ${flavor} $${cost.jobUsdPerHour}/h (price of the ${cost.source}), at most ` +
      `$${cost.maxUsdPerRun.toFixed(3)} per run of ${timeout_minutes} min; ${budget}.`,
    'The Space runs on free hardware (cpu-basic).',
  ];
}

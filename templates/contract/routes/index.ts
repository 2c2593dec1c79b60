/** Every route of the server, in the order `GET /v1` lists them. */
import type { AnyRoute } from '../route.ts';
import { agentRoutes } from './agents.ts';
import { digestRoutes } from './digest.ts';
import { evaluatorRoutes } from './evaluator.ts';
import { fileRoutes } from './files.ts';
import { jobRoutes } from './jobs.ts';
import { leaderboardRoutes } from './leaderboard.ts';
import { logRoutes } from './logs.ts';
import { messageRoutes } from './messages.ts';
import { metaRoutes } from './meta.ts';
import { resultRoutes } from './results.ts';
import { reviewRoutes } from './reviews.ts';
import { syncRoutes } from './sync.ts';
import { taskforceRoutes } from './taskforces.ts';
import { traceRoutes } from './traces.ts';
import { verdictRoutes } from './verdicts.ts';

export const ROUTES = {
  ...metaRoutes,
  ...agentRoutes,
  ...messageRoutes,
  ...resultRoutes,
  ...verdictRoutes,
  ...reviewRoutes,
  ...logRoutes,
  ...leaderboardRoutes,
  ...digestRoutes,
  ...syncRoutes,
  ...taskforceRoutes,
  ...traceRoutes,
  ...fileRoutes,
  ...jobRoutes,
  ...evaluatorRoutes,
};

export const allRoutes: readonly AnyRoute[] = Object.values(ROUTES);

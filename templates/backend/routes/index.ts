/** Every route module of the server. */
import type { RouteModule } from '../http/handle.ts';
import { routes as agents } from './agents.ts';
import { routes as digest } from './digest.ts';
import { routes as evaluator } from './evaluator.ts';
import { routes as files } from './files.ts';
import { routes as jobs } from './jobs.ts';
import { routes as leaderboard } from './leaderboard.ts';
import { routes as logs } from './logs.ts';
import { routes as messages } from './messages.ts';
import { routes as meta } from './meta.ts';
import { routes as registration } from './registration.ts';
import { routes as results } from './results.ts';
import { routes as reviews } from './reviews.ts';
import { routes as sync } from './sync.ts';
import { routes as taskforceWrites } from './taskforce-writes.ts';
import { routes as taskforces } from './taskforces.ts';
import { routes as traces } from './traces.ts';
import { routes as verdicts } from './verdicts.ts';

export const routeModules: RouteModule[] = [
  meta,
  registration,
  agents,
  messages,
  results,
  verdicts,
  reviews,
  logs,
  leaderboard,
  digest,
  sync,
  taskforces,
  taskforceWrites,
  traces,
  files,
  jobs,
  evaluator,
];

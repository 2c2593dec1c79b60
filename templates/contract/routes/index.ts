/** Every route of the server, in the order `GET /v1` lists them. */
import type { AnyRoute } from '../route.ts';
import { agentRoutes } from './agents.ts';
import { messageRoutes } from './messages.ts';
import { metaRoutes } from './meta.ts';

export const ROUTES = { ...metaRoutes, ...agentRoutes, ...messageRoutes };

export const allRoutes: readonly AnyRoute[] = Object.values(ROUTES);

/** Every route module of the server. */
import type { RouteModule } from '../http/handle.ts';
import { routes as agents } from './agents.ts';
import { routes as messages } from './messages.ts';
import { routes as meta } from './meta.ts';

export const routeModules: RouteModule[] = [meta, agents, messages];

/** Every route module of the server. */
import type { RouteModule } from '../http/handle.ts';

export const routeModules: RouteModule[] = [];

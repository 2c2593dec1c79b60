/** The server as a value: everything outside is a parameter. */
import { setMaxListeners } from 'node:events';
import { createAudit } from './audit.ts';
import { createAuth } from './auth/auth.ts';
import { createKeys } from './auth/keys.ts';
import { createRoles } from './auth/roles.ts';
import { createSessions } from './auth/sessions.ts';
import { createWhoami } from './auth/whoami.ts';
import type { Deps } from './deps.ts';
import { createHttp } from './http/app.ts';
import { createLimits } from './limits.ts';
import { profileOf } from './profile.ts';
import { routeModules } from './routes/index.ts';
import type { Services } from './services.ts';
import { gatedHub } from './store/gated-hub.ts';
import { createSources } from './store/source.ts';
import { createStore } from './store/store.ts';
import { createEvaluation } from './verify/evaluation.ts';

export interface Server {
  /** Answers requests; Hono's `request()` for tests in process. */
  app: ReturnType<typeof createHttp>;
  services: Services;
  /** Loads the record and keeps it fresh. Resolves when the server has stopped. */
  run(): Promise<void>;
  /** Finishes what was accepted: the queue of writes, the audit log. */
  stop(): Promise<void>;
}

export function createApp(outside: Deps): Server {
  const { settings, now } = outside;
  let serving = false;
  const hub = outside.budget
    ? gatedHub(outside.hub, outside.budget, settings.CENTRAL_BUCKET, now, () => serving)
    : outside.hub;
  const deps = { ...outside, hub };
  const stop = new AbortController();
  const ending = new AbortController();
  // One listener per job that is followed and per sleeper.
  setMaxListeners(0, stop.signal, ending.signal);
  const store = createStore(deps, ending.signal);
  const keys = createKeys(store.private, deps.random, now);
  const roles = createRoles(hub, settings.ORG, settings.ORG_ROLES_TTL_S * 1000, now);
  const whoami = createWhoami(hub, settings.ORG, deps, roles.sawMember);
  const tasks: (() => Promise<void>)[] = [];
  const core: Omit<Services, 'evaluation'> = {
    ...deps,
    profile: profileOf(settings),
    store,
    keys,
    sessions: createSessions(deps.random, now),
    auth: createAuth({ hub, settings, store, keys, whoami, roles }),
    limits: createLimits(settings, now),
    audit: createAudit({ files: store.private, now, sleep: deps.sleep, signal: stop.signal, log: deps.log }),
    sources: createSources(hub, settings),
    signal: stop.signal,
    onReady: (task) => tasks.push(task),
  };
  const services: Services = { ...core, evaluation: createEvaluation(core) };
  services.onReady(() => services.evaluation.run());
  const app = createHttp(
    services,
    routeModules.flatMap((module) => module(services)),
  );
  return {
    app,
    services,
    run: () =>
      store.run(() => {
        serving = true;
        begin(tasks, deps);
      }),
    async stop() {
      stop.abort();
      await store.close();
      ending.abort();
      await services.audit.flush();
    },
  };
}

function begin(tasks: (() => Promise<void>)[], { log }: Deps): void {
  for (const task of tasks) task().catch((error: unknown) => log('error', 'background_failed', { error }));
}

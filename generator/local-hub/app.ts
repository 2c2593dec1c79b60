import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { HubContext } from './context.ts';
import { HubFault } from './faults.ts';
import type { HubEnv, HubRequest } from './http.ts';
import { principalOf } from './identity/principal.ts';
import { isLoopback } from './loopback.ts';
import { RateLimits, WINDOW_S } from './rate-limits.ts';
import { absentRoutes, unknownRoute } from './routes/absent.ts';
import { bucketFileRoutes } from './routes/bucket-files.ts';
import { bucketRoutes } from './routes/buckets.ts';
import { casRoutes } from './routes/cas.ts';
import { identityRoutes } from './routes/identity.ts';
import { jobRoutes } from './routes/jobs.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { repoRoutes } from './routes/repos.ts';
import { resolveRoutes } from './routes/resolve.ts';
import { spaceFileRoutes, spaceResolveRoutes } from './routes/space-files.ts';
import { spaceRoutes } from './routes/spaces.ts';

/** The HTTP interface of the embedded hub over its stores and runners. */
export function createLocalHub(hub: HubContext): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => answerError(unknownRoute(c), c));
  app.use('*', async (c, next) => {
    c.set('hub', hub);
    c.set('who', null);
    c.header('X-Request-Id', randomUUID());
    await next();
  });
  app.use('*', knownHost(hub));
  app.route('/_cas', casRoutes());
  const limits = new RateLimits();
  app.use('/api/*', identify(hub), countCall(hub, limits));
  app.use('/buckets/*', identify(hub), countCall(hub, limits));
  app.use('/spaces/*', identify(hub), countCall(hub, limits));
  app.route('/', absentRoutes());
  app.route('/api', identityRoutes());
  app.route('/api/buckets', bucketRoutes());
  app.route('/api/buckets', bucketFileRoutes());
  app.route('/api/repos', repoRoutes());
  app.route('/api/spaces', spaceRoutes());
  app.route('/api/spaces', spaceFileRoutes());
  app.route('/api/jobs', jobRoutes());
  app.post('/api/validate-yaml', (c) => c.json({ errors: [], warnings: [] }));
  app.route('/', oauthRoutes());
  app.route('/', resolveRoutes());
  app.route('/spaces', spaceResolveRoutes());
  return app;
}

/**
 * A hub on loopback answers to loopback names only: a web page whose name was rebound to 127.0.0.1 gets nothing.
 */
function knownHost(hub: HubContext): MiddlewareHandler<HubEnv> {
  return async (c, next) => {
    const { hostname } = new URL(c.req.url);
    if (isLoopback(hub.options.host) && !isLoopback(hostname))
      throw new HubFault(403, `This hub is not ${hostname}: use --host to serve other machines`);
    await next();
  };
}

function identify(hub: HubContext): MiddlewareHandler<HubEnv> {
  return async (c, next) => {
    c.set('who', principalOf(hub.db, c.req.header('authorization'), hub.options.now()));
    await next();
  };
}

function countCall(hub: HubContext, limits: RateLimits): MiddlewareHandler<HubEnv> {
  return async (c, next) => {
    const { enforceLimits, now } = hub.options;
    const { kind, quota, remaining, resetS } = limits.count(hub.db, c.var.who, c.req.path, now());
    // Clients spare calls when few are left: what is not enforced never runs out.
    const left = enforceLimits ? Math.max(0, remaining) : quota;
    c.header('RateLimit', `"${kind}";r=${left};t=${resetS}`);
    c.header('RateLimit-Policy', `"fixed window";"${kind}";q=${quota};w=${WINDOW_S}`);
    if (enforceLimits && remaining < 0) {
      c.header('Retry-After', String(resetS));
      throw new HubFault(429, 'You have reached the rate limit of your plan');
    }
    await next();
  };
}

function answerError(error: Error, c: HubRequest): Response {
  const fault = asFault(error);
  if (fault.status === 500) process.stderr.write(`${c.req.method} ${c.req.path}: ${error.stack}\n`);
  if (fault.code) c.header('X-Error-Code', fault.code);
  c.header('X-Error-Message', fault.message.replace(/[^\x20-\x7e]/g, '?'));
  return c.json({ error: fault.message, ...fault.extra }, fault.status as ContentfulStatusCode);
}

function asFault(error: Error): HubFault {
  if (error instanceof HubFault) return error;
  if (error instanceof HTTPException) return new HubFault(error.status, error.message);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new HubFault(507, 'The disk of the hub is full');
  return new HubFault(500, 'Internal error of the hub');
}

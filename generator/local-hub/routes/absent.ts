import { Hono } from 'hono';
import { HubFault, repoNotFound } from '../faults.ts';
import type { HubEnv } from '../http.ts';

/** Parts of the Hub that real clients may ask for and that are not here. */
const ABSENT: [path: string, what: string][] = [
  ['/scheduled-jobs/*', 'scheduled jobs'],
  ['/jobs/:ns/:id/metrics', 'metrics of jobs'],
  ['/jobs/:ns/:id/events', 'events of jobs'],
  ['/jobs/:ns/:id/expose', 'exposed ports of jobs'],
  ['/spaces/:ns/:name/metrics', 'metrics of Spaces'],
  ['/spaces/:ns/:name/events', 'events of Spaces'],
  ['/spaces/:ns/:name/replicas', 'replicas of Spaces'],
  ['/spaces/:ns/:name/dev-mode', 'dev mode of Spaces'],
  ['/collections/*', 'collections'],
  ['/collections', 'collections'],
  ['/settings/webhooks/*', 'webhooks'],
  ['/settings/webhooks', 'webhooks'],
];

/** A sentence and 501 for what is absent; models and datasets there are none of. */
export function absentRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  for (const [path, what] of ABSENT)
    app.all(path, () => {
      throw new HubFault(501, `The embedded hub has no ${what}`);
    });
  for (const kind of ['models', 'datasets'])
    app.all(`/${kind}/:ns/:name{.+}`, () => {
      throw repoNotFound('The embedded hub has Spaces and buckets only');
    });
  return app;
}

import { Hono } from 'hono';
import { absent, type HubFault, notFound, repoNotFound } from '../faults.ts';
import type { HubEnv, HubRequest } from '../http.ts';

/** Parts of the Hub that real clients may ask for and that are not here. */
const ABSENT: [path: string, what: string][] = [
  ['/api/scheduled-jobs/*', 'scheduled jobs'],
  ['/api/jobs/:ns/:id/metrics', 'metrics of jobs'],
  ['/api/jobs/:ns/:id/events', 'events of jobs'],
  ['/api/jobs/:ns/:id/expose', 'exposed ports of jobs'],
  ['/api/spaces/semantic-search', 'semantic search of Spaces'],
  ['/api/spaces/templates', 'templates of Spaces'],
  ['/api/spaces/zero-gpu/quota', 'ZeroGPU'],
  ['/api/spaces/:ns/:name/metrics', 'metrics of Spaces'],
  ['/api/spaces/:ns/:name/events', 'events of Spaces'],
  ['/api/spaces/:ns/:name/replicas', 'replicas of Spaces'],
  ['/api/spaces/:ns/:name/dev-mode', 'dev mode of Spaces'],
  ['/api/spaces/:ns/:name/jwt', 'tokens for private Spaces'],
  ['/api/spaces/:ns/:name/duplicate', 'copies of whole Spaces'],
  ['/api/spaces/:ns/:name/branch/*', 'branches: every Space has main alone'],
  ['/api/spaces/:ns/:name/tag/*', 'tags'],
  ['/api/spaces/:ns/:name/refs', 'list of branches and tags: every Space has main alone'],
  ['/api/spaces/:ns/:name/commits/*', 'history: the newest commit alone is kept'],
  ['/api/spaces/:ns/:name/super-squash/*', 'history: the newest commit alone is kept'],
  ['/api/spaces/:ns/:name/lfs-files/*', 'large-file storage'],
  ['/spaces/:ns/:name/info/*', 'git: files go up and down by the hf command and the client libraries'],
  ['/api/spaces/:ns/:name/discussions/*', 'discussions and pull requests'],
  ['/api/models', 'models'],
  ['/api/datasets', 'datasets'],
  ['/api/collections/*', 'collections'],
  ['/api/settings/webhooks/*', 'webhooks'],
  ['/api/settings/repositories', 'list of repositories: list buckets and Spaces'],
  ['/api/organizations/:org/settings/repositories', 'list of repositories: list buckets and Spaces'],
  ['/oauth/device', 'login by device code: log in with a token'],
];

/** A sentence and 501 for what is absent; of models and datasets there are none. */
export function absentRoutes(): Hono<HubEnv> {
  const app = new Hono<HubEnv>();
  for (const [path, what] of ABSENT)
    app.all(path, () => {
      throw absent(what);
    });
  for (const kind of ['models', 'datasets'])
    app.all(`/api/${kind}/*`, () => {
      throw noModels();
    });
  return app;
}

/** Of a request that no route takes. Files of models and datasets are read below their plain names. */
export function unknownRoute(c: HubRequest): HubFault {
  const { method, path } = c.req;
  if (path.includes('/resolve/') || path.includes('/raw/')) return noModels();
  // The `hf` command asks for it on its own and does without it.
  if (path === '/api/agent-harnesses') return notFound('Not Found');
  return /^\/(api|oauth)\//.test(path) ? absent(`${method} ${path}`) : notFound('Not Found');
}

const noModels = () => repoNotFound('The embedded hub has Spaces and buckets only');

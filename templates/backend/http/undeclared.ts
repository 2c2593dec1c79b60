/** What no declared route answers: the page's files, the client, the login, and methods that a path does not have. */
import { ApiError } from '@collab/contract/errors.ts';
import { type Context, Hono } from 'hono';
import type { Services } from '../services.ts';
import { HEADERS, respond } from './answer.ts';
import { NO_SUCH_ROUTE } from './compat.ts';
import { type Exchange, exchangeOf, logged } from './exchange.ts';
import { failure } from './failure.ts';
import { addLogin } from './login.ts';
import { addStatic } from './static.ts';

type Env = { Variables: { exchange: Exchange } };

/** @param methods of the declared routes, by Hono's path */
export function createUndeclared(s: Services, methods: ReadonlyMap<string, string[]>): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const exchange = exchangeOf(s, c);
    c.set('exchange', exchange);
    await next();
    for (const [name, value] of Object.entries(HEADERS))
      if (!c.res.headers.has(name)) c.res.headers.set(name, value);
    c.res.headers.set('X-Request-Id', exchange.id);
    logged(s, exchange, c.res);
  });
  const refuse = (c: Context<Env>, error: unknown, headers = {}) => {
    const exchange = c.get('exchange');
    const refused = failure(s, exchange, error);
    return respond(c, { ...refused, headers: { ...refused.headers, ...headers } }, exchange.id);
  };
  for (const [path, allowed] of methods)
    app.all(path, (c) => {
      const message = `${c.req.method} is not served here; ${allowed.join(', ')} is`;
      return refuse(c, new ApiError('METHOD_NOT_ALLOWED', message), { Allow: allowed.join(', ') });
    });
  addLogin(app, s);
  addStatic(app, s.staticDir);
  app.onError((error, c) => refuse(c, error));
  app.notFound((c) => refuse(c, new ApiError('NOT_FOUND', NO_SUCH_ROUTE, { hint: 'GET /v1 lists them' })));
  return app;
}

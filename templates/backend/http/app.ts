/** The HTTP edge: every declared route bound to its code, one shape of error, one log line per request. */
import { ApiError } from '@collab/contract/errors.ts';
import { type Context, Hono } from 'hono';
import { networkOf } from '../limits.ts';
import type { Services } from '../services.ts';
import { type Answer, respond } from './answer.ts';
import { andThen, type Exchange, exchangeOf, logged } from './exchange.ts';
import { failure } from './failure.ts';
import type { Binding } from './handle.ts';
import { KEPT, KeptAnswers } from './kept.ts';
import { addressOf } from './request.ts';
import { server } from './serve.ts';
import { createUndeclared } from './undeclared.ts';
import { UnderWay, type Wire } from './under-way.ts';

type Answering = (exchange: Exchange) => Answer | Promise<Answer>;

/** One handler for each path and nothing before it: Hono then calls it without a chain of promises. */
export function createHttp(s: Services, bindings: Binding[]): Hono {
  const app = new Hono();
  const answering = answers(s);
  const send = sender(s);
  const declared = byPath(bindings);
  for (const [path, own] of declared) {
    if (s.profile.compat) app.all(`${path}/`, withoutSlash);
    const methods = new Map(own.map((binding) => [binding.route.method as string, answering(binding)]));
    app.all(path, (c, next) => {
      const { method } = c.req;
      const answer = methods.get(method === 'HEAD' ? 'GET' : method);
      if (answer === undefined) return next();
      const exchange = exchangeOf(s, c);
      return andThen(answer(exchange), (made) => send(exchange, made));
    });
  }
  const methods = [...declared].map(([path, own]) => [path, own.map(({ route }) => route.method)] as const);
  const undeclared = createUndeclared(s, new Map(methods));
  app.notFound((c) => undeclared.fetch(c.req.raw, c.env));
  app.onError((error, c) => {
    const exchange = exchangeOf(s, c);
    return send(exchange, failure(s, exchange, error));
  });
  return app;
}

/** What answers a binding: anew, or, for what may be kept, with what is there. */
function answers(s: Services): (binding: Binding) => Answering {
  const serve = server(s);
  const kept = new KeptAnswers(() => `${s.store.version} ${s.evaluation.standings.version}`, s.now);
  return (binding) => {
    const make = (exchange: Exchange) => serve(binding, exchange);
    if (!KEPT.has(binding.route.name) || s.settings.LISTING_TTL_S === 0) return make;
    return (exchange) => {
      const { url } = exchange.c.req;
      return kept.find(url) ?? kept.make(url, () => make(exchange));
    };
  };
}

/** Sends an answer, unless too much is on its way to its asker already. */
function sender(s: Services): (exchange: Exchange, answer: Answer) => Response | Promise<Response> {
  const underWay = new UnderWay();
  const sendable = (exchange: Exchange, answer: Answer): Answer => {
    const { c } = exchange;
    const from = () => networkOf(addressOf(c, s.settings.TRUSTED_PROXY_HOPS, s.peer?.(c.env)));
    if (underWay.admit(from, answer.bytes, c.env as Wire)) return answer;
    const message = 'too much is on its way to you that you have not read';
    return failure(s, exchange, new ApiError('RATE_LIMITED', message, { retryAfterS: 5 }));
  };
  return (exchange, answer) =>
    andThen(respond(exchange.c, sendable(exchange, answer), exchange.id), (sent) =>
      logged(s, exchange, sent),
    );
}

/** The reference's framework sends whoever adds a slash to the address without it. */
function withoutSlash(c: Context): Response {
  const to = new URL(c.req.url);
  to.pathname = to.pathname.slice(0, -1);
  return c.redirect(`${to.pathname}${to.search}`, 307);
}

/** `{x}` → `:x`, `{x*}` → the rest. */
const honoPath = (path: string) =>
  path
    .replace(/\{(\w+)\}(:\w+)/g, ':$1{[^/]+$2}')
    .replace(/\{(\w+)\*\}/g, ':$1{.+}')
    .replace(/\{(\w+)\}/g, ':$1');

function byPath(bindings: Binding[]): Map<string, Binding[]> {
  const out = new Map<string, Binding[]>();
  for (const binding of bindings) {
    const path = honoPath(binding.route.path);
    out.set(path, [...(out.get(path) ?? []), binding]);
  }
  return out;
}
